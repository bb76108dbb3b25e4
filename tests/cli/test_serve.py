"""`handstream serve` as a user runs it: a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from typer.testing import CliRunner
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from handstream.cli.app import app
from handstream.server.settings import ServerSettings
from tests.server.serving import WAIT_S, jpeg, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-c", "from handstream.cli import main; main()", "serve"]


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command's process and the address that it printed, once it takes sessions."""
    process = subprocess.Popen([*COMMAND, "--port", "0", *options], stderr=subprocess.PIPE, text=True, env=os.environ | {"COLUMNS": "200"})
    try:
        assert process.stderr is not None
        output = ""
        while not (address := re.search(r"Open (https?://\S+)", output)):
            line = process.stderr.readline()
            assert line, output
            output += line
        yield process, address[1]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop(stop: signal.Signals) -> None:
    with started() as (process, address):
        assert httpx.get(f"{address}/readyz").status_code == 200
        with connect(address.replace("http", "ws") + "/ws/video", compression=None) as websocket:
            websocket.send(jpeg(width_px=320, height_px=240))
            assert '"hands"' in str(websocket.recv(WAIT_S))
            process.send_signal(stop)
            with pytest.raises(ConnectionClosed) as closed:
                websocket.recv(WAIT_S)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
        assert process.wait(WAIT_S) in (0, -stop), "0, or ended by the very signal"


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_an_ipv6_address_is_printed_as_a_browser_takes_it() -> None:
    with started("--host", "::1") as (_, address):
        assert address.startswith("http://[::1]:")
        assert httpx.get(f"{address}/readyz").status_code == 200


def test_it_does_not_open_itself_to_others_by_oversight() -> None:
    code, output = run("--host", "0.0.0.0", "--port", "0")
    assert code == 1
    assert "--token auto" in output
    assert "--allow-anyone" in output
    assert "Traceback" not in output


def test_a_made_token_is_printed_where_only_the_page_sees_it() -> None:
    with started("--token", "auto") as (_, address):
        url, _, token = address.partition("/#token=")
        assert len(token) >= 16
        assert httpx.get(f"{url}/access").status_code == 401
        assert httpx.get(f"{url}/access", headers={"Authorization": f"Bearer {token}"}).status_code == 204


def test_a_token_that_was_given_is_not_printed_into_a_file() -> None:
    with started("--token", "a-token-that-nobody-guesses") as (_, address):
        assert address.count("/") == 2


def test_a_made_token_is_not_logged() -> None:
    code, output = run("--token", "auto", "--log-format", "json")
    assert code == 1
    assert "HANDSTREAM_TOKEN" in output


def test_https_for_a_phone_prints_an_address_that_it_can_reach() -> None:
    with started("--host", "0.0.0.0", "--https", "--token", "auto") as (_, address):
        url = address.partition("/#")[0]
        assert url.startswith("https://")
        assert "//0.0.0.0" not in url
        assert httpx.get(f"{url}/readyz", verify=False).status_code == 200


def test_reloading_serves_too() -> None:
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--reload", "--jpeg-quality", "77"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    try:
        assert process.stderr is not None
        address = re.search(r"http://\S+", process.stderr.readline())
        assert address is not None
        until(lambda: httpx.get(f"{address[0]}/readyz", timeout=WAIT_S).status_code == 200)
        with connect(address[0].replace("http", "ws") + "/ws/video", subprotocols=[Subprotocol("handstream.v1")]) as websocket:
            websocket.send('{"type": "hello"}')
            assert '"jpeg_quality":77' in str(websocket.recv(WAIT_S))
    finally:
        process.terminate()
        process.communicate()


def test_a_log_for_programs_is_json_from_the_first_line_to_the_last() -> None:
    process = subprocess.Popen([*COMMAND, "--port", "0", "--log-format", "json"], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        events = [json.loads(process.stderr.readline())]
        while events[-1]["event"] != "ready":
            events.append(json.loads(process.stderr.readline()))
        assert events[0]["event"] == "listening"
        with connect(events[0]["url"].replace("http", "ws") + "/ws/video", compression=None) as websocket:
            websocket.send(jpeg())
            websocket.recv(WAIT_S)
        process.send_signal(signal.SIGINT)
        events += [json.loads(line) for line in process.stderr]
    finally:
        process.kill()
        process.communicate()
    assert [event["event"] for event in events[-2:]] == ["session began", "session ended"]


def run(*options: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [*COMMAND, *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"COLUMNS": "400", "TERM": "dumb"} | environment,
    )
    return done.returncode, done.stderr


def test_an_occupied_port_ends_the_command_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        code, output = run("--port", port)
    assert code == 1
    assert f"port {port}: another program listens there" in output
    assert "Traceback" not in output


def test_models_that_are_not_there_end_the_command_with_what_to_do(tmp_path: Path) -> None:
    code, output = run("--port", "0", "--models", str(tmp_path))
    assert code == 1
    assert str(tmp_path) in output.replace("\n", "")
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("options", "environment", "told"),
    [
        (["--jpeg-quality", "101"], {}, "--jpeg-quality"),
        (["--engine", "magic"], {}, "--engine"),
        ([], {"HANDSTREAM_PORT": "http"}, "HANDSTREAM_PORT"),
        (["--min-detection-confidence", "2"], {}, "--min-detection-confidence"),
    ],
)
def test_an_option_out_of_range_is_named(options: list[str], environment: dict[str, str], told: str) -> None:
    code, output = run(*options, **environment)
    assert code == 2
    assert told in output


def test_every_setting_is_an_option_with_help_default_and_variable() -> None:
    help_text = " ".join(CliRunner().invoke(app, ["serve", "--help"], env={"COLUMNS": "400", "TERM": "dumb"}).stdout.split())
    for name, field in ServerSettings.model_fields.items():
        assert f"--{name.replace('_', '-')} " in help_text
        assert f"HANDSTREAM_{name.upper()}" in help_text
        assert field.description is not None
        assert field.description in help_text
        if field.default is not None and field.annotation is not bool:
            assert f"default: {getattr(field.default, 'value', field.default)}" in help_text
