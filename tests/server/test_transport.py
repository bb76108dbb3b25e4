"""The WebSocket class by itself, under a small application: when a send ends, and what a socket is told."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from handstream.server import transport
from handstream.server.run import uvicorn_config
from handstream.server.settings import ServerSettings
from handstream.server.transport import FreshWebSocketProtocol
from tests.server.serving import WAIT_S, jpeg, listening, open_without_reading, serving, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MESSAGE = bytes(8_000_000)  # more than the kernel takes for a client that does not read


class Application:
    """Accepts a connection, sends one message, and says what became of it."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.ended = threading.Event()
        self.left = threading.Event()

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        assert scope["type"] == "websocket"
        await receive()
        await send({"type": "websocket.accept"})
        self.began.set()
        try:
            await send({"type": "websocket.send", "bytes": MESSAGE})
            self.ended.set()
            await receive()
        finally:
            self.left.set()


def server_of(application: Application) -> uvicorn.Server:
    config = uvicorn_config(application, ServerSettings(log_level="warning"))  # type: ignore[arg-type]
    config.lifespan = "off"
    return uvicorn.Server(config)


def test_a_send_ends_when_the_client_makes_room() -> None:
    application = Application()
    with listening(server_of(application)) as (url, _):
        connection = open_without_reading(url)
        assert application.began.wait(WAIT_S)
        assert not application.ended.wait(0.2), "what the client did not take was taken for sent"
        connection.settimeout(WAIT_S)
        received = 0
        while received < len(MESSAGE) - 4_096:  # the handshake's read may have taken the first of it
            received += len(connection.recv(1_000_000))
        assert application.ended.wait(WAIT_S)
        connection.close()


@pytest.mark.parametrize("leave", [socket.socket.close, lambda connection: connection.shutdown(socket.SHUT_RDWR)])
def test_a_send_ends_when_the_client_leaves(leave: Callable[[socket.socket], None]) -> None:
    application = Application()
    with listening(server_of(application)) as (url, _):
        connection = open_without_reading(url)
        assert application.began.wait(WAIT_S)
        leave(connection)
        assert application.left.wait(WAIT_S)
        assert not application.ended.is_set()
        connection.close()


def test_a_send_ends_when_a_ping_is_not_answered() -> None:
    application = Application()
    server = server_of(application)
    server.config.ws_ping_interval = server.config.ws_ping_timeout = 0.1
    with listening(server) as (url, _):
        connection = open_without_reading(url)
        assert application.left.wait(WAIT_S)
        until(lambda: not server.server_state.connections)
        connection.close()


