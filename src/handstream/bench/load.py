"""The clients of a benchmark: `Load` runs sessions in processes of their own that send at a steady rate, whatever comes back.

Theory of operation
-------------------

A camera does not wait for a server, so neither does a session: each frame is sent when it is due, and its age counts from that moment, also
when the socket takes it later. What a server cannot keep up with therefore shows, as age where it queues and as drops where it is left out;
a client that waits for each answer would hide both. What became of each frame is reckoned afterwards (`records`).

The clients do no more than they must, since they share the server's cores. Their pictures are encoded beforehand, of a plain answer only
the number is read, a process has few sessions, and its event loop is the server's own (uvloop where there is one). Sessions are shifted
against each other within a frame's interval, the same in every run.
"""

from __future__ import annotations

import asyncio
import gc
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

from uvicorn.loops.auto import auto_loop_factory
from websockets.asyncio.client import connect as connect_websocket
from websockets.exceptions import ConnectionClosed, WebSocketException

from handstream.bench.records import Window, settle
from handstream.bench.worker import Worker
from handstream.connection import open_connection
from handstream.errors import HandstreamError
from handstream.frames import Frame
from handstream.protocol import wire
from handstream.protocol.control import Ack, Hello

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from websockets.asyncio.client import ClientConnection

    from handstream.bench.records import SessionRecord

__all__ = ["PHASE_PICTURES", "Load", "LoadPlan", "RunningLoad", "Way", "phase"]

Way = Literal["plain", "v1"]
"""How a session talks to the server: JSON answers, or `handstream.v1`."""

SESSIONS_PER_PROCESS = 4
"""A session at 30 frames/s takes about 2 % of a core here, so that a process with four is far from busy."""

DRAIN_S = 4.0
"""How long a session waits for answers after its last frame."""

PHASE_PICTURES = 71
"""How far apart in the round of pictures the sessions begin, so that they do not all show the same one."""

_GOLDEN_RATIO = 0.618
"""Multiples of it modulo 1 lie evenly in 0..1, however many there are."""

_START_TIMEOUT_S = 30.0

_PLAIN_NUMBER = re.compile(r'"frame_id": ?(\d+)')
_CONNECT_S = 0.8
_CONNECT_EACH_S = 0.15
"""How long the sessions get to connect before the first frame: a graph of MediaPipe takes a tenth of a second to make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """What every session does.

    Attributes:
        url: The server's WebSocket.
        way: How to talk to it.
        token: What the server asks for, if it does; for `handstream.v1`.
        settings: What a session of `handstream.v1` asks for.
        frames_per_second: Frames sent.
        warm_up_s: How long before what is measured.
        seconds: How long is measured.
    """

    url: str
    way: Way
    token: str | None = field(default=None, repr=False)
    settings: Mapping[str, object] = field(default_factory=dict)
    frames_per_second: float = 30.0
    warm_up_s: float = 1.0
    seconds: float = 4.0


class Load:
    """Client processes, started once and used by many trials. A context manager; its end kills them."""

    def __init__(self, pictures: Sequence[bytes], max_sessions: int) -> None:
        """Starts nothing yet.

        Args:
            pictures: What each session sends, round and round.
            max_sessions: The most sessions of one trial.
        """
        self._pictures = pictures
        self._processes = -(-max_sessions // SESSIONS_PER_PROCESS)

    def __enter__(self) -> Self:
        self._workers = [Worker(_prepare, list(self._pictures)) for _ in range(self._processes)]
        try:
            for worker in self._workers:
                worker.result(_START_TIMEOUT_S)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.close()

    def start(self, plan: LoadPlan, sessions: int) -> RunningLoad:
        """Begins a trial."""
        if not 1 <= sessions <= self._processes * SESSIONS_PER_PROCESS:
            raise ValueError(f"sessions must lie in 1..{self._processes * SESSIONS_PER_PROCESS}, not {sessions}")
        first_due_ns = time.monotonic_ns() + round((_CONNECT_S + _CONNECT_EACH_S * sessions) * 1e9)
        workers = self._workers[:sessions]
        for index, worker in enumerate(workers):
            worker.start(_run_sessions, plan, list(range(index, sessions, len(workers))), first_due_ns)
        return RunningLoad(first_due_ns + round(plan.warm_up_s * 1e9), workers)


@dataclass(frozen=True, slots=True)
class RunningLoad:
    """A trial that has begun.

    Attributes:
        window_ns: When the measured time begins, on the monotonic clock.
    """

    window_ns: int
    _workers: Sequence[Worker]

    def records(self, timeout_s: float) -> list[SessionRecord]:
        """Waits for the end. What each session saw.

        Raises:
            HandstreamError: A client process was ended, or does not come to its end in time.
        """
        deadline_s = time.monotonic() + timeout_s
        return [record for worker in self._workers for record in worker.result(max(0.0, deadline_s - time.monotonic()))]


def phase(number: int) -> float:
    """How much later than the first session's the frames of that one are due, as a share of the time between two frames, 0..1."""
    return number * _GOLDEN_RATIO % 1


