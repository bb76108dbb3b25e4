"""A worker is killed under load: how soon each of its sessions is answered again, and whether every frame is accounted for, `kill_one`."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from handstream.client import Answered, connect

if TYPE_CHECKING:
    from handstream.bench.servers import Server

__all__ = ["Recovery", "kill_one"]

BEFORE_S = 3.0
AFTER_S = 5.0
INTERVAL_S = 1 / 15


@dataclass(frozen=True, slots=True)
class Recovery:
    """One session through the crash.

    Attributes:
        reconnections: How often it had to connect again: 0 if its worker lived.
        silent_ms: The longest time between two answers after the kill, or from the kill to the first.
        is_in_order: Whether frame ids only ever increased.
        unaccounted: Frames sent that were neither answered, failed, dropped, lost nor on their way at the end.
        lost: Frames that were lost with the connection, as the client counts them.
    """

    reconnections: int
    silent_ms: float
    is_in_order: bool
    unaccounted: int
    lost: int


def kill_one(server: Server, image: bytes, sessions: int) -> list[Recovery]:
    """Kills (SIGKILL) one worker of a supervised server in the midst of so many sessions. Blocks for ten seconds."""
    return asyncio.run(_run(server, image, sessions))


async def _run(server: Server, image: bytes, sessions: int) -> list[Recovery]:
    killed_s: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    following = [asyncio.create_task(_follow(server, image, killed_s)) for _ in range(sessions)]
    await asyncio.sleep(BEFORE_S)
    worker = next(child for child in psutil.Process(server.pid).children() if "spawn_main" in " ".join(child.cmdline()))
    worker.kill()
    killed_s.set_result(time.monotonic())
    return await asyncio.gather(*following)


async def _follow(server: Server, image: bytes, killed_s: asyncio.Future[float]) -> Recovery:
    """One session at a camera's rate, until some seconds after the kill."""
    async with connect(server.url, settings={"output": "landmarks"}, frame_interval_ms=INTERVAL_S * 1e3) as session:

        async def send() -> None:
            while not killed_s.done() or time.monotonic() < killed_s.result() + AFTER_S:
                await session.send(image)
                await asyncio.sleep(INTERVAL_S)
            await session.close()

        sending = asyncio.create_task(send())
        answers = [(time.monotonic(), outcome.frame_id) async for outcome in session if isinstance(outcome, Answered)]
        await sending
        statistics = session.statistics()
    settled = statistics.answered + statistics.failed + statistics.dropped + statistics.in_flight
    times_s = [killed_s.result(), *(time_s for time_s, _ in answers if time_s >= killed_s.result())]
    ids = [frame_id for _, frame_id in answers]
    return Recovery(
        reconnections=statistics.reconnections,
        silent_ms=max((later - earlier) * 1e3 for earlier, later in itertools.pairwise(times_s)),
        is_in_order=all(later > earlier for earlier, later in itertools.pairwise(ids)),
        unaccounted=statistics.sent - settled,
        lost=statistics.dropped,
    )
