"""How sessions end: politely, rudely, many of them, and with the server."""

from __future__ import annotations

import gc
import socket
import struct
import threading
import tracemalloc
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import ConnectionClosed

from handstream.frames import Frame
from handstream.protocol import wire
from handstream.protocol.plain import PlainSession
from handstream.server.http_protocol import BoundedHttpProtocol
from handstream.server.transport import FreshWebSocketProtocol
from handstream.server.video_session import VideoSession
from handstream.server.websocket import Connection
from tests.server.fake_engine import FakeEngine
from tests.server.serving import WAIT_S, jpeg, jpeg_of_noise, open_without_reading, send_unread, serving, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.server.serving import Serving


def leave_politely(server: Serving) -> None:
    with server.plain() as websocket:
        websocket.send(jpeg())
        websocket.recv(WAIT_S)


def leave_while_a_frame_is_processed(server: Serving) -> None:
    with server.plain() as websocket:
        websocket.send(jpeg())
        websocket.send(jpeg())


def reset_the_connection(server: Serving) -> None:
    connection = open_without_reading(server.url)
    send_unread(connection, jpeg())
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def leave_in_the_middle_of_a_message(server: Serving) -> None:
    connection = open_without_reading(server.url)
    connection.sendall(b"\x82\xff" + (1_000_000).to_bytes(8, "big") + bytes(5_000))
    connection.close()


def send_what_is_no_websocket_frame(server: Serving) -> None:
    connection = open_without_reading(server.url)
    connection.sendall(b"\xff" * 1_000)
    while connection.recv(4096):
        pass
    connection.close()


def stop_before_hello(server: Serving) -> None:
    with server.v1(hello=None):
        pass


WAYS_TO_LEAVE = [
    leave_politely,
    leave_while_a_frame_is_processed,
    reset_the_connection,
    leave_in_the_middle_of_a_message,
    send_what_is_no_websocket_frame,
    stop_before_hello,
]


@pytest.mark.parametrize("leave", WAYS_TO_LEAVE)
def test_nothing_is_left_of_a_session(leave: Callable[[Serving], None]) -> None:
    engine = FakeEngine(delay_s=0.02)
    with serving(lambda: engine) as server:
        for _ in range(3):
            leave(server)
        until(lambda: server.executor_statistics().lanes == 0)
        until(lambda: engine.open_trackers == 0)
        leave_politely(server)
        until(lambda: not server.server.server_state.connections)
    assert not any(tracker.clashed for tracker in engine.trackers)
    assert engine.closed


@pytest.mark.parametrize("leave", WAYS_TO_LEAVE)
def test_a_session_goes_without_a_collection_of_garbage(leave: Callable[[Serving], None]) -> None:
    """Collections that reach what has lived through two of them are rare, so what goes only with them piles up until then."""
    kinds = (Connection, VideoSession, BoundedHttpProtocol, FreshWebSocketProtocol)

    def parts() -> dict[int, object]:
        return {id(thing): thing for thing in gc.get_objects() if type(thing) in kinds}

    with serving(FakeEngine) as server:
        gc.collect()
        earlier = parts()  # what servers of other tests had parked when they stopped
        gc.disable()
        try:
            for _ in range(3):
                leave(server)
            until(lambda: server.executor_statistics().lanes == 0)
            until(lambda: parts().keys() == earlier.keys())
        finally:
            gc.enable()


@pytest.mark.parametrize("error", [None, ZeroDivisionError("a fault of ours")])
def test_a_frame_that_is_processed_when_its_session_ends_is_accounted_for(error: Exception | None) -> None:
    engine, may_go = FakeEngine(), threading.Event()
    with serving(lambda: engine) as server:
        engine.error, engine.meanwhile = error, lambda: may_go.wait(WAIT_S)
        with server.plain() as websocket:
            websocket.send(jpeg())
            until(server.is_processing)
        until(lambda: server.sessions().ended)
        may_go.set()
        server.settle(1)
        frames = server.sessions().totals.frames
    assert (frames.received, frames.dropped, frames.outstanding) == (1, {"send": 1}, 0)


