"""One connection of `/ws/video`: `Connection` moves messages between a socket and a session.

Two tasks a connection: one always reads, so that a newer frame is known the moment it comes, and one sends. Frames go to the session's lane
of the executor and their results come back from its threads; what is slow happens there. What waits to be sent is one result at most, of
which the newest wins, and a bounded number of texts.

How a connection ends decides about its session. If it was lost, the session is parked, so that the client can resume it on another one. If
either side closed it, the session is over.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from starlette.websockets import WebSocketDisconnect

from handstream.protocol.control import ErrorMessage
from handstream.protocol.session import Close, Confirm, Offer, Open, Reply
from handstream.server.deadlines import RESUMABLE
from handstream.server.sessions import AddressFullError, ServerFullError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import Message

    from handstream.protocol.control import Hello
    from handstream.protocol.session import Action
    from handstream.server.deadlines import Deadlines
    from handstream.server.figures import AnsweredFrame
    from handstream.server.refusals import Refusals
    from handstream.server.sessions import Sessions
    from handstream.server.video_session import UnsentResult, VideoSession

__all__ = ["READER_TIMEOUT", "Connection", "Socket"]

logger = logging.getLogger(__name__)

_MAX_WAITING_TEXTS = 64
"""Texts that wait to be sent before no more messages are read: a client that does not read what it is told is not listened to either."""

_INTERNAL_ERROR = 1011
"""The close code of a server that failed (RFC 6455, section 7.4.1)."""

_TRY_AGAIN_LATER = 1013
"""The close code of a server that is full (in IANA's registry of WebSocket close codes)."""

_HELLO_TIMEOUT_S = 5.0
"""How long a connection that was let in provisionally may take to name the session that it resumes."""

READER_TIMEOUT = Close(4001, "reader_timeout")

_END_REASONS = {1000: "client_closed", 1001: "going_away", 1009: "message_too_large"}
"""Why a session ended, by the close code: the client said goodbye, client or server leave, a message was larger than may be."""

_LOST = {1005, 1006}
"""What a disconnection without a close frame is reported as: with and without a completed handshake (RFC 6455, section 7.4.1)."""


class Socket(Protocol):
    """What a connection needs of a WebSocket; starlette's is one."""

    async def receive(self) -> Message:
        """The next message, as ASGI has it."""

    async def send_text(self, data: str, /) -> None:
        """Sends a text."""

    async def send_bytes(self, data: bytes, /) -> None:
        """Sends a binary message."""

    async def close(self, code: int, reason: str, /) -> None:
        """Ends the connection."""


class Connection:
    """One open connection. All of it runs on the event loop."""

    def __init__(
        self,
        websocket: Socket,
        sessions: Sessions,
        video: VideoSession,
        *,
        observers: Sequence[Callable[[AnsweredFrame], None]],
        refusals: Refusals,
        reader_timeout_s: float,
        first: Message | None = None,
    ) -> None:
        """Attaches itself to the session.

        Args:
            websocket: The socket, accepted.
            sessions: All sessions of the server.
            video: The session that the connection begins with.
            observers: What is called with each frame that is answered.
            refusals: Where refusals are counted.
            reader_timeout_s: How long the client may take to take one message.
            first: A message that was received already.
        """
        self._websocket = websocket
        self._sessions = sessions
        self._video = video
        self._refusals = refusals
        self._first = first
        self._observers = observers
        self._reader_timeout_s = reader_timeout_s
        self._texts: deque[str] = deque()
        self._close: Close | None = None
        self._disconnect_codes: set[int] = set()
        self._has_failed = False
        self._deadlines: Deadlines
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._something_to_send = asyncio.Event()
        self._room_for_texts = asyncio.Event()
        self._room_for_texts.set()
        video.connection = self

    @property
    def owes_hello(self) -> bool:
        """Whether the client has still to open a session of the way that has a hello."""
        return self._video.session.can_resume and not self._video.session.is_open

    async def run(self, deadlines: Deadlines) -> None:
        """Reads and sends until either side or a deadline ends it; then gives back all that the session held, or parks it."""
        self._deadlines = deadlines
        if self._sessions.is_provisional(self._video):
            asyncio.get_running_loop().call_later(_HELLO_TIMEOUT_S, self._end_if_provisional)
        try:
            async with asyncio.TaskGroup() as tasks:
                reader, sender = self._tasks = (tasks.create_task(self._read()), tasks.create_task(self._send()))
                await asyncio.wait([sender])
                reader.cancel()
            if self._close is not None and not self._disconnect_codes:
                with suppress(WebSocketDisconnect):
                    await self._websocket.close(self._close.code, self._close.reason)
        except* Exception:
            logger.exception("session failed", extra={"session": self._video.name})
            self._has_failed = True
            with suppress(WebSocketDisconnect):
                await self._websocket.close(_INTERNAL_ERROR, "the server failed; its log says why")
        finally:
            deadlines.close()
            self._leave()
            # Both refer back to this connection. Apart, it goes now with all that it holds, not when garbage is collected.
            self._tasks = ()
            del self._deadlines

    def carry_out(self, actions: Sequence[Action]) -> None:
        """Does what the session decided, and wakes the task that sends."""
        for action in actions:
            match action:
                case Offer():
                    self._video.offer(action)
                case Open(hello):
                    self._open(hello)
                case Reply(text):
                    self._texts.append(text)
                case Confirm():
                    self._sessions.confirm_ticket(self._video)
                case Close():
                    self._close = self._close or action
        if len(self._texts) >= _MAX_WAITING_TEXTS:
            self._room_for_texts.clear()
        self._something_to_send.set()

    def interrupt(self, close: Close) -> None:
        """Ends the connection at once, even one whose client reads nothing."""
        self._close = close
        for task in self._tasks:
            task.cancel()

    def _open(self, hello: Hello) -> None:
        """Welcomes a client, to the session that it resumes if there is one."""
        resumed = None if hello.resume is None else self._sessions.resume(hello.resume)
        if resumed is None:
            try:
                self._sessions.confirm(self._video)
            except (ServerFullError, AddressFullError) as error:
                self._refusals.count(error.code, self._video.address)
                text = self._video.session.error_text(ErrorMessage.of(error))
                self.carry_out([Reply(text), Close(_TRY_AGAIN_LATER, error.code)])
                return
        else:
            address = self._video.address
            self._sessions.end(self._video, "resumed_another")
            self._video = resumed
            resumed.connection, resumed.address = self, address
        ticket = self._sessions.issue_ticket(self._video)
        self.carry_out(self._video.session.open(hello, ticket, resumed=resumed is not None))

    def _end_if_provisional(self) -> None:
        if self._sessions.is_provisional(self._video):
            self._refusals.count(ServerFullError.code, self._video.address)
            self.interrupt(Close(_TRY_AGAIN_LATER, ServerFullError.code))

    def _leave(self) -> None:
        if self._video.connection is not self:
            return  # Another connection has taken the session over.
        reason = self._end_reason() if self._close is None else self._close.reason
        is_lost = reason == "lost" and bool(self._disconnect_codes)
        may_come_back = self._close in (READER_TIMEOUT, *RESUMABLE) or (self._close is None and is_lost)
        if self._video.session.is_open and may_come_back:
            self._sessions.park(self._video)
        else:
            self._sessions.end(self._video, reason)

    def _end_reason(self) -> str:
        if self._has_failed:
            return "internal_error"
        said = self._disconnect_codes - _LOST
        return _END_REASONS.get(min(said), "closed_with_another_code") if said else "lost"

    def _disconnected(self, code: int) -> None:
        """The client is gone. An exception that said so would hold the connection, by its traceback, until garbage is collected."""
        self._disconnect_codes.add(code)
        for task in self._tasks:
            task.cancel()

    async def _read(self) -> None:
        while self._close is None:
            await self._room_for_texts.wait()
            message, self._first = self._first or await self._websocket.receive(), None
            now_ns = time.monotonic_ns()
            if message["type"] == "websocket.disconnect":
                self._disconnected(message["code"])
                return
            if message.get("bytes") is not None:
                self._deadlines.frame_came()
                self._sessions.frame_came(self._video)
                self._video.figures.received_bytes += len(message["bytes"])
                self.carry_out(self._video.session.receive_binary(message["bytes"], now_ns))
            else:
                self._video.figures.received_bytes += len(message["text"])
                self.carry_out(self._video.session.receive_text(message["text"], now_ns))

    async def _send(self) -> None:
        """Sends what there is to send, texts first, until the session is to be closed or its client takes nothing."""
        try:
            while self._close is None or self._texts:
                if self._texts:
                    await self._send_text(self._texts.popleft())
                elif self._video.session.may_answer and (result := self._video.unsent.take()) is not None:
                    await self._send_result(result)
                else:
                    self._something_to_send.clear()
                    await self._wait_for_something()
        except TimeoutError:
            self._close = READER_TIMEOUT
        except WebSocketDisconnect as gone:
            self._disconnected(gone.code)

    async def _wait_for_something(self) -> None:
        """Waits for what there is to send; while a result waits for an acknowledgement, no longer than a client may take to give one."""
        since_ns = self._video.session.awaited_since_ns if self._video.unsent else None
        left_s = None if since_ns is None else self._reader_timeout_s - (time.monotonic_ns() - since_ns) / 1e9
        async with asyncio.timeout(left_s):
            await self._something_to_send.wait()

    async def _send_text(self, text: str) -> None:
        async with asyncio.timeout(self._reader_timeout_s):
            await self._websocket.send_text(text)
        self._video.figures.sent_bytes += len(text)
        if len(self._texts) < _MAX_WAITING_TEXTS:
            self._room_for_texts.set()

    async def _send_result(self, result: UnsentResult) -> None:
        video = self._video
        now_ns = time.monotonic_ns()
        message = result.answer.stamped(send_time_ns=now_ns, dropped=video.session.flow.dropped)
        video.session.answer(result.answer.frame_id, now_ns)
        async with asyncio.timeout(self._reader_timeout_s):
            if isinstance(message, str):
                await self._websocket.send_text(message)
            else:
                await self._websocket.send_bytes(message)
        # Only now, so that no frame waits for its own bookkeeping.
        frame = result.sent(video.name, now_ns, len(message))
        video.answered(frame)
        for observe in self._observers:
            observe(frame)
