"""Strangers' damaged bytes over real sockets, beside honest sessions: what they cost those, and the server, `fuzz`.

Four honest sessions send 30 frames/s each, in turns quiet and with fuzzers beside them. The fuzzers are one process, and each message of
theirs was a valid one before it was damaged: cut, overwritten, its bits flipped, a piece of it doubled, or another one behind it.

- *Lasting* connections of both ways say a whole upgrade (and hello), then damaged images, frames and texts, in whole WebSocket frames, as
  often as a camera would. They read what they are answered, and open another connection when theirs is closed.
- *Short* ones damage the request, or the frames of the WebSocket that follow a whole one, and are gone after a moment, rudely.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import time
from collections import Counter
from dataclasses import dataclass
from itertools import chain, cycle
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.hardening_trials.by_hand import BINARY, RESET, TEXT, masked, upgrade
from benchmarks.hardening_trials.honest import HONEST, LIMITED, Honest, yield_processors

from benchmarks.hardening_trials import by_hand
from handstream.bench.load import LoadPlan
from handstream.bench.servers import serving
from handstream.bench.worker import Worker
from handstream.frames import Frame
from handstream.protocol import wire
from tests.fuzz.broken_images import broken, damaged, seeds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handstream.bench.load import Load
    from handstream.bench.servers import Server, Usage

__all__ = ["Fuzzed", "Fuzzing", "fuzz"]

LASTING: Final = 8
LASTING_PER_SECOND: Final = 60
SHORT_PER_SECOND: Final = 20
AGAIN_AFTER_S: Final = 0.3
ADDRESSES: Final = 250
"""Each address and all together send less than the limits let in: what is refused before it is read is fuzzed by nobody. The server
remembers 4,096 addresses; of so few it knows all after a moment, and that is no growth."""

QUIET_S: Final = 5.0
WARM_UP_S: Final = 60.0
"""The networks of both complexities are compiled in it, and all buffers used."""

LEAD_S: Final = 1.5
SETTLE_S: Final = 35.0
"""Sessions that were cut off can be resumed for 30 s, and hold what they have until then."""

PATIENCE_S: Final = 2.0
SERVER_FAILED: Final = 1011
"""The close code of a server that met an error of its own (RFC 6455, section 7.4.1)."""

QUERY: Final = "?output=landmarks"

VECTORS: Final = Path(__file__).parents[2] / "tests" / "vectors" / "client_messages.json"


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What came of one trial.

    Attributes:
        honest: How the honest sessions fared.
        sent: What the fuzzers sent, by kind; empty where it was quiet.
        answered: What they were answered: results, errors, and close codes.
    """

    honest: Honest
    sent: dict[str, int]
    answered: dict[str, int]


@dataclass(frozen=True, slots=True)
class Fuzzing:
    """All trials, and what the server held.

    Attributes:
        trials: Quiet and fuzzed in turns, quiet at both ends.
        held: After the minute that is not counted and after each round, once it had settled; None if the server was gone.
    """

    trials: list[Fuzzed]
    held: list[Usage | None]

    @property
    def grown_bytes(self) -> float:
        """How much resident memory the rounds after the first added; not a number if there were none, or the server was gone.

        Damaged headers declare pictures of any size, and the allocator keeps for each thread some of the room that they took. So memory
        grows at first, the less the longer it goes on; what is kept of each message is added in every round alike.
        """
        _, first, *later = self.held
        last = later[-1] if later else None
        return float("nan") if first is None or last is None else last.memory_bytes - first.memory_bytes


def fuzz(load: Load, messages: int, rounds: int) -> Fuzzing:
    """Has about so many damaged messages sent in so many rounds, after a minute that is not counted. Blocks, for some minutes."""
    seconds = messages / rounds / (LASTING * LASTING_PER_SECOND + SHORT_PER_SECOND)
    with serving(LIMITED) as server, Worker(yield_processors) as fuzzers:
        fuzzers.result(30)
        _trial(server, load, fuzzers, WARM_UP_S)
        held = [_settled(server)]
        trials = [_trial(server, load, None, QUIET_S)]
        for _ in range(rounds):
            trials.append(_trial(server, load, fuzzers, seconds))
            held.append(_settled(server))
            trials.append(_trial(server, load, None, QUIET_S))
        return Fuzzing(trials, held)


def _trial(server: Server, load: Load, fuzzers: Worker | None, seconds: float) -> Fuzzed:
    """Measures for so long, and lets the fuzzers come a little before."""
    running = load.start(LoadPlan(url=server.url, way="v1", warm_up_s=2 * LEAD_S, seconds=seconds), HONEST)
    time.sleep(max(0.0, running.window_ns / 1e9 - LEAD_S - time.monotonic()))
    sent, answered = {}, {}
    if fuzzers is not None:
        fuzzers.start(_come, *server.host_and_port, LEAD_S + seconds)
        sent, answered = fuzzers.result(LEAD_S + seconds + 30)
    return Fuzzed(Honest.of(running.records(seconds + 60)), sent, answered)


def _settled(server: Server) -> Usage | None:
    time.sleep(SETTLE_S)
    return server.usage()


# --- in the fuzzers' process


