"""A real server on a real loopback socket, in a thread of the test's process: `serving`."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from handstream.server.app import create_app
from handstream.server.listener import Server
from handstream.server.run import address, bind, uvicorn_config
from handstream.server.settings import ServerSettings
from tests.server.fake_engine import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import uvicorn
    from fastapi import FastAPI
    from websockets.sync.client import ClientConnection

    from handstream.executor import ExecutorStatistics
    from handstream.server.figures import ServerStatistics
    from handstream.server.neighbours import Neighbours
    from handstream.vision.engines import Engine

WAIT_S = 60
"""How long a test waits for what must come, in seconds: only one that fails waits so long, and a busy machine is slow."""


@dataclass
class Serving:
    """A server that runs.

    Attributes:
        url: Its address, for HTTP.
        loop: Its event loop, which runs in another thread.
        server: uvicorn's server.
    """

    url: str
    app: FastAPI
    loop: asyncio.AbstractEventLoop
    server: uvicorn.Server

    @property
    def video_url(self) -> str:
        return self.url.replace("http", "ws") + "/ws/video"

    @contextmanager
    def plain(self, query: str = "") -> Iterator[ClientConnection]:
        """A bare WebSocket, as a client would open it that knows nothing of us."""
        with connect(self.video_url + query, compression=None, max_size=None) as websocket:
            yield websocket

    @contextmanager
    def v1(self, hello: str | None = '{"type": "hello"}', subprotocols: Sequence[str] = ("handstream.v1",)) -> Iterator[ClientConnection]:
        """A bare WebSocket of `handstream.v1`, whose welcome has been read if a hello is given."""
        offered = [Subprotocol(name) for name in subprotocols]
        with connect(self.video_url, subprotocols=offered, compression=None, max_size=None) as websocket:
            if hello is not None:
                websocket.send(hello)
                assert '"welcome"' in str(websocket.recv(WAIT_S))
            yield websocket

    def executor_statistics(self) -> ExecutorStatistics:
        statistics: ExecutorStatistics = self.app.state.executor.statistics()
        return statistics

    def sessions(self) -> ServerStatistics:
        """Read on the event loop, as what they are read from changes there."""

        async def read() -> ServerStatistics:
            statistics: ServerStatistics = self.app.state.sessions.statistics()
            return statistics

        return asyncio.run_coroutine_threadsafe(read(), self.loop).result(WAIT_S)

    def is_processing(self) -> bool:
        """Whether a thread has a frame, whose place no newer one takes any more."""
        return self.app.state.executor.oldest_start_ns() is not None

    def turn_loop(self) -> None:
        """Waits until the event loop has turned once more; fails if it does not."""
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self.loop).result(WAIT_S)

    def settle(self, frames: int) -> None:
        """Waits until so many frames have been processed since the server began, and the loop has seen to the result of the last."""
        until(lambda: self.executor_statistics().processed == frames)
        self.turn_loop()

    def cut(self) -> None:
        """Resets every connection: no goodbye is said."""

        def abort() -> None:
            for connection in tuple(self.server.server_state.connections):
                connection.transport.abort()

        self.loop.call_soon_threadsafe(abort)

    def stop(self) -> None:
        self.server.should_exit = True


@contextmanager
def listening(
    server: uvicorn.Server, port: int = 0, settings: ServerSettings | None = None
) -> Iterator[tuple[str, asyncio.AbstractEventLoop]]:
    """Runs that server in a thread, on that port or one that is free: its address and its loop."""
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        await server.serve(sockets=[listener])

    def run() -> None:
        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(serve())

    with bind("127.0.0.1", port) as listener:
        thread = threading.Thread(target=run, name="test-server")
        thread.start()
        try:
            until(lambda: server.started)
            yield address(listener, settings), loops[0]
        finally:
            server.should_exit = True
            thread.join(WAIT_S)
            assert not thread.is_alive(), "the server does not stop"


@contextmanager
def serving(
    engine: Callable[[], Engine] | None = None, *, wait: bool = True, neighbours: Neighbours | None = None, **settings: Any
) -> Iterator[Serving]:
    """Serves until the block ends. Waits until sessions are taken, unless told otherwise."""
    fake = FakeEngine()
    loaded = threading.Event()
    options: dict[str, Any] = {"threads": 2, "port": 0, "log_level": "warning"} | settings
    server_settings = ServerSettings(**options)
    app = create_app(server_settings, engine=engine or (lambda: fake), on_loaded=lambda _: loaded.set(), neighbours=neighbours)
    server = Server(uvicorn_config(app, server_settings))
    with listening(server, server_settings.port, server_settings) as (url, loop):
        assert not wait or loaded.wait(WAIT_S)
        yield Serving(url, app, loop, server)


def until(condition: Callable[[], object]) -> None:
    """Waits until that is so, and fails if it does not come to be."""
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come to be"
        time.sleep(0.005)


def jpeg(level: int = 128, width_px: int = 64, height_px: int = 48) -> bytes:
    """An even picture of that grey level."""
    encoded: bytes = cv2.imencode(".jpg", np.full((height_px, width_px, 3), level, np.uint8))[1].tobytes()
    return encoded


def jpeg_of_noise(width_px: int = 320, height_px: int = 240) -> bytes:
    """A picture that no codec can make small: its annotated answer has 0.3 bytes a pixel and more."""
    noise = np.random.default_rng(0).integers(0, 255, (height_px, width_px, 3), dtype=np.uint8)
    encoded: bytes = cv2.imencode(".jpg", noise)[1].tobytes()
    return encoded


def open_without_reading(url: str, receive_buffer_bytes: int = 65_536) -> socket.socket:
    """A WebSocket of the plain way, by hand, whose answers nobody takes from the socket."""
    host, port = url.removeprefix("http://").split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
    connection.connect((host, int(port)))
    key = b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET /ws/video HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert b"101" in connection.recv(4096)
    connection.settimeout(WAIT_S)
    return connection


def send_unread(connection: socket.socket, image: bytes) -> None:
    """Sends that image as 20 messages, whose answers nobody reads."""
    header = b"\x82\xff" + len(image).to_bytes(8, "big") + bytes(4)
    for _ in range(20):
        try:
            connection.sendall(header + image)
        except TimeoutError:
            pytest.fail("the server stopped reading: a newer frame could not replace an older one")