def test_a_session_that_is_never_read_ends_when_it_does_not_answer_a_ping() -> None:
    engine = FakeEngine()
    with serving(lambda: engine, output="annotated", jpeg_quality=95) as server:
        server.server.config.ws_ping_interval = 0.2
        server.server.config.ws_ping_timeout = 0.2
        connection = open_without_reading(server.url)
        with suppress(ConnectionError):  # it may be gone before all is sent
            send_unread(connection, jpeg_of_noise(1280, 960))
        until(lambda: server.executor_statistics().lanes == 0)
        until(lambda: not server.server.server_state.connections)
        connection.close()


def test_who_does_not_answer_a_ping_is_not_told_that_the_server_failed() -> None:
    """It may read on later, as a laptop that was asleep, and is to come back then."""
    with serving() as server:
        server.server.config.ws_ping_interval = 0.1
        server.server.config.ws_ping_timeout = 0.1
        connection = open_without_reading(server.url)
        until(lambda: not server.server.server_state.connections)
        said = b""
        with suppress(ConnectionError):
            while part := connection.recv(4096):
                said += part
        connection.close()
    assert [said[begin : begin + 2] for begin in range(0, len(said), 6)] == [b"\x89\x04"], "a ping of four bytes, and no close frame"


def test_two_sessions_never_share_a_tracker() -> None:
    engine = FakeEngine(delay_s=0.001)
    levels = [20, 80, 140, 200]

    def talk(server: Serving, level: int) -> None:
        with server.plain() as websocket:
            for _ in range(15):
                websocket.send(jpeg(level))
                websocket.recv(WAIT_S)

    with serving(lambda: engine, threads=4) as server:
        threads = [threading.Thread(target=talk, args=(server, level)) for level in levels]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    used = [tracker for tracker in engine.trackers if 0 not in tracker.levels]  # the warm-up's picture is black
    assert sorted(set(tracker.levels) == {tracker.levels[0]} and tracker.levels[0] for tracker in used) == levels
    assert not any(tracker.clashed for tracker in engine.trackers)


@contextmanager
def tracing() -> Iterator[None]:
    """Tells apart what is kept from the pages that an allocator takes now and then, which are memory of the process too."""
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def test_100_sessions_that_come_and_go_leave_memory_and_threads_flat() -> None:
    engine = FakeEngine()

    def visit(times: int) -> None:
        for _ in range(times):
            leave_politely(server)
            with server.v1('{"type": "hello", "settings": {"output": "landmarks"}}') as websocket:
                websocket.send(wire.encode_frame(Frame(0, jpeg())))
                websocket.recv(WAIT_S)

    def settled_bytes() -> int:
        until(lambda: server.executor_statistics().lanes == 0 and not server.server.server_state.connections)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    with serving(lambda: engine) as server, tracing():
        visit(20)
        before_bytes, threads = settled_bytes(), threading.active_count()
        visit(50)
        grown_bytes = settled_bytes() - before_bytes
        until(lambda: threading.active_count() <= threads)
    # A session's buffers and objects are more than 10 kB; the record that the engine keeps of each tracker for tests is 1 kB.
    assert grown_bytes < 100 * 10_000
    assert engine.open_trackers == 0
    assert len(engine.trackers) == 141, "each session opened one, and the warm-up"


def test_a_server_that_stops_says_so_and_stops_soon() -> None:
    with serving(stop_within_s=3600) as server, server.v1() as idle, server.plain() as busy:
        busy.send(jpeg())
        busy.recv(WAIT_S)
        server.stop()
        for websocket in (idle, busy):
            with pytest.raises(ConnectionClosed) as closed:
                websocket.recv(WAIT_S)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1001
        until(lambda: not server.loop.is_running())


def test_a_session_that_fails_is_closed_with_1011_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(PlainSession, "receive_binary", fail)
    engine = FakeEngine()
    with serving(lambda: engine) as server, server.plain() as websocket:
        websocket.send(jpeg())
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(WAIT_S)
        until(lambda: server.executor_statistics().lanes == 0)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011
    assert "fault" not in closed.value.rcvd.reason


def test_a_server_stops_soon_though_a_client_does_not_read() -> None:
    with serving(output="annotated", jpeg_quality=95) as server:
        connection = open_without_reading(server.url)
        send_unread(connection, jpeg_of_noise(1280, 960))
        server.stop()
        until(lambda: not server.loop.is_running())
        connection.close()
