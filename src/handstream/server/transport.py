"""uvicorn's WebSocket protocol, made fresh: `FreshWebSocketProtocol` keeps no old result in any buffer, and no dead connection alive.

uvicorn waits before it writes, and lets 64 KiB pile up in the process and megabytes in the kernel; a result that was chosen before the wait
is old when it leaves. Here a send ends when the kernel has taken all of it, and the kernel takes little more than the path can carry, so
that the next result is chosen as late as possible. `docs/decisions/0010-websocket-implementation.md` has the measurements.

What arrives is read on a little at a time, and no further than the session has taken the messages before it. A session's budgets know whole
messages alone. What else a client can send without end, pings and parts of messages, is read so slowly that it harms nobody else.
"""

from __future__ import annotations

import socket
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

if TYPE_CHECKING:
    import asyncio
    from typing import Any

    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
    from uvicorn.config import Config
    from uvicorn.server import ServerState

__all__ = ["FreshWebSocketProtocol"]

_MAX_UNSENT_BYTES = 16 * 1024
"""What the kernel takes beyond what is on its way, in bytes: less than one annotated picture."""

_MAX_READ_BYTES = 4 * 1024
"""What is read on at once, before the session's budgets and the other connections have their turn: 700 frames of 6 bytes, some 5 ms. A read
of the kernel brings up to 256 KiB, which would take a third of a second. A picture of 20 KB in such pieces costs 5 us more than in one."""

_PARTS_PER_SECOND = 2_000.0
"""How many frames (RFC 6455, section 5.2) that are no whole message are read of one connection in the long run. Each takes 5 us or more."""

_FEW_PARTS = 40
"""So many at once are read without a rest: those of a message in parts of 1 KiB, as small devices send it, and a few pings."""

_MAX_LATE_FRAMES = 100
"""How many frames are read after a close was sent, to see the client's own close among them: as many as 120 a second are on their way on a
path of 800 ms. To read further ones would take the time of others, for as long as the connection lingers."""

_INVALID_TEXT = 1007
"""The close code for a text that is not UTF-8 (RFC 6455, section 7.4.1)."""

_NO_UPGRADE = "This upgrade request cannot be read. It is a GET without a body.\n"

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
        self._reads_no_more = False
        self._late_frames = 0
        self._unread = memoryview(b"")
        self._rest: asyncio.TimerHandle | None = None
        self._pongs: list[bytes] = []

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
        elif message["type"] == "websocket.close":
            self._read_on()  # The client's own close may be there already.

    async def receive(self) -> ASGIReceiveEvent:
        """The next message, once there is one. What arrived behind it is read on."""
        message = await super().receive()
        self._read_on()
        return message

    def data_received(self, data: bytes) -> None:
        """Takes what arrived.

        After a failure it is thrown away, and after a close where it has no end: to close with bytes unread would reset the connection, and
        the client would never learn why.
        """
        if not self._reads_no_more:
            self._unread = memoryview(bytes(self._unread) + data if self._unread else data)
            self._read_on()
        elif self._quiet_timer is not None:
            self._close_when_quiet()

    def handle_events(self) -> None:
        """Does what the frames say that were read. After many that are no message nothing is read for a while."""
        parts = sum(isinstance(event, Frame) and event.opcode not in (Opcode.TEXT, Opcode.BINARY) for event in self.conn.events)
        self._late_frames += len(self.conn.events) if self.close_sent else 0
        super().handle_events()
        if self._reads_no_more or self.transport.is_closing():
            return
        if self._late_frames > _MAX_LATE_FRAMES:
            self._read_no_more()
        elif parts > _FEW_PARTS:
            self._rest = self.loop.call_later(parts / _PARTS_PER_SECOND, self._end_rest)

    def handle_ping(self) -> None:
        """Answers a ping, and of those that come while the client takes nothing the last (RFC 6455, section 5.5.3)."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self._pongs = self.conn.data_to_send() or self._pongs

    def resume_writing(self) -> None:
        """The kernel has taken all that there was."""
        super().resume_writing()
        pongs, self._pongs = self._pongs, []
        if pongs and not self.close_sent:
            self.transport.write(b"".join(pongs))

    def send_receive_event_to_app(self) -> None:
        """A message is whole. uvicorn would log an error with its traceback for each text that is not UTF-8."""
        if not self.close_sent and self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            self.frames = []
            self.conn.fail(_INVALID_TEXT, "a text is UTF-8")
            self.handle_parser_exception()
        else:
            super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """The client sent what cannot be read on, such as a message larger than the limit: closes with the code for it."""
        close = self.conn.close_sent
        assert close is not None
        self.queue.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self._read_no_more()
        self.close_timer = self.loop.call_later(_LINGER_S, self.transport.abort)

    def eof_received(self) -> None:
        """The client has nothing more to say, so that nothing has to be thrown away any more."""
        if self.close_sent:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        super().connection_lost(exc)
        for timer in (self._quiet_timer, self._rest):
            if timer is not None:
                timer.cancel()

    def keepalive_timeout(self) -> None:
        """The client has not answered a ping. Nor will it read what waits, so that is thrown away with the connection.

        uvicorn would say 1011 first. One that was only asleep would read that when it wakes, and not come back to a server that failed.
        """
        self.pong_timer = None
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

    def _read_on(self) -> None:
        """Reads what has arrived, as far as the session has taken what came before."""
        while self._unread and not self.read_paused and not self._reads_no_more and self._rest is None:
            part, self._unread = self._unread[:_MAX_READ_BYTES], self._unread[_MAX_READ_BYTES:]
            super().data_received(bytes(part))
            if self.conn.handshake_exc is not None and not self.handshake_initiated:
                self._refuse_upgrade()
        if self._rest is not None and not self.read_paused and not self.transport.is_closing():
            self.read_paused = True
            self.transport.pause_reading()

    def _read_no_more(self) -> None:
        """Throws away what the client sends from now on, and closes once it has sent its last."""
        self._reads_no_more = True
        if self.transport.can_write_eof():
            self.transport.write_eof()  # and the client closes
        else:  # TLS cannot end one way alone
            self._close_when_quiet()

    def _end_rest(self) -> None:
        self._rest = None
        if self.queue.empty() and not self.transport.is_closing():  # else the session has still to take what came before
            self.read_paused = False
            self.transport.resume_reading()
            self._read_on()

    def _refuse_upgrade(self) -> None:
        """Refuses what is no upgrade request to the WebSocket's own parser. uvicorn would never answer, nor ever end the connection."""
        self._reads_no_more = True
        answer = b"".join(self.conn.data_to_send())
        self.transport.write(answer or self.conn.reject(HTTPStatus.BAD_REQUEST, _NO_UPGRADE).serialize())
        self.transport.close()

    def _close_when_quiet(self) -> None:
        """Closes once nothing has arrived for a while, from now on."""
        if self._quiet_timer is not None:
            self._quiet_timer.cancel()
        self._quiet_timer = self.loop.call_later(_QUIET_S, self.transport.close)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
