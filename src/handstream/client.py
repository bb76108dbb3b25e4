"""The Python client of `handstream.v1`: `connect` opens a session, `send` takes frames, iterating gives what became of each.

    async with connect("ws://127.0.0.1:8000", settings={"output": "landmarks"}) as session:
        await session.send(image)
        async for outcome in session:
            ...

Theory of operation
-------------------

For the lowest latency few frames may be on their way: what queues anywhere is old when it arrives. So at most `max_in_flight` frames are
unanswered, and one more waits here, where a newer one replaces it. It leaves when the outcome of another is read, which is why a session is
iterated over while frames are sent. Every frame that left has one outcome: `Answered`, `Failed` or `Dropped`.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from websockets.asyncio.client import connect as connect_websocket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.typing import Subprotocol

from handstream import __version__
from handstream.errors import HandstreamError
from handstream.frames import Frame
from handstream.protocol import wire
from handstream.protocol.control import Dropped, ErrorMessage, Hello, SettingsMessage, Welcome, parse_server_message
from handstream.protocol.flow import LatestSlot
from handstream.vision.codec import encode_jpeg

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    import numpy as np
    from numpy.typing import NDArray
    from websockets.asyncio.client import ClientConnection

    from handstream.frames import FrameResult
    from handstream.protocol.control import ServerMessage

__all__ = ["Answered", "ClientSession", "ClientStatistics", "Dropped", "Failed", "Outcome", "SessionClosedError", "connect"]

_MAX_RESULT_BYTES = 64 * 1024 * 1024
_NORMAL_CLOSURE = 1000


class SessionClosedError(HandstreamError):
    """The session ended otherwise than by both sides being done.

    Attributes:
        close_code: The WebSocket close code; 1006 where the connection broke without one. 1001 asks to connect again.
    """

    code = "session_closed"

    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__(f"The session ended with close code {close_code}{f': {reason}' if reason else ''}.")
        self.close_code = close_code


@dataclass(frozen=True, slots=True)
class Answered:
    """The server found what is in that frame.

    Attributes:
        result: What it found, and where the server's time went.
        sent_time_ns: When the frame was handed to the socket, on this process' monotonic clock.
        received_time_ns: When the result had arrived, on the same clock.
    """

    result: FrameResult
    sent_time_ns: int
    received_time_ns: int

    @property
    def frame_id(self) -> int:
        """The frame's number, as `send` returned it."""
        return self.result.frame_id

    @property
    def round_trip_ns(self) -> int:
        """From the frame's departure to the result's arrival."""
        return self.received_time_ns - self.sent_time_ns

    @property
    def network_ns(self) -> int:
        """The part of the round trip that the server did not spend: both ways together. It needs no agreement between the clocks."""
        return self.round_trip_ns - (self.result.send_time_ns - self.result.receive_time_ns)


@dataclass(frozen=True, slots=True)
class Failed:
    """The server could not use a frame, or a message of this client.

    Attributes:
        frame_id: The frame's number, or None where the error is about no one frame.
        error: What was wrong.
    """

    frame_id: int | None
    error: HandstreamError


Outcome = Answered | Failed | Dropped


@dataclass(frozen=True, slots=True)
class ClientStatistics:
    """The frames of a session so far, as the client counts them.

    Attributes:
        sent: Frames handed to the socket.
        replaced: Frames that a newer one replaced before they were sent.
        answered: Frames answered with a result.
        failed: Frames answered with an error.
        dropped: Frames that the server dropped.
        in_flight: Frames sent of which none of this is known yet.
    """

    sent: int
    replaced: int
    answered: int
    failed: int
    dropped: int
    in_flight: int


@asynccontextmanager
async def connect(
    url: str,
    *,
    settings: Mapping[str, object] | None = None,
    max_in_flight: int = 1,
    jpeg_quality: int = 80,
    client: str = f"handstream-python/{__version__}",
) -> AsyncIterator[ClientSession]:
    """Opens a session, and closes it at the end of the `async with` block.

    Args:
        url: The server, as in `ws://127.0.0.1:8000`, `http://127.0.0.1:8000` or with a path other than `/ws/video`.
        settings: Those to begin with, under their names in docs/protocol.md.
        max_in_flight: The most frames that may be unanswered. One is best on a short path; a long one needs more to stay busy.
        jpeg_quality: Quality at which arrays are encoded before they are sent, 1..100.
        client: What the client calls itself.

    Raises:
        HandstreamError: There is no server, it refuses the session, or it does not take the settings; the code says which.
    """
    if max_in_flight < 1:
        raise ValueError(f"max_in_flight must be 1 or more, not {max_in_flight}")
    async with await _open(url) as websocket:
        await websocket.send(Hello(client=client, settings=settings or {}).text())
        match parse_server_message(await _receive_text(websocket)):
            case Welcome() as welcome:
                yield ClientSession(websocket, welcome, max_in_flight, jpeg_quality)
            case ErrorMessage() as error:
                raise HandstreamError(error.message, code=error.code)
            case other:
                raise HandstreamError(f"The server's first message is no welcome: {other}", code="bad_json")