def test_a_connection_that_is_not_read_outlives_its_session_by_little() -> None:
    class Hasty(Application):
        """Leaves while its message waits."""

        async def __call__(self, scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
            with suppress(TimeoutError):
                await asyncio.wait_for(super().__call__(scope, receive, send), 1)

    server = server_of(Hasty())
    with listening(server) as (url, _):
        connection = open_without_reading(url)
        until(lambda: not server.server_state.connections)
        connection.close()


def test_small_messages_are_sent_at_once_and_little_is_left_to_the_kernel() -> None:
    server = server_of(Application())
    with listening(server) as (url, _), connect(url.replace("http", "ws"), compression=None, max_size=None) as websocket:
        websocket.recv(WAIT_S)
        (connection,) = server.server_state.connections
        options = connection.transport.get_extra_info("socket")
        assert options.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert options.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == 16_384
        assert connection.transport.get_write_buffer_limits() == (0, 0)


def test_what_is_no_websocket_frame_is_answered_with_a_close_code() -> None:
    application = Application()
    with listening(server_of(application)) as (url, _), connect(url.replace("http", "ws"), compression=None, max_size=None) as websocket:
        websocket.recv(WAIT_S)
        websocket.socket.sendall(b"\xff" * 100)
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(WAIT_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1002


def test_what_comes_after_a_failure_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_LINGER_S", WAIT_S)
    server = server_of(Application())
    with listening(server) as (url, _):
        connection = open_without_reading(url)
        (served,) = server.server_state.connections
        assert isinstance(served, FreshWebSocketProtocol)
        connection.sendall(b"\xff" * 1_000)
        until(lambda: served.close_sent)
        for _ in range(10):
            connection.sendall(b"\xff" * 1_000)
            time.sleep(0.01)
        assert served.queue.qsize() == 1, "the failure is reported once"
        connection.close()


def test_a_refusal_is_no_error_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    with serving() as running:
        with pytest.raises(InvalidStatus), running.plain("?size=1"):
            pass
        until(lambda: not running.server.server_state.connections)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def ends(connection: socket.socket) -> bytes:
    """What comes until the server ends the connection; fails if it resets it."""
    received = b""
    while part := connection.recv(65_536):
        received += part
    return received


def ping(payload: bytes = b"") -> bytes:
    """A ping, masked with zeros as a client's frames are."""
    return bytes([0x89, 0x80 | len(payload)]) + bytes(4) + payload


@pytest.mark.parametrize("flood", [ping() * 5_000, b"\x02\x80" + bytes(4) + (b"\x00\x80" + bytes(4)) * 5_000], ids=["pings", "parts"])
def test_frames_without_end_that_are_no_message_are_read_slowly(monkeypatch: pytest.MonkeyPatch, flood: bytes) -> None:
    monkeypatch.setattr(transport, "_PARTS_PER_SECOND", 1.0)
    with serving() as running, open_without_reading(running.url) as connection:
        (served,) = running.server.server_state.connections
        assert isinstance(served, FreshWebSocketProtocol)
        connection.sendall(flood)
        until(lambda: served._rest is not None)
        with suppress(TimeoutError):
            connection.settimeout(0.5)
            for _ in range(1_000):
                connection.sendall(flood)
            pytest.fail("a flood was read as fast as it came")
        with running.plain() as honest:
            honest.send(jpeg())
            assert '"hands"' in str(honest.recv(WAIT_S))


TEXT = b"\x81\x81" + bytes(4) + b"a"


@contextmanager
def closed_for_a_flood() -> Iterator[tuple[socket.socket, FreshWebSocketProtocol]]:
    """A connection that has sent too many texts and was sent a close, and the server's end of it."""
    with serving() as running, open_without_reading(running.url) as connection:
        (served,) = running.server.server_state.connections
        assert isinstance(served, FreshWebSocketProtocol)
        connection.sendall(TEXT * (transport._MAX_READ_BYTES // len(TEXT)))  # in one read: none of them comes after the close
        until(lambda: served.close_sent)
        yield connection, served
        assert b"\x88\x13\x03\xf0too_many_messages" in ends(connection), "the client learns why, and is not reset"
        until(lambda: not running.server.server_state.connections)


@pytest.mark.parametrize("frame", [TEXT, ping(), b"\x82\x81" + bytes(4) + b"a"], ids=["texts", "pings", "pictures"])
def test_frames_without_end_after_a_close_are_thrown_away(monkeypatch: pytest.MonkeyPatch, frame: bytes) -> None:
    monkeypatch.setattr(transport, "_LINGER_S", WAIT_S)
    with closed_for_a_flood() as (connection, served):
        for _ in range(10):
            connection.sendall(frame * 20_000)
        connection.shutdown(socket.SHUT_WR)
        until(served.transport.is_closing)
        assert served._late_frames <= transport._MAX_LATE_FRAMES + transport._MAX_READ_BYTES // len(frame)


def test_a_close_behind_what_was_on_its_way_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_LINGER_S", WAIT_S)
    with closed_for_a_flood() as (connection, served):
        connection.sendall((b"\x82\xbe" + bytes(4 + 62)) * 90 + b"\x88\x82" + bytes(4) + b"\x03\xe8")
        until(served.transport.is_closing)
        assert served.conn.close_rcvd is not None


def test_a_message_in_many_parts_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_PARTS_PER_SECOND", 10_000.0)
    first, *others = (bytes([byte]) for byte in jpeg())
    with serving() as running, open_without_reading(running.url) as connection:
        for _ in range(5):
            connection.sendall(b"\x02\x81" + bytes(4) + first + b"".join(b"\x00\x81" + bytes(4) + part for part in others[:-1]))
            connection.sendall(b"\x80\x81" + bytes(4) + others[-1])
            answer = b""
            while b'"timings_ms"' not in answer:
                answer += connection.recv(65_536)


def test_pings_of_a_client_that_takes_nothing_pile_up_nothing_and_the_last_is_answered() -> None:
    server = server_of(Application())
    with listening(server) as (url, _), open_without_reading(url) as connection:
        (served,) = server.server_state.connections
        assert isinstance(served, FreshWebSocketProtocol)
        until(lambda: not served.writable.is_set())
        unsent_bytes = served.transport.get_write_buffer_size()
        for number in range(1_000):
            connection.sendall(ping(number.to_bytes(125, "big")))
        until(lambda: served._pongs[-1:] == [b"\x8a\x7d" + (999).to_bytes(125, "big")])
        assert served.transport.get_write_buffer_size() <= unsent_bytes
        tail = b""
        while not tail.endswith((999).to_bytes(125, "big")):
            tail = (tail + connection.recv(1_000_000))[-125:]


def test_small_messages_without_end_are_read_as_they_are_taken() -> None:
    taken: list[str] = []
    may_take, accepted = threading.Event(), threading.Event()

    async def application(scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        assert scope["type"] == "websocket"
        await receive()
        await send({"type": "websocket.accept"})
        accepted.set()
        await asyncio.to_thread(may_take.wait, WAIT_S)
        while (message := await receive())["type"] == "websocket.receive":
            taken.append(message["text"])

    texts = [f"{number:05}" for number in range(20_000)]
    server = server_of(application)  # type: ignore[arg-type]  # it stands in for one
    with listening(server) as (url, _), open_without_reading(url) as connection:
        assert accepted.wait(WAIT_S)
        (served,) = server.server_state.connections
        assert isinstance(served, FreshWebSocketProtocol)
        connection.sendall(b"".join(b"\x81\x85" + bytes(4) + text.encode() for text in texts))
        until(served.queue.qsize)
        assert served.queue.qsize() <= 32_768 // 11 + 1, "what a read brought was parsed before anything of it was taken"
        may_take.set()
        until(lambda: len(taken) == len(texts))
        assert taken == texts


def test_a_text_that_is_no_text_is_refused_without_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with serving() as running, open_without_reading(running.url) as connection:
        connection.sendall(b"\x81\x81" + bytes(4) + b"\xff")
        assert ends(connection).startswith(b"\x88\x11\x03\xef"), "a close frame with 1007"
        until(lambda: not running.server.server_state.connections)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