# --- in the client processes

_pictures: list[bytes] = []
"""What the sessions of this process send."""


def _prepare(pictures: list[bytes]) -> None:
    _pictures.extend(pictures)


def _run_sessions(plan: LoadPlan, numbers: Sequence[int], first_due_ns: int) -> list[SessionRecord]:
    async def run() -> list[SessionRecord]:
        return await asyncio.gather(*(_Session(plan, number, first_due_ns).run() for number in numbers))

    gc.collect()
    gc.disable()  # A collection of this process' garbage would look like the server's latency; a trial makes little of it.
    try:
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            return runner.run(run())
    finally:
        gc.enable()


class _Session:
    """One session of a trial, on the event loop of a client process."""

    def __init__(self, plan: LoadPlan, number: int, first_due_ns: int) -> None:
        self._plan = plan
        self._window_ns = first_due_ns + round(plan.warm_up_s * 1e9)
        self._first_due_ns = first_due_ns + round(phase(number) * 1e9 / plan.frames_per_second)
        self._phase = number * PHASE_PICTURES
        self._count = round((plan.warm_up_s + plan.seconds) * plan.frames_per_second)
        self._sent_ns: list[int] = []
        self._answers: dict[int, tuple[int, int, dict[str, float]]] = {}
        self._is_drained = asyncio.Event()
        self._error = ""

    async def run(self) -> SessionRecord:
        """Connects, sends every frame when it is due, and waits for the last answers."""
        try:
            websocket = await self._connect()
            receiving = asyncio.create_task(self._receive(websocket))
            try:
                await self._send(websocket)
                async with asyncio.timeout(DRAIN_S):
                    await self._is_drained.wait()
                receiving.cancel()
                await websocket.close()
            except TimeoutError:
                pass
            finally:
                receiving.cancel()
                # A polite close would wait behind all that is queued, as a closed tab does not.
                websocket.transport.abort()
        except (HandstreamError, WebSocketException, OSError) as error:
            self._error = f"{type(error).__name__}: {error}"
        end_ns = time.monotonic_ns()
        window = Window(self._window_ns, self._window_ns + round(self._plan.seconds * 1e9), end_ns)
        due_ns = [self._due_ns(frame_id) for frame_id in range(self._count)]
        return settle(due_ns, self._sent_ns, self._answers, window, error=self._error)

    async def _connect(self) -> ClientConnection:
        if self._plan.way == "v1":
            hello = Hello(client="handstream-bench", settings=self._plan.settings, features=("ack",))
            return (await open_connection(self._plan.url, hello, token=self._plan.token))[0]
        return await connect_websocket(self._plan.url, compression=None, max_size=None, ping_interval=None, open_timeout=DRAIN_S)

    def _due_ns(self, frame_id: int) -> int:
        return self._first_due_ns + round(frame_id * 1e9 / self._plan.frames_per_second)

    async def _send(self, websocket: ClientConnection) -> None:
        for frame_id in range(self._count):
            due_ns = self._due_ns(frame_id)
            await asyncio.sleep((due_ns - time.monotonic_ns()) / 1e9)
            picture = _pictures[(self._phase + frame_id) % len(_pictures)]
            message = picture if self._plan.way == "plain" else wire.encode_frame(Frame(frame_id, picture, due_ns))
            self._sent_ns.append(time.monotonic_ns())
            await websocket.send(message)

    async def _receive(self, websocket: ClientConnection) -> None:
        try:
            async for message in websocket:
                await self._take(websocket, message, time.monotonic_ns())
        except ConnectionClosed as error:
            self._error = f"the connection broke: {error}"
        self._is_drained.set()

    async def _take(self, websocket: ClientConnection, message: str | bytes, now_ns: int) -> None:
        if isinstance(message, str):
            found = _PLAIN_NUMBER.search(message, 0, 40)
            if self._plan.way == "v1" or found is None:
                return  # advice, a drop, an error
            frame_id, spans_ms = int(found[1]), {}
        else:
            result = wire.decode_result(message)
            await websocket.send(Ack(result.frame_id).text())
            frame_id = result.frame_id
            spans_ms = {stage.value: span_ns / 1e6 for stage, span_ns in result.stages_ns.items()}
            spans_ms["server"] = (result.send_time_ns - result.receive_time_ns) / 1e6
        self._answers[frame_id] = (now_ns, len(message), spans_ms)
        if frame_id == self._count - 1:
            self._is_drained.set()
