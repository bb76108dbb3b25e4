"""The Python client of `handstream.v1`: `connect` opens a session, `send` takes frames, iterating gives what became of each.

    async with connect("ws://127.0.0.1:8000", settings={"output": "landmarks"}) as session:
        await session.send(image)
        async for outcome in session:
            ...

Theory of operation
-------------------

For the lowest latency few frames may be on their way: what queues anywhere is old when it arrives. So only as many are unanswered as the
measured path needs (`protocol/window.py`: one on a local network), and one more waits here, where a newer one replaces it. It leaves when
the outcome of another is read, which is why a session is iterated over while frames are sent. Every frame that left has one outcome:
`Answered`, `Failed` or `Dropped`. One of which nothing is heard in time is dropped at `network_up`; an answer that comes after all is
passed over. Once a frame was given up, those that follow until something is heard again only try whether the path is back: what comes of
them has waited out the rest of the outage, a fresh one is near, and they are dropped at `network_down`. So what is `Answered` is never
older than what was before, and the first after an outage is as fresh as any.

A connection that is lost is opened again by whoever iterates, after waits that grow and are random, and the session is resumed by its
token. Frames that were on their way are dropped at `network_up`, or at `network_down` if the server had received them; those that are sent
meanwhile wait like any other, so the newest is the first to leave. A server that has forgotten the session begins a fresh one, with the
settings as they were and numbers that go on.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Self

from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from handstream import __version__
from handstream.adaptation import Adaptation
from handstream.connection import SessionClosedError, how_it_ended, open_connection
from handstream.errors import HandstreamError
from handstream.frames import Frame, Stage
from handstream.outcomes import Answered, ClientStatistics, Dropped, Failed, Outcome
from handstream.protocol import wire
from handstream.protocol.control import Ack, Advice, ErrorMessage, Hello, Ping, Pong, SettingsMessage, parse_server_message
from handstream.protocol.flow import LatestSlot
from handstream.protocol.numbering import follows
from handstream.protocol.window import FrameWindow
from handstream.reconnection import ConnectionState, Reconnection
from handstream.vision.codec import encode_jpeg

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray
    from websockets.asyncio.client import ClientConnection

    from handstream.protocol.control import ServerMessage, Welcome
    from handstream.protocol.rate import RateDecision

__all__ = [
    "Answered",
    "ClientSession",
    "ClientStatistics",
    "ConnectionState",
    "Dropped",
    "Failed",
    "Outcome",
    "SessionClosedError",
    "connect",
]

_NORMAL_CLOSURE = 1000

_LONGEST_LOOK_S = 0.25
"""How long to wait for a message before looking what is overdue, which another task may have sent meanwhile."""


@asynccontextmanager
async def connect(
    url: str,
    *,
    settings: Mapping[str, object] | None = None,
    frame_interval_ms: float = 33.0,
    jpeg_quality: int = 80,
    client: str = f"handstream-python/{__version__}",
    adaptive: bool = False,
    min_scale: float = 0.25,
    reconnect_within_s: float = 60.0,
    on_state: Callable[[ConnectionState], None] | None = None,
    token: str | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[ClientSession]:
    """Opens a session, and closes it at the end of the `async with` block.

    Args:
        url: The server, as in `ws://127.0.0.1:8000`, `http://127.0.0.1:8000` or with a path other than `/ws/video`.
        settings: Those to begin with, under their names in docs/protocol.md.
        frame_interval_ms: The time between the caller's frames. The shorter it is and the longer the path, the more may be unanswered.
        jpeg_quality: Quality at which arrays are encoded before they are sent, 1..100.
        client: What the client calls itself.
        adaptive: Whether to send less often, and arrays less finely, when path or server cannot keep up with a frame each
            `frame_interval_ms` at `jpeg_quality`; it also moves the setting `jpeg_quality` of the annotated pictures. With the output
            `landmarks`, arrays are sent no larger than the networks can use either.
        min_scale: The least share of an array's width and height that an adaptive session sends, above 0 and at most 1.
        reconnect_within_s: How long to try to connect again when the connection is lost. 0 does not try.
        on_state: Called when the connection is lost, and when there is another.
        token: What the server asks for, if it does.
        tls: How to judge the certificate of a `wss` or `https` server; None trusts the authorities that this machine trusts.

    Raises:
        HandstreamError: There is no server, it refuses the session, or it does not take the settings; the code says which.
    """
    if not 0 < frame_interval_ms < math.inf:
        raise ValueError(f"frame_interval_ms must be a number above 0, not {frame_interval_ms}")
    if not 0 < min_scale <= 1:
        raise ValueError(f"min_scale must lie above 0 and be at most 1, not {min_scale}")
    hello = Hello(client=client, settings=settings or {}, features=("ack",))
    websocket, welcome = await open_connection(url, hello, token=token, tls=tls)
    session = ClientSession(
        websocket,
        welcome,
        window=FrameWindow(interval_ms=frame_interval_ms),
        jpeg_quality=jpeg_quality,
        adaptation=Adaptation(
            frame_interval_ms=frame_interval_ms, jpeg_quality=jpeg_quality, min_scale=min_scale, settings=welcome.settings
        )
        if adaptive
        else None,
        reconnection=Reconnection(url, client, reconnect_within_s, on_state or (lambda _: None), token, tls),
    )
    try:
        yield session
    finally:
        await session.close()


class ClientSession:
    """One open session; made by `connect`. Used by the tasks of one event loop.

    Attributes:
        welcome: What the server said of itself.
        settings: All settings as the server last confirmed them.
    """

    def __init__(
        self,
        websocket: ClientConnection,
        welcome: Welcome,
        *,
        window: FrameWindow,
        jpeg_quality: int,
        adaptation: Adaptation | None,
        reconnection: Reconnection,
    ) -> None:
        self.welcome = welcome
        self.settings = welcome.settings
        self._websocket = websocket
        self._window = window
        self._jpeg_quality = jpeg_quality
        self._adaptation = adaptation
        self._reconnection = reconnection
        self._ended: HandstreamError | None = None
        self._lost: deque[Dropped] = deque()
        self._changes: dict[str, object] = {}
        self._reconnections = 0
        self._next_frame_id = 0
        self._waiting: LatestSlot[Frame] = LatestSlot()
        self._replaced = 0
        self._stale = 0
        self._newest_answered_id: int | None = None
        self._waits_since_ms = 0.0
        self._is_sending = False

    async def send(self, image: bytes | NDArray[np.uint8], *, capture_time_ns: int | None = None) -> int:
        """Sends a frame, at once if few enough are on their way, else when one of them is settled.

        Args:
            image: A whole JPEG, PNG or WebP; or uint8 `(height, width, 3)`, RGB, which is encoded as JPEG on another thread.
            capture_time_ns: When it was captured, on a clock of the caller's, which comes back with the result. None is now, on the
                monotonic clock.

        Returns:
            The frame's number.

        Raises:
            HandstreamError: The session has ended.
        """
        self._check_open()
        capture_time_ns = time.monotonic_ns() if capture_time_ns is None else capture_time_ns
        frame = Frame(self._next_frame_id, await self._encoded(image), capture_time_ns)
        self._next_frame_id = (self._next_frame_id + 1) % 2**32
        self._replaced += self._waiting.put(frame) is not None
        self._waits_since_ms = _ms(time.monotonic_ns())
        await self._send_waiting()
        return frame.frame_id

    async def change(self, **settings: object) -> None:
        """Asks for a change of settings, which holds from the next frame on. A refusal comes as a `Failed` without a frame.

        Raises:
            HandstreamError: The session has ended.
        """
        self._check_open()
        if self._adaptation is not None:
            self._adaptation.want(settings, _ms(time.monotonic_ns()))
        self._changes |= settings
        await self._send_changes()

    async def close(self) -> None:
        """Ends the session. A second call does nothing."""
        await self._websocket.close()

    @property
    def rate(self) -> RateDecision | None:
        """How often and how finely an adaptive session sends now, and what limits it; None for one that does not adapt."""
        return None if self._adaptation is None else self._adaptation.decision

    def statistics(self) -> ClientStatistics:
        """The frames so far."""
        frames = self._window.statistics()
        return ClientStatistics(
            sent=frames.sent,
            replaced=self._replaced,
            answered=frames.answered - self._stale,
            failed=frames.refused,
            dropped=sum(frames.dropped.values()) + self._stale,
            in_flight=frames.in_flight,
            late=frames.late,
            reconnections=self._reconnections,
        )

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome:
        """The next outcome, as it arrives. Ends when the session is closed normally.

        Raises:
            SessionClosedError: The session ended otherwise, and could not be taken up again in time.
            HandstreamError: The server refuses to take it up again; the code says why.
        """
        while not self._lost:
            outcome = await self._next_outcome()
            await self._send_waiting()
            if outcome is not None:
                return outcome
        return self._lost.popleft()

    async def _next_outcome(self) -> Outcome | None:
        """What the next message says became of a frame; None if it says nothing of the kind, or none comes soon."""
        try:
            async with asyncio.timeout(self._look_s()):
                message = await self._websocket.recv()
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            await self._come_back(how_it_ended(error))
            return None
        if isinstance(message, str):
            return self._control(parse_server_message(message))
        return await self._answered(message, time.monotonic_ns())

    async def _come_back(self, lost: SessionClosedError) -> None:
        """Connects again, if there is reason to, and settles the frames that were on their way."""
        if lost.close_code == _NORMAL_CLOSURE:
            raise StopAsyncIteration
        self._ended = self._ended or (None if lost.may_come_again and self._reconnection.within_s else lost)
        self._check_open()
        self._reconnection.on_state(ConnectionState.RECONNECTING)
        try:
            self._websocket, self.welcome = await self._reconnection.open(lost, self.welcome, self.settings)
        except HandstreamError as error:
            self._ended = error
            raise
        self._settle_lost()
        self.settings = self.welcome.settings
        self._reconnections += 1
        self._reconnection.on_state(ConnectionState.CONNECTED)
        await self._send_changes()
        await self._send_waiting()

    def _settle_lost(self) -> None:
        """None of the frames that were on their way will be answered any more."""
        last_id = self.welcome.last_frame_id if self.welcome.resumed else None
        for frame in self._window.abandon():
            has_arrived = last_id is not None and not follows(frame.frame_id, last_id)
            self._lost.append(Dropped(frame.frame_id, "network_down" if has_arrived else "network_up"))

    @property
    def _is_connected(self) -> bool:
        return self._websocket.state is State.OPEN

    def _check_open(self) -> None:
        if self._ended is not None:
            raise self._ended

    def _look_s(self) -> float:
        """How long to wait for a message before looking what else is to be done."""
        if self._adaptation is None or not self._waiting or not self._window.may_send:
            return _LONGEST_LOOK_S
        return min(_LONGEST_LOOK_S, max(0.0, self._adaptation.departure_ms(self._waits_since_ms) - _ms(time.monotonic_ns())) / 1e3)

    def _is_newer(self, frame_id: int) -> bool:
        """Whether that frame comes after all whose results the caller has been given."""
        return self._newest_answered_id is None or follows(frame_id, self._newest_answered_id)

    async def _answered(self, message: bytes, now_ns: int) -> Answered | Dropped | None:
        """Acknowledges a result. It is none for the caller if its frame was given up, or if it is too old to be of use."""
        result = wire.decode_result(message)
        await self._write(Ack(result.frame_id).text())
        queue_ms = _ms(result.stages_ns.get(Stage.QUEUE, 0))
        settlement = self._window.settle(result.frame_id, "answered", _ms(now_ns), queue_ms=queue_ms)
        if settlement is None or settlement.is_late:
            return None
        if settlement.is_stale or not self._is_newer(result.frame_id):
            self._stale += 1
            return Dropped(result.frame_id, "network_down")
        self._newest_answered_id = result.frame_id
        if self._adaptation is not None:
            self._adaptation.answer(settlement.frame, result, len(message), _ms(now_ns))
            self._window.interval_ms = self._adaptation.decision.frame_interval_ms
            self._changes |= self._adaptation.settings_to_ask_for()
            await self._send_changes()
        return Answered(result, round(settlement.frame.sent_ms * 1e6), now_ns)

    def _control(self, message: ServerMessage | None) -> Outcome | None:
        now_ms = _ms(time.monotonic_ns())
        match message:
            case Dropped(frame_id, "queue" | "send" as stage):
                settlement = self._window.settle(frame_id, stage, now_ms)
                if self._adaptation is not None and stage == "queue":
                    self._adaptation.replace(now_ms)
                return None if settlement is None or settlement.is_late else message
            case ErrorMessage(code, text, frame_id):
                settlement = None if frame_id is None else self._window.settle(frame_id, "refused", now_ms)
                is_known = settlement is not None and not settlement.is_late
                return Failed(frame_id, HandstreamError(text, code=code)) if is_known or frame_id is None else None
            case SettingsMessage(settings=settings):
                self.settings = settings
            case Advice(rate) if self._adaptation is not None:
                self._adaptation.advise(rate)
            case Pong(number) if self._adaptation is not None:
                self._adaptation.echo(number, now_ms)
        return None

    async def _encoded(self, image: bytes | NDArray[np.uint8]) -> bytes:
        """The image as it travels."""
        if self._adaptation is not None:
            self._adaptation.see(image, _ms(time.monotonic_ns()))
        if isinstance(image, bytes):
            return image
        if self._adaptation is not None:
            return await asyncio.to_thread(self._adaptation.encode, image)
        return await asyncio.to_thread(encode_jpeg, image, self._jpeg_quality)

    async def _send_waiting(self) -> None:
        """Gives up what is overdue, and sends the frame that waits, if one does and few enough are on their way."""
        self._lost.extend(Dropped(frame.frame_id, "network_up") for frame in self._window.expire(_ms(time.monotonic_ns())))
        if self._is_sending:
            return  # Another task is about to: it sends this frame too, if there is a place for it.
        self._is_sending = True
        try:
            while (frame := self._take_due()) is not None:
                await self._send_frame(frame)
        finally:
            self._is_sending = False

    def _take_due(self) -> Frame | None:
        """The frame that may be sent now, if there is one."""
        is_due = self._adaptation is None or self._adaptation.departure_ms(self._waits_since_ms) <= _ms(time.monotonic_ns())
        return self._waiting.take() if is_due and self._is_connected and self._window.may_send else None

    async def _send_frame(self, frame: Frame) -> None:
        message, now_ms = wire.encode_frame(frame), _ms(time.monotonic_ns())
        self._window.sent(frame.frame_id, len(message), now_ms)
        if self._adaptation is not None and self._adaptation.leave(frame.frame_id, now_ms):
            await self._write(Ping(frame.frame_id).text())
        await self._write(message)

    async def _send_changes(self) -> None:
        """Sends the changes of settings that have not been, now or when there is another connection."""
        if self._changes and self._is_connected:
            changes, self._changes = self._changes, {}
            await self._write(SettingsMessage(settings=changes).text())

    async def _write(self, message: bytes | str) -> None:
        """Writes to the connection. If it is lost, the iteration finds out, and either comes back or tells."""
        with suppress(ConnectionClosed):
            await self._websocket.send(message)


def _ms(time_ns: int) -> float:
    return time_ns / 1e6