class ClientSession:
    """One open session; made by `connect`. Used by the tasks of one event loop.

    Attributes:
        welcome: What the server said of itself.
        settings: All settings as the server last confirmed them.
    """

    def __init__(self, websocket: ClientConnection, welcome: Welcome, max_in_flight: int, jpeg_quality: int) -> None:
        self.welcome = welcome
        self.settings = welcome.settings
        self._websocket = websocket
        self._max_in_flight = max_in_flight
        self._jpeg_quality = jpeg_quality
        self._next_frame_id = 0
        self._waiting: LatestSlot[Frame] = LatestSlot()
        self._sent_times_ns: dict[int, int] = {}
        self._replaced = self._sent = self._answered = self._failed = self._dropped = 0

    async def send(self, image: bytes | NDArray[np.uint8], *, capture_time_ns: int | None = None) -> int:
        """Sends a frame, at once if few enough are on their way, else when one of them is settled.

        Args:
            image: A whole JPEG, PNG or WebP; or uint8 `(height, width, 3)`, RGB, which is encoded as JPEG on another thread.
            capture_time_ns: When it was captured, on a clock of the caller's, which comes back with the result. None is now, on the
                monotonic clock.

        Returns:
            The frame's number.

        Raises:
            SessionClosedError: The session has ended.
        """
        capture_time_ns = time.monotonic_ns() if capture_time_ns is None else capture_time_ns
        encoded = image if isinstance(image, bytes) else await asyncio.to_thread(encode_jpeg, image, self._jpeg_quality)
        frame = Frame(self._next_frame_id, encoded, capture_time_ns)
        self._next_frame_id = (self._next_frame_id + 1) % 2**32
        self._replaced += self._waiting.put(frame) is not None
        await self._send_waiting()
        return frame.frame_id

    async def change(self, **settings: object) -> None:
        """Asks for a change of settings, which holds from the next frame on. A refusal comes as a `Failed` without a frame.

        Raises:
            SessionClosedError: The session has ended.
        """
        await self._write(SettingsMessage(settings=settings).text())

    def statistics(self) -> ClientStatistics:
        """The frames so far."""
        return ClientStatistics(self._sent, self._replaced, self._answered, self._failed, self._dropped, len(self._sent_times_ns))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome:
        """The next outcome, as it arrives. Ends when the session is closed normally.

        Raises:
            SessionClosedError: The session ended otherwise.
        """
        while True:
            outcome = self._outcome(await self._read(), time.monotonic_ns())
            if outcome is not None:
                await self._send_waiting()
                return outcome

    async def _read(self) -> bytes | str:
        try:
            return await self._websocket.recv()
        except ConnectionClosed as error:
            closed = _closed(error)
            if closed.close_code == _NORMAL_CLOSURE:
                raise StopAsyncIteration from error
            raise closed from error

    def _outcome(self, message: bytes | str, now_ns: int) -> Outcome | None:
        """What a message says became of a frame, or None if it says nothing of the kind."""
        if isinstance(message, bytes):
            result = wire.decode_result(message)
            self._answered += 1
            return Answered(result, self._sent_times_ns.pop(result.frame_id, now_ns), now_ns)
        return self._control(parse_server_message(message))

    def _control(self, message: ServerMessage | None) -> Outcome | None:
        match message:
            case Dropped(frame_id):
                self._dropped += 1
                self._sent_times_ns.pop(frame_id, None)
                return message
            case ErrorMessage(code, text, frame_id):
                if frame_id is not None:
                    self._failed += 1
                    self._sent_times_ns.pop(frame_id, None)
                return Failed(frame_id, HandstreamError(text, code=code))
            case SettingsMessage(settings=settings):
                self.settings = settings
        return None

    async def _send_waiting(self) -> None:
        """Sends the frame that waits, if one does and few enough are on their way."""
        if len(self._sent_times_ns) >= self._max_in_flight or (frame := self._waiting.take()) is None:
            return
        self._sent += 1
        self._sent_times_ns[frame.frame_id] = time.monotonic_ns()
        await self._write(wire.encode_frame(frame))

    async def _write(self, message: bytes | str) -> None:
        try:
            await self._websocket.send(message)
        except ConnectionClosed as error:
            raise _closed(error) from error


async def _open(url: str) -> ClientConnection:
    try:
        return await connect_websocket(
            _endpoint(url), subprotocols=[Subprotocol(wire.SUBPROTOCOL)], compression=None, max_size=_MAX_RESULT_BYTES
        )
    except InvalidStatus as refusal:
        raise _refused(url, refusal) from refusal
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
        raise HandstreamError(f"There is no handstream server at {url}: {error}", code="cannot_connect") from error


def _endpoint(url: str) -> str:
    """The WebSocket's address: `http` becomes `ws`, and a bare server gets the path."""
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    return parts._replace(scheme=scheme, path=parts.path if parts.path.strip("/") else "/ws/video").geturl()


def _refused(url: str, refusal: InvalidStatus) -> HandstreamError:
    """The error in the server's HTTP answer, or one that names its status."""
    try:
        error = json.loads(refusal.response.body)["error"]
        return HandstreamError(error["message"], code=error["code"])
    except (ValueError, TypeError, KeyError):
        return HandstreamError(f"{url} refuses a session with HTTP {refusal.response.status_code}.", code="cannot_connect")


async def _receive_text(websocket: ClientConnection) -> str:
    try:
        return await websocket.recv(decode=True)
    except ConnectionClosed as error:
        raise _closed(error) from error


def _closed(error: ConnectionClosed) -> SessionClosedError:
    if error.rcvd is None:
        return SessionClosedError(1006, "the connection broke")
    return SessionClosedError(error.rcvd.code, error.rcvd.reason)
