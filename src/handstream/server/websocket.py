"""The endpoint `/ws/video`: `serve_video` moves messages between a socket, a session's protocol and the executor.

Two tasks a connection: one always reads, so that a newer frame is known the moment it comes, and one sends. Frames go to the session's lane
of the executor and their results come back from its threads through `call_soon_threadsafe`; what is slow happens there. What waits to be
sent is one result at most, of which the newest wins, and a bounded number of texts.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse
from starlette.websockets import WebSocketDisconnect

from handstream import __version__
from handstream.errors import HandstreamError, MessageError
from handstream.frames import Stage
from handstream.pipeline import FramePipeline
from handstream.protocol.control import ErrorMessage, error_object
from handstream.protocol.flow import LatestSlot
from handstream.protocol.negotiation import negotiate
from handstream.protocol.session import Close, Offer, Reply, SessionIdentity
from handstream.protocol.trace import Trace
from handstream.server.readiness import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.websockets import WebSocket

    from handstream.executor import Executor
    from handstream.protocol.flow import FlowStatistics
    from handstream.protocol.session import Action, Answer, Session
    from handstream.server.readiness import EngineLoader
    from handstream.server.settings import ServerSettings
    from handstream.vision.engines import Engine

__all__ = ["serve_video"]

logger = logging.getLogger(__name__)

_MAX_WAITING_TEXTS = 64
"""Texts that wait to be sent before no more messages are read: a client that does not read what it is told is not listened to either."""

_INTERNAL_ERROR = 1011
"""The close code of a server that failed (RFC 6455, section 7.4.1)."""


async def serve_video(websocket: WebSocket, *, settings: ServerSettings, loader: EngineLoader, executor: Executor) -> None:
    """Serves one connection from its upgrade request to its end, or refuses it with an HTTP error."""
    try:
        engine = loader.engine()
        session = _negotiate(websocket, settings, engine)
    except NotReadyError as error:
        await _deny(websocket, 503, error)
    except MessageError as error:
        await _deny(websocket, 400, error)
    else:
        await websocket.accept(session.subprotocol)
        await _Connection(websocket, session, executor, engine).run()


def _negotiate(websocket: WebSocket, settings: ServerSettings, engine: Engine) -> Session:
    return negotiate(
        websocket.scope["subprotocols"],
        websocket.query_params.multi_items(),
        identity=SessionIdentity(server=f"handstream/{__version__}", engine=engine.name, session_id=secrets.token_hex(4)),
        settings=settings.session_settings,
        limits=settings.limits,
    )


async def _deny(websocket: WebSocket, status_code: int, error: HandstreamError) -> None:
    """Answers the upgrade request with an HTTP error instead."""
    headers = {"Retry-After": "1"} if status_code == 503 else None  # noqa: PLR2004 - HTTP 503 Service Unavailable
    await websocket.send_denial_response(JSONResponse(error_object(ErrorMessage.of(error)), status_code, headers))


def _summary(frames: FlowStatistics) -> str:
    return f"{frames.received} frames, {frames.answered} answered, {frames.failed} failed, {sum(frames.dropped.values())} dropped"


class _Connection:
    """One open connection. All of it runs on the event loop, but for `_process` and what that calls."""

    def __init__(self, websocket: WebSocket, session: Session, executor: Executor, engine: Engine) -> None:
        self._websocket = websocket
        self._session = session
        self._loop = asyncio.get_running_loop()
        self._pipeline = FramePipeline(engine, max_frame_pixels=session.limits.max_frame_pixels)
        self._lane = executor.open_lane(self._process, at_end=self._pipeline.close)
        self._texts: deque[str] = deque()
        self._unsent: LatestSlot[Answer] = LatestSlot()
        self._close: Close | None = None
        self._something_to_send = asyncio.Event()
        self._room_for_texts = asyncio.Event()
        self._room_for_texts.set()

    async def run(self) -> None:
        """Reads and sends until either side ends it; then gives back all that the session held."""
        session_id = self._session.identity.session_id
        logger.info("session %s began (%s)", session_id, self._session.subprotocol or "plain")
        try:
            async with asyncio.TaskGroup() as tasks:
                reader = tasks.create_task(self._read())
                await self._send()
                reader.cancel()
        except* WebSocketDisconnect:
            pass  # The client went away, which is how most sessions end.
        except* Exception:
            logger.exception("session %s failed", session_id)
            with suppress(WebSocketDisconnect):
                await self._websocket.close(_INTERNAL_ERROR, "the server failed; its log says why")
        finally:
            self._lane.close()
            logger.info("session %s ended: %s", session_id, _summary(self._session.flow.statistics()))

    # --- reading

    async def _read(self) -> None:
        while self._close is None:
            await self._room_for_texts.wait()
            message = await self._websocket.receive()
            now_ns = time.monotonic_ns()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message["code"], message.get("reason"))
            if message.get("bytes") is not None:
                self._carry_out(self._session.receive_binary(message["bytes"], now_ns))
            else:
                self._carry_out(self._session.receive_text(message["text"]))

    def _carry_out(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Offer():
                    self._offer(action)
                case Reply(text):
                    self._texts.append(text)
                case Close():
                    self._close = action
        if len(self._texts) >= _MAX_WAITING_TEXTS:
            self._room_for_texts.clear()
        if self._texts or self._close:
            self._something_to_send.set()

    def _offer(self, offer: Offer) -> None:
        trace = Trace(offer.frame.receive_time_ns)
        trace.end(Stage.RECEIVE, time.monotonic_ns())
        replaced = self._lane.offer((offer, trace))
        if replaced is not None:
            self._carry_out(self._session.drop(replaced[0].frame.frame_id, "queue"))

    # --- processing, on a thread of the executor

    def _process(self, item: tuple[Offer, Trace]) -> None:
        offer, trace = item
        trace.end(Stage.QUEUE, time.monotonic_ns())
        try:
            result = self._pipeline.process_frame(offer.frame, offer.settings, trace=trace)
            answer = self._session.encode(result, offer.settings, trace.last_time_ns)
        except HandstreamError as error:
            self._loop.call_soon_threadsafe(self._fail, offer.frame.frame_id, error)
        except Exception:
            logger.exception("session %s: frame %d could not be processed", self._session.identity.session_id, offer.frame.frame_id)
            failure = HandstreamError("The server could not process this frame; its log says why.", code="tracking_failed")
            self._loop.call_soon_threadsafe(self._fail, offer.frame.frame_id, failure)
        else:
            self._loop.call_soon_threadsafe(self._deliver, answer)

    # --- sending

    def _fail(self, frame_id: int, error: HandstreamError) -> None:
        self._carry_out(self._session.fail(frame_id, error))

    def _deliver(self, answer: Answer) -> None:
        replaced = self._unsent.put(answer)
        if replaced is not None:
            self._carry_out(self._session.drop(replaced.frame_id, "send"))
        self._something_to_send.set()

    async def _send(self) -> None:
        """Sends what there is to send, texts first, until the session is to be closed."""
        while True:
            await self._something_to_send.wait()
            if self._texts:
                await self._websocket.send_text(self._texts.popleft())
                if len(self._texts) < _MAX_WAITING_TEXTS:
                    self._room_for_texts.set()
            elif (answer := self._unsent.take()) is not None:
                await self._send_answer(answer)
            elif self._close is not None:
                await self._websocket.close(self._close.code, self._close.reason)
                return
            else:
                self._something_to_send.clear()

    async def _send_answer(self, answer: Answer) -> None:
        message = answer.stamped(send_time_ns=time.monotonic_ns(), dropped=self._session.flow.dropped)
        self._session.answer(answer.frame_id)
        if isinstance(message, str):
            await self._websocket.send_text(message)
        else:
            await self._websocket.send_bytes(message)
