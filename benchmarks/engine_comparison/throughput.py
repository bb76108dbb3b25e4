"""Frames a second with one session and with one for each core, each session in a thread of its own: `throughput`."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.engine_comparison.contenders import Contender
    from numpy.typing import NDArray

    from handstream.vision.engines import TrackerOptions

__all__ = ["Throughput", "throughput"]

ROUNDS = 4
"""One thread and all threads take turns this often."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """Frames a second, medians over the rounds."""

    contender: str
    threads: int
    one_thread_fps: float
    all_threads_fps: float

    @property
    def scaling(self) -> float:
        """All threads over one."""
        return self.all_threads_fps / self.one_thread_fps


def throughput(
    contender: Contender, frames: Sequence[NDArray[np.uint8]], options: TrackerOptions, *, threads: int, seconds: float
) -> Throughput:
    """Runs sessions over the frames, forward and back, as fast as they go. Blocks.

    Args:
        contender: The engine; ours with one thread an inference, so that one session means one core.
        frames: One hand in view in each.
        options: What is asked of it.
        threads: How many sessions at once.
        seconds: How long each round runs.
    """
    rounds: dict[int, list[float]] = {1: [], threads: []}
    for _ in range(ROUNDS):
        for count, rates in rounds.items():
            rates.append(_rate(contender, frames, options, count, seconds))
    return Throughput(contender.name, threads, float(np.median(rounds[1])), float(np.median(rounds[threads])))


def _rate(contender: Contender, frames: Sequence[NDArray[np.uint8]], options: TrackerOptions, threads: int, seconds: float) -> float:
    """Frames a second of all sessions together, counted after every session has found its hand."""
    ready = threading.Barrier(threads)

    def follow() -> float:
        session = contender.open(options)
        session.process(frames[0])
        ready.wait()
        start_s, count = time.monotonic(), 0
        for frame in itertools.cycle([*frames, *reversed(frames)]):
            session.process(frame)
            count += 1
            if (elapsed_s := time.monotonic() - start_s) > seconds:
                break
        session.close()
        return count / elapsed_s

    with ThreadPoolExecutor(threads) as pool:
        return sum(future.result() for future in [pool.submit(follow) for _ in range(threads)])
