"""A session is found whichever process accepts the connection that resumes it. The processes are servers of their own in this one."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
import sys
import threading
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from handstream.client import Answered
from handstream.client import connect as connect_client
from handstream.frames import Frame
from handstream.protocol import wire
from handstream.server.neighbours import Neighbours
from tests.server.fake_engine import FakeEngine
from tests.server.serving import WAIT_S, Serving, jpeg, jpeg_of_noise, serving, until
from tests.server.test_resumption import cut, lose_a_session, track

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from websockets.sync.client import ClientConnection

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="asyncio has no Unix sockets there")


@contextmanager
def two(folder: Path, **settings: Any) -> Iterator[tuple[Serving, Serving]]:
    """Two processes of one server."""
    with (
        serving(FakeEngine, neighbours=Neighbours(folder, 0), **settings) as first,
        serving(FakeEngine, neighbours=Neighbours(folder, 1), **settings) as second,
    ):
        yield first, second


@contextmanager
def resuming(server: Serving, token: str, **options: Any) -> Iterator[tuple[ClientConnection, Any]]:
    """A connection that resumes a session as docs/protocol.md says, and its welcome."""
    url, v1 = f"{server.video_url}?resume=true", [Subprotocol("handstream.v1")]
    with connect(url, subprotocols=v1, compression=None, close_timeout=1, **options) as websocket:
        websocket.send(json.dumps({"type": "hello", "resume": token}))
        yield websocket, json.loads(websocket.recv(WAIT_S))


def with_small_buffer(server: Serving) -> socket.socket:
    """A connection whose kernel holds little of what its client does not take."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    connection.connect(("127.0.0.1", int(server.url.rpartition(":")[2])))
    return connection


def test_a_session_goes_on_through_another_process(tmp_path: Path) -> None:
    with two(tmp_path) as (first, second):
        lost = lose_a_session(first, settings={"output": "both", "max_hands": 1})
        with resuming(second, lost["resume_token"]) as (websocket, welcome):
            assert (welcome["resumed"], welcome["last_frame_id"]) == (True, 7)
            assert welcome["session_id"] == lost["session_id"]
            assert welcome["settings"] == lost["settings"]
            assert [hand.hand_id for hand in track(websocket, 8).hands] == [0]
            assert (first.executor_statistics().lanes, second.executor_statistics().lanes) == (1, 0)
        until(lambda: first.executor_statistics().lanes == 0)


def test_it_can_be_lost_and_resumed_again_on_either(tmp_path: Path) -> None:
    with two(tmp_path) as (first, second):
        welcome = lose_a_session(first)
        for frame_id, server in enumerate((second, first, second), 8):
            with resuming(server, welcome["resume_token"]) as (websocket, welcome):
                assert welcome["resumed"]
                track(websocket, frame_id)
                cut(websocket)
            until(lambda: first.sessions().parked)


def test_a_token_of_a_process_that_has_gone_begins_a_new_session(tmp_path: Path) -> None:
    with serving(FakeEngine, neighbours=Neighbours(tmp_path, 1)) as second:
        with serving(FakeEngine, neighbours=Neighbours(tmp_path, 0)) as first:
            lost = lose_a_session(first)
        with resuming(second, lost["resume_token"]) as (websocket, welcome):
            assert (welcome["resumed"], welcome["reason"]) == (False, "cannot_resume")
            track(websocket, 8)


def test_a_token_of_a_process_that_has_no_engine_yet_begins_a_new_session(tmp_path: Path) -> None:
    """As after a crash: the one that took the place of the process that issued the token still loads its models."""
    may_load = threading.Event()

    def load() -> FakeEngine:
        assert may_load.wait(WAIT_S)
        return FakeEngine()

    with (
        serving(FakeEngine, neighbours=Neighbours(tmp_path, 0)) as first,
        serving(load, neighbours=Neighbours(tmp_path, 1), wait=False),
    ):
        try:
            with resuming(first, "1.lost") as (websocket, welcome):
                assert (welcome["resumed"], welcome["reason"]) == (False, "cannot_resume")
                track(websocket, 8)
        finally:
            may_load.set()


