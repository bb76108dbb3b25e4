"""The WebSocket class by itself, under a small application: when a send ends, and what a socket is told."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from handstream.server import transport
from handstream.server.run import uvicorn_config
from handstream.server.settings import ServerSettings
from handstream.server.transport import FreshWebSocketProtocol
from tests.server.serving import WAIT_S, listening, open_without_reading, serving, until

if TYPE_CHECKING:
    from collections.abc import Callable

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
