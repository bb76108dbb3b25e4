"""The log: one line an event, for people and for programs, and nothing in it that nobody should read."""

from __future__ import annotations

import base64
import io
import json
import logging
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from handstream.frames import Frame
from handstream.protocol import wire
from handstream.server.logs import configure_logs
from tests.server.fake_engine import FakeEngine
from tests.server.serving import WAIT_S, jpeg, jpeg_of_noise, serving, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handstream.server.settings import LogFormat, LogLevel


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    root.handlers.clear()
    for of_the_tests in ("websockets.client", "httpx", "httpcore"):  # they log all that they send
        logging.getLogger(of_the_tests).setLevel("WARNING")
    logging.getLogger("uvicorn.access").propagate = True  # which a server without an access log has ended for this process
    yield
    root.handlers[:], root.level = before


def log_of(level: LogLevel, log_format: LogFormat, stream: io.StringIO | None = None) -> io.StringIO:
    stream = stream or io.StringIO()
    configure_logs(level, log_format, stream)
    return stream


def test_an_event_is_one_plain_line_in_a_file() -> None:
    stream = log_of("info", "auto")
    logging.getLogger("anything").info("session %s", "ended", extra={"session": "a1b2", "reason": "client_closed", "text": "x" * 300})
    logging.getLogger("anything").debug("not this")
    (line,) = stream.getvalue().splitlines()
    assert "\x1b" not in line
    assert line.split("[info] ")[1].split() == ["session", "ended", "session=a1b2", "reason=client_closed", f"text={'x' * 300}"]


def test_a_terminal_gets_colours_unless_it_wants_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def line(log_format: LogFormat) -> str:
        stream = log_of("info", log_format, Terminal())
        logging.getLogger("anything").info("hello")
        return stream.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in line("auto")
    assert "\x1b[" not in line("text")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in line("auto")


def fail() -> None:
    raise ZeroDivisionError("a fault\nof ours")


def test_json_is_one_object_a_line_with_its_traceback_inside() -> None:
    stream = log_of("info", "json")
    try:
        fail()
    except ZeroDivisionError:
        logging.getLogger("uvicorn.error").exception("it failed", extra={"color_message": "again", "session": "a1b2"})
    (event,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (event["event"], event["level"], event["logger"], event["session"]) == ("it failed", "error", "uvicorn.error", "a1b2")
    assert "ZeroDivisionError: a fault" in event["exception"]
    assert "color_message" not in event
    assert event["timestamp"].endswith("Z")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_nobody_can_write_a_line_of_his_own(log_format: LogFormat) -> None:
    stream = log_of("info", log_format)
    forged = "harmless\n2026-01-01T00:00:00Z [info] session began\x1b[2J"
    logging.getLogger("anything").info("refused %s", forged, extra={"address": forged})
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def ended(stream: io.StringIO) -> list[dict[str, Any]]:
    return [event for event in map(json.loads, stream.getvalue().splitlines()) if event["event"] == "session ended"]


def test_a_session_ends_with_its_figures() -> None:
    stream = log_of("info", "json")
    engine = FakeEngine()
    with serving(lambda: engine, log_level="info") as server:
        with server.v1() as websocket:
            engine.delay_s = 0.01
            for frame_id in range(5):
                websocket.send(wire.encode_frame(Frame(frame_id, jpeg())))
                websocket.recv(WAIT_S)
            websocket.send(wire.encode_frame(Frame(5, b"no picture")))
            websocket.recv(WAIT_S)
        with server.plain() as websocket:
            websocket.send(b"no picture")
            websocket.recv(WAIT_S)
        until(lambda: len(ended(stream)) == 2)
    v1, plain = ended(stream)
    assert (v1["way"], v1["reason"], plain["way"]) == ("v1", "client_closed", "plain")
    counts = {name: v1[name] for name in ("received", "answered", "failed", "dropped_queue", "dropped_send")}
    assert counts == {"received": 6, "answered": 5, "failed": 1, "dropped_queue": 0, "dropped_send": 0}
    assert v1["received_bytes"] > 5 * len(jpeg())
    assert v1["sent_bytes"] > 0
    assert v1["duration_s"] > 0
    assert 10 * 0.99 <= v1["track_p50_ms"] <= v1["track_p95_ms"]
    assert v1["age_p50_ms"] >= v1["track_p50_ms"]
    assert v1["queue_p50_ms"] >= 0
    assert plain["age_p50_ms"] is None, "nothing was measured"


def test_sessions_that_send_no_frame_share_a_line() -> None:
    stream = log_of("info", "json")
    with serving(log_level="info") as server:
        for _ in range(10):
            with server.v1():
                pass
        with server.v1():
            server.cut()
            until(lambda: server.sessions().parked)
        with server.plain() as websocket:
            websocket.send(jpeg())
            websocket.recv(WAIT_S)
        until(lambda: ended(stream))
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [event["event"] for event in events[:3]] == ["sessions without a frame", "session began", "session ended"]
    assert (events[0]["reason"], events[0]["count"], events[0]["last_address"]) == ("client_closed", 1, "127.0.0.1")


def test_what_was_asked_for_is_logged_at_debug_without_its_query() -> None:
    stream = log_of("debug", "json")
    with serving(log_level="debug") as server:
        assert httpx.get(f"{server.url}/healthz?token=a-token-of-somebody").status_code == 200
        with pytest.raises(InvalidStatus), server.plain("?token=a-token-of-somebody"):
            pass
        with server.plain("?output=landmarks"):
            pass
    events = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    asked = [event.partition('"')[2] for event in events if '"' in event]
    assert asked == ['GET /healthz?... HTTP/1.1" 200', 'WebSocket /ws/video?..." 400', 'WebSocket /ws/video?..." [accepted]']
    assert "a-token-of-somebody" not in stream.getvalue()


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_not_even_at_debug_is_a_picture_a_landmark_or_a_token_logged(log_format: LogFormat) -> None:
    stream = log_of("debug", log_format)
    picture = jpeg_of_noise()
    with serving(log_level="debug", output="both") as server:
        with server.v1(None) as websocket:
            websocket.send('{"type": "hello", "settings": {"output": "both"}}')
            token = json.loads(websocket.recv(WAIT_S))["resume_token"]
            websocket.send(wire.encode_frame(Frame(0, picture)))
            websocket.recv(WAIT_S)
            server.cut()
            until(lambda: server.sessions().parked)
        with server.v1(None) as websocket:
            websocket.send(json.dumps({"type": "hello", "resume": token}))
            assert json.loads(websocket.recv(WAIT_S))["resumed"]
        with server.plain() as websocket:
            websocket.send(picture)
            answer = json.loads(websocket.recv(WAIT_S))
            websocket.send(b"not a picture at all")
            websocket.recv(WAIT_S)
        until(lambda: server.sessions().open == 0)
    log = stream.getvalue()
    assert "session ended" in log, "there is a log"
    x, y = answer["hands"][0]["landmarks"][2][:2]
    secrets = [token, answer["image"][:24], base64.b64encode(picture).decode()[:24], picture[:8].hex(" "), picture[:8].hex()]
    secrets += ["not a picture", f"{x}, {y}", f"{x},{y}"]
    assert [secret for secret in secrets if secret in log] == []