@pytest.mark.parametrize("token", ["1.wrong", "7.", "..", "-1.x", "²².x", "99999999999.x", "no number"])
def test_a_token_that_names_nothing_begins_a_new_session(token: str, tmp_path: Path) -> None:
    with two(tmp_path) as (first, _), resuming(first, token) as (websocket, welcome):
        assert (welcome["resumed"], welcome["reason"]) == (False, "cannot_resume")
        track(websocket, 0)


def test_a_process_that_ends_tells_the_clients_that_came_through_another(tmp_path: Path) -> None:
    with ExitStack() as stack:
        second = stack.enter_context(serving(FakeEngine, neighbours=Neighbours(tmp_path, 1)))
        with serving(FakeEngine, neighbours=Neighbours(tmp_path, 0)) as first:
            lost = lose_a_session(first)
            websocket, welcome = stack.enter_context(resuming(second, lost["resume_token"]))
            assert welcome["resumed"]
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(WAIT_S)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001


def test_a_close_with_a_reason_reaches_the_client(tmp_path: Path) -> None:
    with two(tmp_path) as (first, second):
        lost = lose_a_session(first)
        with resuming(second, lost["resume_token"]) as (websocket, welcome), resuming(first, welcome["resume_token"]) as (_, again):
            assert again["resumed"], "a newer connection takes the session over"
            with pytest.raises(ConnectionClosed) as closed:
                websocket.recv(WAIT_S)
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4000, "taken_over")


def test_large_results_and_many_frames_pass(tmp_path: Path) -> None:
    with two(tmp_path) as (first, second):
        lost = lose_a_session(first, settings={"output": "annotated", "jpeg_quality": 95})
        with resuming(second, lost["resume_token"]) as (websocket, _):
            for frame_id in range(8, 28):
                websocket.send(wire.encode_frame(Frame(frame_id, jpeg(width_px=1280, height_px=960))))
                assert wire.decode_result(bytes(websocket.recv(WAIT_S, decode=False))).frame_id == frame_id


def test_a_client_that_takes_nothing_is_ended_through_another_process_too(tmp_path: Path) -> None:
    with two(tmp_path, reader_timeout_s=0.5) as (first, second):
        for server in (first, second):
            server.server.config.ws_ping_interval = None  # It is the timeout that has to end it, not a ping that was not answered.
        lost = lose_a_session(first, settings={"output": "annotated", "jpeg_quality": 95})
        with (
            resuming(second, lost["resume_token"], max_queue=1, sock=with_small_buffer(second)) as (websocket, welcome),
            suppress(ConnectionClosed),
        ):
            assert welcome["resumed"]
            for frame_id in count(8):
                websocket.send(wire.encode_frame(Frame(frame_id, jpeg_of_noise())))
                if first.sessions().parked:
                    break
        until(lambda: (first.sessions().open, first.sessions().parked) == (0, 1))
        until(lambda: not second.server.server_state.connections)


def test_the_client_finds_its_session_by_itself(tmp_path: Path) -> None:
    async def follow(first: Serving, second: Serving) -> None:
        async with connect_client(first.video_url, settings={"output": "landmarks"}) as session:
            before = session.welcome.session_id
            await session.send(jpeg())
            assert isinstance(await anext(session), Answered)
            object.__setattr__(session._reconnection, "url", second.video_url)  # as if the other process had accepted it
            first.cut()
            while session.statistics().reconnections == 0:
                await session.send(jpeg())
                await anext(session)
            assert (session.welcome.resumed, session.welcome.session_id) == (True, before)

    with two(tmp_path) as (first, second):
        asyncio.run(follow(first, second))


def test_only_this_user_may_reach_the_sockets(tmp_path: Path) -> None:
    with two(tmp_path):
        sockets = [path for path in tmp_path.iterdir() if path.is_socket()]
        assert len(sockets) == 2
        assert not any(stat.S_IMODE(path.stat().st_mode) & 0o077 for path in sockets)
