"""uvicorn's HTTP protocol with bounds: `BoundedHttpProtocol` reads no endless head and waits for no slow one."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
    from typing import Any

    from uvicorn.config import Config
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
    from uvicorn.server import ServerState

    from handstream.server.gate import Arrival
    from handstream.server.transport import FreshWebSocketProtocol

__all__ = ["BoundedHttpProtocol"]

_MAX_HEAD_BYTES = 16 * 1024
"""The longest request line with its headers, in bytes. A token and all cookies of a site fit; Node takes as much."""

_MAX_HEADERS = 100

_MAX_PIPELINED = 8
"""Requests that wait for the answer to one before them. Browsers send none so, and one read of the kernel could bring thousands."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection, until it becomes a WebSocket. A request that does not end in time ends it."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], *, arrival: Arrival) -> None:
        """There is no transport yet.

        Args:
            config: uvicorn's.
            server_state: uvicorn's.
            app_state: uvicorn's.
            arrival: The place of this connection among those that wait.
        """
        super().__init__(config, server_state, app_state)
        self._arrival = arrival
        self._head_bytes = 0
        self._is_in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it too
        """The connection is there, encrypted if it is to be."""
        super().connection_made(transport)
        self._arrival.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        super().connection_lost(exc)
        self._arrival.leave()

    def data_received(self, data: bytes) -> None:
        """Takes what arrived. A head that has not ended when it is as long as it may be is refused."""
        super().data_received(data)
        if self._is_in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > _MAX_HEAD_BYTES:
                self._refuse_head()

    def on_headers_complete(self) -> None:
        """The head is whole.

        Raises:
            ValueError: It is longer than it may be, or one of too many; the parser makes an invalid request of that.
        """
        head_bytes = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if len(self.headers) > _MAX_HEADERS or head_bytes > _MAX_HEAD_BYTES:
            self._refuse_head()
            raise ValueError("the head is too large")
        if len(self.pipeline) >= _MAX_PIPELINED:
            raise ValueError("too many requests at once")
        self._is_in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole, so that the server has the next word, unless it has said it."""
        if self._is_servers_turn:
            self._arrival.rest()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The request is answered; the next one has as long to come as the first had."""
        super().on_response_complete()
        self._is_in_head, self._head_bytes = True, 0
        self._arrival.wait()

    def handle_websocket_upgrade(self) -> None:
        """The connection becomes a WebSocket."""
        self._arrival.leave()
        super().handle_websocket_upgrade()
        if cast("FreshWebSocketProtocol", self.transport.get_protocol()).conn.handshake_exc is not None:
            self._arrival.refuse("bad_request")
        # It refers back to this protocol. uvicorn lets it go when a connection is lost, of which this protocol hears no more.
        self.parser = None  # type: ignore[assignment]  # the same in uvicorn

    def send_400_response(self, msg: str) -> None:
        """What arrived is no request."""
        if not self.transport.is_closing():
            self._arrival.refuse("bad_request")
            super().send_400_response(msg)

    @property
    def _is_servers_turn(self) -> bool:
        """Whether the newest request, if there is one, has still to be answered."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or not cycle.response_complete

    def _refuse_head(self) -> None:
        self._arrival.refuse("head_too_large")
        self.transport.write(_TOO_LARGE)
        self.transport.close()
