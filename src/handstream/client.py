"""The Python client of `handstream.v1`: `connect` opens a session, `send` takes frames, iterating gives what became of each.

    async with connect("ws://127.0.0.1:8000", settings={"output": "landmarks"}) as session:
        await session.send(image)
        async for outcome in session:
            ...

Theory of operation
-------------------

What leaves when, and what became of it, is decided without a socket (`passage`): few frames are on their way, and of those that wait here
the newest wins. A frame leaves when the outcome of another is read, which is why a session is iterated over while frames are sent.

A connection that is lost is opened again by whoever iterates, after waits that grow and are random, and the session is resumed by its
token; where the server closed it because no frame came, once there is one. Frames that were on their way are dropped at `network_up`, or at
`network_down` if the server had received them; those that are sent meanwhile wait like any other, so the newest is the first to leave. A
server that has forgotten the session begins a fresh one, with the settings as they were and numbers that go on. A change of settings that
no server has confirmed is asked for again.

What a message tells is kept before anything else is waited for, so an iteration that is cancelled, as by a timeout, loses no outcome.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Self

from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from handstream import __version__
from handstream.adaptation import Adaptation
from handstream.client_arguments import check_options, checked_image, checked_stamp
from handstream.connection import SessionClosedError, how_it_ended, open_connection
from handstream.errors import HandstreamError, MessageError
from handstream.frames import Frame, Stage
from handstream.outcomes import Answered, ClientStatistics, Dropped, Failed, Outcome
from handstream.passage import FramePassage
from handstream.protocol import wire
from handstream.protocol.control import Ack, ErrorMessage, Hello, SettingsMessage
from handstream.protocol.parsing import parse_server_message
from handstream.protocol.trace import Trace
from handstream.reconnection import ConnectionState, Reconnection
from handstream.vision.codec import encode_jpeg

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray
    from websockets.asyncio.client import ClientConnection

    from handstream.client_arguments import ImageBytes
    from handstream.protocol.clock import RemoteClock
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
        ValueError: An argument is out of its range.
        HandstreamError: There is no server, it refuses the session, or it does not take the settings; the code says which.
    """
    check_options(
        settings=settings,
        frame_interval_ms=frame_interval_ms,
        jpeg_quality=jpeg_quality,
        min_scale=min_scale,
        reconnect_within_s=reconnect_within_s,
        token=token,
    )
    hello = Hello(client=client, settings=settings or {}, features=("ack",))
    websocket, welcome = await open_connection(url, hello, token=token, tls=tls)
    adaptation = (
        Adaptation(frame_interval_ms=frame_interval_ms, jpeg_quality=jpeg_quality, min_scale=min_scale, settings=welcome.settings)
        if adaptive
        else None
    )
    session = ClientSession(
        websocket,
        welcome,
        passage=FramePassage(frame_interval_ms=frame_interval_ms, adaptation=adaptation),
        jpeg_quality=jpeg_quality,
        adaptation=adaptation,
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
        passage: FramePassage,
        jpeg_quality: int,
        adaptation: Adaptation | None,
        reconnection: Reconnection,
    ) -> None:
        self.welcome = welcome
        self.settings = welcome.settings
        self._websocket = websocket
        self._passage = passage
        self._jpeg_quality = jpeg_quality
        self._adaptation = adaptation
        self._reconnection = reconnection
        self._ended: HandstreamError | None = None
        self._coming_back: asyncio.Timeout | None = None
        self._outcomes: deque[Outcome] = deque()
        self._changes: dict[str, object] = {}
        self._unconfirmed: dict[str, object] = {}
        self._reconnections = 0
        self._next_frame_id = 0
        self._is_sending = False
        self._frame_came = asyncio.Event()

    async def send(self, image: ImageBytes | NDArray[np.uint8], *, capture_time_ns: int | None = None) -> int:
        """Sends a frame, at once if few enough are on their way, else when one of them is settled.

        Args:
            image: A whole JPEG, PNG or WebP; or uint8 `(height, width, 3)`, RGB, which is encoded as JPEG on another thread. A view that is
                not contiguous is copied first.
            capture_time_ns: When it was captured, on a clock of the caller's, which comes back with the result. None is now, on the
                monotonic clock.

        Returns:
            The frame's number.

        Raises:
            ValueError: The image is no such array and no bytes, or the time is no whole number in 0..2**64-1.
            HandstreamError: The session has ended.
        """
        self._check_open()
        trace = Trace(time.monotonic_ns())
        captured_ns = trace.start_time_ns if capture_time_ns is None else checked_stamp(capture_time_ns)
        encoded = await self._encoded(checked_image(image), trace)
        frame = Frame(self._next_frame_id, encoded, captured_ns)
        self._next_frame_id = (self._next_frame_id + 1) % 2**32
        self._passage.put(frame, trace, time.monotonic_ns())
        self._frame_came.set()
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
        """Ends the session, also while it is about to connect again. A second call does nothing."""
        self._ended = self._ended or SessionClosedError(_NORMAL_CLOSURE, "this client closed it")
        coming_back, self._coming_back = self._coming_back, None
        if coming_back is not None:
            coming_back.reschedule(asyncio.get_running_loop().time())
        await self._websocket.close()

    @property
    def rate(self) -> RateDecision | None:
        """How often and how finely an adaptive session sends now, and what limits it; None for one that does not adapt."""
        return None if self._adaptation is None else self._adaptation.decision

    @property
    def clock(self) -> RemoteClock:
        """The server's clock as this client knows it: `to_local` of its stamps, the offset and its error, the round trip on the network."""
        return self._passage.clock

    def statistics(self) -> ClientStatistics:
        """The frames so far."""
        return self._passage.statistics(self._reconnections)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome:
        """The next outcome, as it arrives. Ends when the session is closed normally.

        Raises:
            SessionClosedError: The session ended otherwise, and could not be taken up again in time.
            HandstreamError: The server refuses to take it up again; the code says why.
        """
        while not self._outcomes:
            await self._take_message()
            await self._send_waiting()
        return self._outcomes.popleft()

    async def _take_message(self) -> None:
        """Waits for the next message, though not for long, and keeps what it says became of a frame."""
        try:
            async with asyncio.timeout(self._look_s()):
                message = await self._websocket.recv()
        except TimeoutError:
            return
        except ConnectionClosed as error:
            await self._come_back(how_it_ended(error))
            return
        try:
            if isinstance(message, str):
                self._heard(parse_server_message(message))
            else:
                await self._answered(message, time.monotonic_ns())
        except MessageError as error:  # The session goes on; a frame whose answer this was is given up in time.
            self._keep(Failed(None, error))

    async def _come_back(self, lost: SessionClosedError) -> None:
        """Connects again, if there is reason to, and settles the frames that were on their way."""
        if not (lost.may_come_again and self._reconnection.within_s):
            self._ended = self._ended or lost
        self._end_iteration()
        self._reconnection.on_state(ConnectionState.RECONNECTING)
        try:
            async with asyncio.timeout(None) as self._coming_back:
                if lost.is_idle:
                    await self._until_a_frame_waits()
                self._websocket, self.welcome = await self._reconnection.open(lost, self.welcome, self.settings)
        except TimeoutError:  # `close` was called meanwhile.
            self._end_iteration()
        except HandstreamError as error:
            self._ended = error
            raise
        finally:
            self._coming_back = None
        self._outcomes.extend(self._passage.abandon(self.welcome.last_frame_id if self.welcome.resumed else None))
        self.settings = self.welcome.settings
        self._changes = self._unconfirmed | self._changes
        self._reconnections += 1
        self._reconnection.on_state(ConnectionState.CONNECTED)
        await self._send_changes()
        await self._send_waiting()

    async def _until_a_frame_waits(self) -> None:
        while not self._passage.is_waiting:
            self._frame_came.clear()
            await self._frame_came.wait()

    def _look_s(self) -> float:
        """How long to wait for a message: until the frame that waits is due, if it is this task that is to send it then."""
        if self._is_sending or not self._is_connected:
            return _LONGEST_LOOK_S  # It may be due for long, as while the other side does not answer a close.
        return self._passage.wait_s(time.monotonic_ns(), _LONGEST_LOOK_S)

    @property
    def _is_connected(self) -> bool:
        return self._websocket.state is State.OPEN

    def _check_open(self) -> None:
        if self._ended is not None:
            # It may be raised for each frame of a camera: without this its traceback would hold the frames of all those calls.
            raise self._ended.with_traceback(None)

    def _end_iteration(self) -> None:
        """Ends the iteration if the session has ended: as a loop does where both sides are done, else with the error."""
        if isinstance(self._ended, SessionClosedError) and self._ended.close_code == _NORMAL_CLOSURE:
            raise StopAsyncIteration
        self._check_open()

    async def _answered(self, message: bytes, arrived_ns: int) -> None:
        """Acknowledges a result. It is none for the caller if its frame was given up, or if it is too old to be of use."""
        result = wire.decode_result(message)
        self._reconnection.failures = 0
        self._keep(self._passage.answered(result, len(message), arrived_ns, time.monotonic_ns()))
        await self._write(Ack(result.frame_id).text())
        if self._adaptation is not None:
            self._changes |= self._adaptation.settings_to_ask_for()
            await self._send_changes()

    def _heard(self, message: ServerMessage | None) -> None:
        if isinstance(message, SettingsMessage):
            self.settings = message.settings
            self._unconfirmed = {name: value for name, value in self._unconfirmed.items() if self.settings.get(name) != value}
        elif isinstance(message, ErrorMessage) and message.code == "bad_settings":
            self._unconfirmed = {}
        self._keep(self._passage.heard(message, time.monotonic_ns()))

    def _keep(self, outcome: Outcome | None) -> None:
        """Keeps an outcome for whoever iterates."""
        if outcome is not None:
            self._outcomes.append(outcome)

    async def _encoded(self, image: bytes | NDArray[np.uint8], trace: Trace) -> bytes:
        """The image as it travels."""
        if self._adaptation is not None:
            self._adaptation.see(image, _ms(trace.start_time_ns))
        if isinstance(image, bytes):
            return image
        if self._adaptation is not None:
            encoded = await asyncio.to_thread(self._adaptation.encode, image)
        else:
            encoded = await asyncio.to_thread(encode_jpeg, image, self._jpeg_quality)
        trace.end(Stage.PACK, time.monotonic_ns())
        return encoded

    async def _send_waiting(self) -> None:
        """Gives up what is overdue, and sends the frame that waits, if one does and few enough are on their way."""
        self._outcomes.extend(self._passage.expire(time.monotonic_ns()))
        if self._is_sending:
            return  # Another task is about to: it sends this frame too, if there is a place for it.
        self._is_sending = True
        try:
            while self._is_connected and (messages := self._passage.departure(time.monotonic_ns())):
                for message in messages:
                    await self._write(message)
        finally:
            self._is_sending = False

    async def _send_changes(self) -> None:
        """Sends the changes of settings that have not been, now or when there is another connection."""
        if self._changes and self._is_connected:
            changes, self._changes = self._changes, {}
            self._unconfirmed |= changes
            await self._write(SettingsMessage(settings=changes).text())

    async def _write(self, message: bytes | str) -> None:
        """Writes to the connection. If it is lost, the iteration finds out, and either comes back or tells."""
        with suppress(ConnectionClosed):
            await self._websocket.send(message)


def _ms(time_ns: int) -> float:
    return time_ns / 1e6
