"""A session whose connection is lost is resumed on another one, and nobody else's ever is."""

from __future__ import annotations

import json
import socket
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed

from handstream.frames import Frame
from handstream.protocol import wire
from tests.server.fake_engine import FakeEngine
from tests.server.serving import WAIT_S, Serving, jpeg, serving, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.client import ClientConnection

    from handstream.frames import FrameResult


@contextmanager
def joined(server: Serving, **hello: Any) -> Iterator[tuple[ClientConnection, Any]]:
    """A connection that has said hello, and its welcome."""
    with server.v1(hello=None) as websocket:
        websocket.send(json.dumps({"type": "hello", **hello}))
        yield websocket, json.loads(websocket.recv(WAIT_S))


def cut(websocket: ClientConnection) -> None:
    """Resets the connection: no goodbye is said."""
    websocket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    websocket.socket.close()


def track(websocket: ClientConnection, frame_id: int) -> FrameResult:
    websocket.send(wire.encode_frame(Frame(frame_id, jpeg())))
    message = websocket.recv(WAIT_S)
    assert isinstance(message, bytes), message
    return wire.decode_result(message)


def lose_a_session(server: Serving, **hello: Any) -> Any:
    """The welcome of a session that has tracked frame 7 and lost its connection."""
    with joined(server, **hello) as (websocket, welcome):
        track(websocket, 7)
        cut(websocket)
    until(lambda: server.sessions().open == 0)
    return welcome


def test_a_lost_session_comes_back_as_it_was() -> None:
    engine = FakeEngine()
    with serving(lambda: engine) as server:
        lost = lose_a_session(server, settings={"output": "both", "max_hands": 1})
        with joined(server, resume=lost["resume_token"], settings={"jpeg_quality": 30}) as (websocket, welcome):
            assert (welcome["resumed"], welcome["last_frame_id"]) == (True, 7)
            assert welcome["session_id"] == lost["session_id"]
            assert welcome["settings"] == lost["settings"] | {"jpeg_quality": 30}
            assert welcome["resume_token"] != lost["resume_token"]
            assert [hand.hand_id for hand in track(websocket, 8).hands] == [0], "the same tracker knows the same hand"
            websocket.send(wire.encode_frame(Frame(8, jpeg())))
            assert json.loads(websocket.recv(WAIT_S))["error"]["code"] == "bad_frame_id"
        until(lambda: server.executor_statistics().lanes == 0)
    assert len(engine.trackers) == 2, "the session's, and the warm-up's"


def test_frames_may_follow_the_hello_at_once() -> None:
    with serving() as server:
        lost = lose_a_session(server)
        with server.v1(hello=None) as websocket:
            websocket.send(json.dumps({"type": "hello", "resume": lost["resume_token"]}))
            websocket.send(wire.encode_frame(Frame(8, jpeg())))
            assert json.loads(websocket.recv(WAIT_S))["resumed"]
            assert wire.decode_result(bytes(websocket.recv(WAIT_S, decode=False))).frame_id == 8


def test_every_token_that_names_nothing_gets_the_same_answer() -> None:
    with serving() as server:
        lost = lose_a_session(server)
        with joined(server) as (websocket, ended):
            websocket.close()
        with joined(server, resume=lost["resume_token"]) as (_, resumed):
            assert resumed["resumed"]
        for token in (lost["resume_token"], ended["resume_token"], "", "x" * 256):
            with joined(server, resume=token) as (websocket, welcome):
                assert (welcome["resumed"], welcome["reason"], welcome["last_frame_id"]) == (False, "cannot_resume", None)
                assert welcome["session_id"] not in {lost["session_id"], ended["session_id"]}
                assert track(websocket, 0).frame_id == 0, "the fresh session goes on"


def test_a_connection_that_breaks_before_its_welcome_arrives_costs_no_session() -> None:
    with serving() as server:
        lost = lose_a_session(server, features=["ack"])
        with server.v1(hello=None) as websocket:
            websocket.send(json.dumps({"type": "hello", "resume": lost["resume_token"], "features": ["ack"]}))
            until(lambda: server.sessions().resumed == 1)
            cut(websocket)
        with joined(server, resume=lost["resume_token"], features=["ack"]) as (websocket, welcome):
            assert (welcome["resumed"], welcome["session_id"]) == (True, lost["session_id"])
            track(websocket, 8)
            websocket.send('{"type":"ack","frame_id":8}')
            track(websocket, 9)  # so that the server has read it
            with joined(server, resume=lost["resume_token"]) as (_, replayed):
                assert not replayed["resumed"], "who has seen the old token cannot replay it"
            track(websocket, 10)


def test_a_hello_that_cannot_be_used_uses_no_token_up() -> None:
    with serving() as server:
        lost = lose_a_session(server)
        with joined(server, resume=lost["resume_token"], settings={"max_hands": 99}) as (_, refused):
            assert refused["error"]["code"] == "bad_settings"
        with joined(server, resume=lost["resume_token"]) as (_, welcome):
            assert welcome["resumed"]


def test_a_parked_session_expires_by_itself() -> None:
    engine = FakeEngine()
    with serving(lambda: engine, resume_within_s=0.2) as server:
        lost = lose_a_session(server)
        until(lambda: server.executor_statistics().lanes == 0)
        until(lambda: engine.open_trackers == 0)
        with joined(server, resume=lost["resume_token"]) as (_, welcome):
            assert not welcome["resumed"]


def test_parked_sessions_are_bounded_and_hold_no_thread() -> None:
    with serving(max_parked_sessions=3) as server:
        for _ in range(10):
            with joined(server) as (websocket, _):
                track(websocket, 0)
                cut(websocket)
        until(lambda: server.sessions().ended.get("displaced") == 7)
        until(lambda: server.executor_statistics().lanes == 3)  # a lane ends on a thread of the executor
        assert server.executor_statistics().ready == 0
        assert server.executor_statistics().running == 0


@pytest.mark.parametrize("code", [1000, 1001])
def test_a_session_that_its_client_closes_is_over(code: int) -> None:
    with serving() as server:
        with joined(server) as (websocket, welcome):
            track(websocket, 0)
            websocket.close(code)
        until(lambda: server.executor_statistics().lanes == 0)
        with joined(server, resume=welcome["resume_token"]) as (_, fresh):
            assert not fresh["resumed"]


def test_a_connection_that_still_looks_open_is_taken_over() -> None:
    """As after a change of network: the server cannot know yet that the old connection is dead."""
    engine, may_go = FakeEngine(), threading.Event()
    with serving(lambda: engine) as server, joined(server) as (old, welcome):
        track(old, 3)
        engine.meanwhile = may_go.wait
        old.send(wire.encode_frame(Frame(4, jpeg())))
        until(server.is_processing)
        with joined(server, resume=welcome["resume_token"]) as (new, resumed):
            assert (resumed["resumed"], resumed["last_frame_id"]) == (True, 4)
            may_go.set()
            assert track(new, 5).frame_id == 5, "what the old connection's frame leads to is not sent on the new one"
            with pytest.raises(ConnectionClosed) as closed:
                old.recv(WAIT_S)
            assert track(new, 6).dropped == 1, "frame 4 is accounted for"
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4000, "taken_over")
        until(lambda: server.executor_statistics().lanes == 0)
    assert not any(tracker.clashed for tracker in engine.trackers)
