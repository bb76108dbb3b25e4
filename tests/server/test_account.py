"""Every frame is accounted for, however its session ends: one in each place where a frame can be, and what became of it in the figures."""

from __future__ import annotations

import json
import socket
import struct
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from handstream.frames import Frame
from handstream.protocol import wire
from handstream.protocol.session import Close
from handstream.protocol.v1 import V1Session
from tests.server.fake_engine import FakeEngine
from tests.server.serving import WAIT_S, Serving, jpeg, serving, until
from tests.server.test_metrics import samples, value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from websockets.sync.client import ClientConnection

    from handstream.server.figures import ServerStatistics

PROCESSED = 5
"""Of the frames of `busy`: two are answered, one cannot be decoded, one waits for its turn to be sent, and one is being processed."""


@contextmanager
def busy(server: Serving, engine: FakeEngine, may_go: threading.Event) -> Iterator[tuple[ClientConnection, str]]:
    """A session that has a frame in every place, and its token.

    Two results await their acknowledgement and a third waits behind them; one frame is processed, and goes on until it may go, and one
    waits for the same thread in place of another. Two messages failed: a picture that is none, and what is no frame.
    """
    with connect(server.video_url, subprotocols=[Subprotocol(wire.SUBPROTOCOL)], compression=None, max_size=None) as websocket:
        websocket.send('{"type": "hello", "features": ["ack"], "settings": {"output": "landmarks"}}')
        token = json.loads(websocket.recv(WAIT_S))["resume_token"]
        for frame_id, image in enumerate([jpeg(), jpeg(), jpeg(), b"no picture"]):
            websocket.send(wire.encode_frame(Frame(frame_id, image)))
            server.settle(frame_id + 1)
        websocket.send(b"no frame")
        engine.meanwhile = lambda: may_go.wait(WAIT_S)
        websocket.send(wire.encode_frame(Frame(4, jpeg())))
        until(server.is_processing)
        for frame_id in (5, 6):
            websocket.send(wire.encode_frame(Frame(frame_id, jpeg())))
        until(lambda: server.sessions().totals.frames.received == 8)
        yield websocket, token


def check(server: Serving) -> ServerStatistics:
    """Of a server that has stopped: each frame has one outcome, and the metrics say the same at last."""
    sessions: ServerStatistics = server.app.state.sessions.statistics()
    frames = sessions.totals.frames
    assert (frames.received, frames.answered, frames.failed, frames.outstanding) == (8, 2, 2, 0)
    assert frames.dropped == {"queue": 2, "send": 2}
    found = samples(server.app.state.observation.metrics.render("")[0].decode())
    assert [value(found, "frames_total", outcome=outcome) for outcome in ("answered", "failed", "dropped")] == [2, 2, 4]
    assert [value(found, "frames_dropped_total", stage=stage) for stage in ("queue", "send")] == [2, 2]
    assert value(found, "sessions", state="open") == value(found, "sessions", state="parked") == 0
    return sessions


def close(_: Serving, websocket: ClientConnection, __: str) -> None:
    websocket.close()


def go_away(_: Serving, websocket: ClientConnection, __: str) -> None:
    websocket.close(1001)


def reset(_: Serving, websocket: ClientConnection, __: str) -> None:
    websocket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    websocket.socket.close()


def send_no_websocket_frame(_: Serving, websocket: ClientConnection, __: str) -> None:
    websocket.socket.sendall(b"\xff" * 100)


def send_too_much_at_once(_: Serving, websocket: ClientConnection, __: str) -> None:
    with suppress(ConnectionClosed):
        websocket.send(bytes(5_000))


def talk_without_end(_: Serving, websocket: ClientConnection, __: str) -> None:
    with suppress(ConnectionClosed):
        for _number in range(10_000):
            websocket.send('{"type": "settings", "settings": {}}')
    with suppress(ConnectionClosed):
        while True:
            websocket.recv(WAIT_S)


def run_out_of_time(server: Serving, _: ClientConnection, __: str) -> None:
    """As the deadlines of a connection end it."""
    (video,) = server.app.state.sessions._videos
    server.loop.call_soon_threadsafe(video.connection.interrupt, Close(4002, "idle_timeout"))


def meet_a_fault(_: Serving, websocket: ClientConnection, __: str) -> None:
    websocket.send('{"type": "settings", "settings": {"max_hands": 1}}')


def resume_elsewhere(server: Serving, _: ClientConnection, token: str) -> None:
    with server.v1(json.dumps({"type": "hello", "resume": token})):
        until(lambda: server.sessions().resumed == 1)


@pytest.mark.parametrize(
    ("leave", "settings", "reason"),
    [
        (close, {}, "client_closed"),
        (go_away, {}, "going_away"),
        (reset, {"resume_within_s": 0.1}, "expired"),
        (reset, {"max_parked_sessions": 0}, "displaced"),
        (send_no_websocket_frame, {}, "closed_with_another_code"),
        (send_too_much_at_once, {"max_message_bytes": 4_096}, "message_too_large"),
        (talk_without_end, {}, "too_many_messages"),
        (run_out_of_time, {"resume_within_s": 0.1}, "expired"),
        (lambda *_: None, {"reader_timeout_s": 2, "resume_within_s": 0.1}, "expired"),
        (meet_a_fault, {}, "internal_error"),
        (resume_elsewhere, {}, "client_closed"),
    ],
)
def test_whatever_ends_a_session_each_of_its_frames_has_one_outcome(
    monkeypatch: pytest.MonkeyPatch, leave: Callable[[Serving, ClientConnection, str], None], settings: dict[str, Any], reason: str
) -> None:
    engine, may_go = FakeEngine(), threading.Event()
    with serving(lambda: engine, threads=1, **settings) as server:
        with busy(server, engine, may_go) as (websocket, token):
            if leave is meet_a_fault:
                monkeypatch.setattr(V1Session, "receive_text", lambda *_: 1 // 0)
            leave(server, websocket, token)
            until(lambda: reason in server.sessions().ended)
        may_go.set()
        server.settle(PROCESSED)
    assert check(server).ended[reason] == 1


@pytest.mark.parametrize("is_lost", [False, True])
@pytest.mark.parametrize("is_stuck", [False, True])
def test_a_server_that_stops_has_accounted_for_each_frame(is_lost: bool, is_stuck: bool) -> None:
    engine, may_go = FakeEngine(), threading.Event()
    stop_within_s = 0.5 if is_stuck else 2 * WAIT_S
    with serving(lambda: engine, threads=1, stop_within_s=stop_within_s) as server, busy(server, engine, may_go) as (websocket, token):
        if is_lost:
            reset(server, websocket, token)
            until(lambda: server.sessions().parked)
        server.stop()
        until(lambda: not server.server.server_state.connections)
        if not is_stuck:
            may_go.set()
        until(lambda: not server.loop.is_running())
    may_go.set()
    assert check(server).ended == {"going_away": 1}
