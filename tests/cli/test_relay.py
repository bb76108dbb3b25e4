"""The command `handstream relay`: what it refuses, and that bytes pass while it runs."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time

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
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        target = f"127.0.0.1:{server.getsockname()[1]}"
        arguments = [sys.executable, "-c", command, "--profile", "lan", "--target", target, "--port", str(port)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
            with _connected(port) as client:
                accepted, _ = server.accept()
                client.sendall(b"through")
                assert accepted.recv(7) == b"through"
                accepted.close()
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert f"lan before {target}: open http://127.0.0.1:{port}" in output


def _connected(port: int) -> socket.socket:
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            time.sleep(0.02)
