"""The clients, which send and receive as their users' programs would: `stream_sessions` runs some of them in this process.

- `handstream` is the project's own Python client, adaptive: it follows the round trip, the path and the server's advice.
- `flood` is the original's page: it sends every picture that the camera gives, whatever has been answered. What the socket does not take
  waits in the client, as in a browser's `bufferedAmount`.
- `waiting` sends a picture of the camera only when nothing is unanswered.
"""

from __future__ import annotations

import asyncio
import base64
import json
import math
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import uvloop
from benchmarks.freshness_comparison.pictures import FRAMES_PER_SECOND, JPEG_QUALITY, Picture, pictures
from benchmarks.freshness_comparison.recording import Recorder, Recording, Window
from websockets.asyncio.client import connect as connect_plainly

from handstream.client import Answered, Dropped, connect
from handstream.vision.codec import decode, encode_jpeg

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from websockets.asyncio.client import ClientConnection

    from handstream.client import ClientSession

__all__ = ["Client", "Load", "stream_sessions"]

PHASE_FRAMES = 71
"""How far apart in the clip the sessions begin, so that they do not all show the same scene."""

PHASE = 0.618
"""How far apart in the camera's interval they begin: by the golden ratio, so that any number of them is spread evenly."""

_OPEN_TIMEOUT_S = 60
"""A server that makes a graph for each session on its event loop takes long to let many in."""

_MAX_PIXELS = 640 * 480


class Client(StrEnum):
    """How a client sends."""

    HANDSTREAM = "handstream"
    FLOOD = "flood"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the clients of a run do.

    Attributes:
        url: The server, or the path to it.
        client: How they send.
        output: What handstream is asked for, `annotated` or `landmarks`.
        start_s: When the cameras begin, on the system's monotonic clock.
        window: The part that is measured. The cameras end with it.
        is_page_like: Whether each picture is encoded as it is captured and each answer's picture decoded, as on a page. If not,
            pictures were encoded before and answers are not looked into, so that the clients take little of the machine.
    """

    url: str
    client: Client
    output: str = "annotated"
    start_s: float
    window: Window
    is_page_like: bool


def stream_sessions(load: Load, numbers: Sequence[int]) -> list[Recording]:
    """Runs the sessions of these numbers, from connecting to the end of the load. Blocks until then.

    Raises:
        HandstreamError: One could not connect, or was closed.
    """
    pictures()
    return uvloop.run(_stream_sessions(load, numbers))


async def _stream_sessions(load: Load, numbers: Sequence[int]) -> list[Recording]:
    stream = _stream if load.client is Client.HANDSTREAM else _stream_plainly
    recorders = [Recorder(load.window) for _ in numbers]
    await asyncio.gather(*(stream(load, number, recorder) for number, recorder in zip(numbers, recorders, strict=True)))
    return [recorder.recording() for recorder in recorders]


async def _camera(load: Load, number: int, recorder: Recorder) -> AsyncIterator[tuple[Picture, float]]:
    """Each picture with the time of its capture, as the camera gives it. Those that nobody was there to take are skipped."""
    clip = pictures()
    tick, first_s = 0, load.start_s + number * PHASE % 1 / FRAMES_PER_SECOND
    while (due_s := first_s + tick / FRAMES_PER_SECOND) < load.window.end_s:
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        recorder.capture()
        yield clip[(number * PHASE_FRAMES + tick) % len(clip)], time.monotonic()
        tick = max(tick + 1, math.floor((time.monotonic() - first_s) * FRAMES_PER_SECOND))


async def _stream(load: Load, number: int, recorder: Recorder) -> None:
    """One session of handstream's client."""
    settings = {"output": load.output}
    interval_ms = 1e3 / FRAMES_PER_SECOND
    async with connect(load.url, settings=settings, frame_interval_ms=interval_ms, jpeg_quality=JPEG_QUALITY, adaptive=True) as session:
        reading = asyncio.create_task(_read(session, load, recorder))
        before = session.statistics()
        async for picture, captured_s in _camera(load, number, recorder):
            await session.send(picture.rgb if load.is_page_like else picture.jpeg, capture_time_ns=round(captured_s * 1e9))
            now = session.statistics()
            recorder.send((now.sent - before.sent) * len(picture.jpeg))
            recorder.drop("capture", now.replaced - before.replaced)
            before = now
        recorder.unanswered = session.statistics().in_flight
        _end(reading)


async def _read(session: ClientSession, load: Load, recorder: Recorder) -> None:
    async for outcome in session:
        if isinstance(outcome, Answered):
            image = outcome.result.image or b""
            if load.is_page_like and image:
                decode(image, max_pixels=_MAX_PIXELS)
            recorder.answer(outcome.result.capture_time_ns / 1e9, len(image))
        elif isinstance(outcome, Dropped):
            recorder.drop(outcome.stage)


async def _stream_plainly(load: Load, number: int, recorder: Recorder) -> None:
    """One session of the plain way."""
    async with connect_plainly(load.url, max_size=None, compression=None, ping_interval=None, open_timeout=_OPEN_TIMEOUT_S) as websocket:
        session = _PlainSession(websocket, load, recorder)
        tasks = [asyncio.create_task(session.send()), asyncio.create_task(session.read())]
        async for picture, captured_s in _camera(load, number, recorder):
            await session.take(picture, captured_s)
        recorder.unanswered = session.unanswered
        _end(*tasks)
        websocket.transport.abort()  # as a tab that is closed: a polite close would wait behind all that is queued


def _end(*tasks: asyncio.Task[None]) -> None:
    """Ends tasks that go on until then. One that did not has failed, and its error is raised."""
    for task in tasks:
        if task.done():
            task.result()
        task.cancel()


class _PlainSession:
    """The state of one session of the plain way."""

    def __init__(self, websocket: ClientConnection, load: Load, recorder: Recorder) -> None:
        self._websocket = websocket
        self._load = load
        self._recorder = recorder
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._captured_s: list[float] = []
        self._answered = 0
        self._dropped = 0

    @property
    def unanswered(self) -> int:
        """Pictures taken of which nothing has been heard."""
        return len(self._captured_s) - self._answered - self._dropped

    async def take(self, picture: Picture, captured_s: float) -> None:
        """A picture of the camera: sends it, unless this client waits for an answer."""
        if self._load.client is Client.WAITING and self.unanswered:
            self._recorder.drop("capture")
            return
        self._captured_s.append(captured_s)
        jpeg = await asyncio.to_thread(encode_jpeg, picture.rgb, JPEG_QUALITY) if self._load.is_page_like else picture.jpeg
        self._outbox.put_nowait(jpeg)

    async def send(self) -> None:
        """Sends what is in the outbox, as fast as the socket takes it."""
        while True:
            jpeg = await self._outbox.get()
            await self._websocket.send(jpeg)
            self._recorder.send(len(jpeg))

    async def read(self) -> None:
        """Reads the answers."""
        async for message in self._websocket:
            answer = json.loads(message)
            image = base64.b64decode(answer["image"])
            if self._load.is_page_like:
                decode(image, max_pixels=_MAX_PIXELS)
            self._recorder.answer(self._captured_s[answer["frame_id"]], len(message))
            self._answered += 1
            dropped = answer.get("dropped", 0)
            self._recorder.drop("server", dropped - self._dropped)
            self._dropped = dropped
