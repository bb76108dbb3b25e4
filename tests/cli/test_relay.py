"""The command `handstream relay`: what it refuses, and that bytes pass while it runs."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys

import pytest

from handstream.cli.relay import relay
from handstream.errors import HandstreamError


@pytest.mark.parametrize("target", ["8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:0", "127.0.0.1:65536", ":8000"])
def test_a_target_that_is_none_is_refused(target: str) -> None:
    with pytest.raises(HandstreamError, match="must be host:port"):
        relay(target=target)


def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(HandstreamError, match="no profile '5g'"):
        relay(profile="5g")


def test_another_machine_is_refused() -> None:
    with pytest.raises(HandstreamError, match="this machine alone"):
        relay(target="192.0.2.1:80")


def test_bytes_pass_until_ctrl_c() -> None:
    command = "import typer; from handstream.cli.relay import relay; typer.run(relay)"
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = f"127.0.0.1:{server.getsockname()[1]}"
        arguments = [sys.executable, "-c", command, "--profile", "lan", "--target", target, "--port", "0"]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            told = process.stdout.readline()
            address = re.search(rf"lan before {target}: open http://127\.0\.0\.1:(\d+)", told)
            assert address is not None, told
            with socket.create_connection(("127.0.0.1", int(address[1]))) as client:
                accepted, _ = server.accept()
                client.sendall(b"through")
                assert accepted.recv(7) == b"through"
                accepted.close()
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
    assert process.returncode == 0