def _come(host: str, port: int, seconds: float) -> tuple[dict[str, int], dict[str, int]]:
    return asyncio.run(_Fuzzers(host, port, seconds).come())


class _Fuzzers:
    """All who come in one trial."""

    def __init__(self, host: str, port: int, seconds: float) -> None:
        self._target = (host, port)
        self._end_s = time.monotonic() + seconds
        self._sent: Counter[str] = Counter()
        self._answered: Counter[str] = Counter()
        self._seed = random.randrange(1 << 30)
        self._tasks: set[asyncio.Task[None]] = set()

    async def come(self) -> tuple[dict[str, int], dict[str, int]]:
        await asyncio.gather(*(self._last(number) for number in range(LASTING)), self._come_shortly())
        await asyncio.gather(*self._tasks)
        return dict(self._sent), dict(self._answered)

    # --- those that last

    async def _last(self, number: int) -> None:
        """One connection after another, half of them of each way."""
        is_v1 = number % 2 == 0
        messages = _v1_messages(self._seed + number) if is_v1 else _plain_messages(self._seed + number)
        while time.monotonic() < self._end_s:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._converse(upgrade(is_v1=is_v1, query=QUERY), is_v1, messages)
            await asyncio.sleep(AGAIN_AFTER_S)

    async def _converse(self, request: bytes, is_v1: bool, messages: Iterator[tuple[int, bytes]]) -> None:  # noqa: FBT001 - private
        reader, writer = await self._open()
        try:
            writer.write(request)
            if b" 101 " not in await reader.readuntil(b"\r\n\r\n"):
                self._answered["refused"] += 1
                return
            if is_v1:
                writer.write(masked(TEXT, b'{"type": "hello"}'))
            reading = asyncio.create_task(self._read(reader, writer))
            await self._send(writer, messages, reading)
            reading.cancel()
        finally:
            writer.transport.abort()

    async def _send(self, writer: asyncio.StreamWriter, messages: Iterator[tuple[int, bytes]], reading: asyncio.Task[None]) -> None:
        """Sends at a steady rate until the server has closed."""
        due_s = time.monotonic()
        while due_s < self._end_s and not reading.done():
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            due_s += 1 / LASTING_PER_SECOND
            opcode, message = next(messages)
            writer.write(masked(opcode, message))
            await writer.drain()
            self._sent["texts" if opcode == TEXT else "frames and images"] += 1

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Counts what the server says, until it closes, and answers its pings: who does not is closed as if the server had failed."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                opcode, length = await reader.readexactly(2)
                if length >= 126:  # noqa: PLR2004 - RFC 6455, section 5.2
                    length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")  # noqa: PLR2004 - as above
                body = await reader.readexactly(length)
                match opcode & 0xF:
                    case by_hand.CLOSE:
                        self._answered[f"closed with {int.from_bytes(body[:2], 'big')}"] += 1
                        return
                    case by_hand.PING:
                        writer.write(masked(by_hand.PONG, body))
                    case _:
                        self._answered["errors" if b'"error"' in body[:40] else "results and others"] += 1

    # --- those that do not

    async def _come_shortly(self) -> None:
        whole = [upgrade(is_v1=is_v1, query=QUERY) for is_v1 in (False, True)]
        requests = chain.from_iterable(zip(damaged(whole, self._seed), cycle(whole), strict=False))
        frames = damaged([b"".join(masked(*message) for message in _seeds())], self._seed)
        due_s = time.monotonic()
        while due_s < self._end_s:
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            due_s += 1 / SHORT_PER_SECOND
            task = asyncio.create_task(self._intrude(next(requests), next(frames)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _intrude(self, request: bytes, frames: bytes) -> None:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            reader, writer = await self._open()
            try:
                self._sent["requests"] += 1
                async with asyncio.timeout(random.uniform(0.05, PATIENCE_S)):
                    writer.write(request)
                    if b" 101 " in await reader.readuntil(b"\r\n\r\n"):
                        self._sent["streams of frames"] += 1
                        writer.write(frames)
                    while await reader.read(65_536):
                        pass
            finally:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                writer.transport.abort()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection from one of many addresses of this machine."""
        source = f"127.1.1.{random.randrange(1, ADDRESSES + 1)}"
        return await asyncio.open_connection(*self._target, local_addr=(source, 0))


def _plain_messages(seed: int) -> Iterator[tuple[int, bytes]]:
    """Damaged images, each one message."""
    return ((BINARY, image) for image in broken(seed))


def _v1_messages(seed: int) -> Iterator[tuple[int, bytes]]:
    """Damaged frames and texts in turns."""
    kinds = {opcode: damaged([message for kind, message in _seeds() if kind == opcode], seed) for opcode in (BINARY, TEXT)}
    while True:
        for opcode, messages in kinds.items():
            yield opcode, next(messages) if opcode == BINARY else next(messages).decode("utf-8", "replace").encode()


def _seeds() -> list[tuple[int, bytes]]:
    """Valid messages of `handstream.v1`, each with its opcode."""
    texts = [entry["text"].encode() for entry in json.loads(VECTORS.read_text())]
    frames = [wire.encode_frame(Frame(number, image)) for number, image in enumerate(seeds().values())]
    return [*((TEXT, text) for text in texts), *((BINARY, frame) for frame in frames)]
