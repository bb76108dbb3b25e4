"""uvicorn's WebSocket protocol, made fresh: `FreshWebSocketProtocol` keeps no old result in any buffer, and no dead connection alive.

uvicorn waits before it writes, and lets 64 KiB pile up in the process and megabytes in the kernel; a result that was chosen before the wait
is old when it leaves. Here a send ends when the kernel has taken all of it, and the kernel takes little more than the path can carry, so
that the next result is chosen as late as possible. `docs/decisions/0010-websocket-implementation.md` has the measurements.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    import asyncio
    from typing import Any

    from uvicorn._types import ASGISendEvent
    from uvicorn.config import Config
    from uvicorn.server import ServerState

__all__ = ["FreshWebSocketProtocol"]

_MAX_UNSENT_BYTES = 16 * 1024
"""What the kernel takes beyond what is on its way, in bytes: less than one annotated picture."""

_GOING_AWAY = 1001
"""The close code of a server that shuts down (RFC 6455, section 7.4.1)."""

_LINGER_S = 2.0
"""How long a closing connection may take to send its last bytes, in seconds. One that does not read would take for ever."""

_QUIET_S = 0.25
"""How long a client has sent nothing when, after a failure, it is taken to have sent its last, in seconds: more than most round trips."""


class FreshWebSocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket connection, as uvicorn drives it."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        """There is no transport yet."""
        super().__init__(config, server_state, app_state)
        self.conn.debug = False  # At "debug" it would log each message and header: pictures, landmarks and tokens.
        self._quiet_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Makes the buffers small. asyncio and uvloop have switched Nagle's algorithm off already (TCP_NODELAY)."""
        super().connection_made(transport)
        # With TLS a buffer counts as full when it holds as much as the limit, and one of 0 would never be empty. Below it lies the socket's
        # own buffer, of 64 KiB, which nothing reaches from here.
        is_encrypted = transport.get_extra_info("sslcontext") is not None
        cast("asyncio.Transport", transport).set_write_buffer_limits(high=1 if is_encrypted else 0, low=0)
        connection = transport.get_extra_info("socket")
        if hasattr(socket, "TCP_NOTSENT_LOWAT") and connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MAX_UNSENT_BYTES)

    async def send(self, message: ASGISendEvent) -> None:
        """Sends, and returns when the kernel has taken all of it. A close does not wait for a reader that may never read."""
        if message["type"] == "websocket.close":
            self.writable.set()
        await super().send(message)
        if message["type"] == "websocket.send":
            await self.writable.wait()
            if self.disconnected:
                raise ClientDisconnected
        elif message["type"] == "websocket.http.response.body" and self.close_sent:
            # A refusal completes the handshake too; uvicorn forgets that, and would log an error for each.
            self.handshake_complete = True

    def data_received(self, data: bytes) -> None:
        """Takes what arrived.

        After a failure it is thrown away: to close with bytes unread would reset the connection, and the client would never learn why.
        """
        if self.conn.parser_exc is None:
            super().data_received(data)
        elif self._quiet_timer is not None:
            self._close_when_quiet()

    def handle_parser_exception(self) -> None:
        """The client sent what cannot be read on, such as a message larger than the limit: closes with the code for it."""
        close = self.conn.close_sent
        assert close is not None
        self.queue.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.transport.can_write_eof():
            self.transport.write_eof()  # and the client closes
        else:  # TLS cannot end one way alone
            self._close_when_quiet()
        self.close_timer = self.loop.call_later(_LINGER_S, self.transport.abort)

    def eof_received(self) -> None:
        """The client has nothing more to say, so that nothing has to be thrown away any more."""
        if self.close_sent:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        super().connection_lost(exc)
        if self._quiet_timer is not None:
            self._quiet_timer.cancel()

    def keepalive_timeout(self) -> None:
        """The client has not answered a ping. Nor will it read what waits, so that is thrown away with the connection."""
        super().keepalive_timeout()
        self.transport.abort()

    def on_task_complete(self, task: asyncio.Task[Any]) -> None:
        """The session has ended, and with it the connection, even one that reads nothing."""
        super().on_task_complete(task)
        self.loop.call_later(_LINGER_S, self.transport.abort)

    def shutdown(self) -> None:
        """The server stops: tells the client so that it connects again."""
        if self.handshake_complete and not self.close_sent:
            self.stop_keepalive()
            self.queue.put_nowait({"type": "websocket.disconnect", "code": _GOING_AWAY})
            self.conn.send_close(_GOING_AWAY, "the server is shutting down")
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
            self.transport.close()
        else:
            super().shutdown()

    def _close_when_quiet(self) -> None:
        """Closes once nothing has arrived for a while, from now on."""
        if self._quiet_timer is not None:
            self._quiet_timer.cancel()
        self._quiet_timer = self.loop.call_later(_QUIET_S, self.transport.close)
