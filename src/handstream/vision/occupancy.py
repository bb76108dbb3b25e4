"""How busy the engine is with pictures: `Occupancy` decides whether an inference may spread over several threads, and how much may wait."""

from __future__ import annotations

import math
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["CROWDING_MS", "QUIET_MS", "Occupancy"]

QUIET_MS = 500.0
"""How long pictures must have come one at a time before an inference spreads over idle cores.

Two streams of 30 pictures/s meet every few pictures, so half a second without a meeting means that there is room.
"""

CROWDING_MS = 500.0
"""Over how long crowding is averaged: what was longer ago counts for a third. A second picture now and then is no crowd."""


class Occupancy:
    """Counts the pictures being processed at the same time. Safe to use from many threads.

    An inference on several threads answers sooner but costs more processor time in all, so it is for the picture that is alone. Two
    pictures at once, now or a moment ago, mean that cores are wanted by others: then each inference keeps to one thread.

    Args:
        cores: The processor cores that the pictures share: those of the engine, where several processes divide up the machine.
        clock_ns: The monotonic clock.
    """

    def __init__(self, cores: int, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._cores = cores
        self._clock_ns = clock_ns
        self._lock = threading.Lock()
        self._running = 0
        self._last_meeting_ns: int | None = None
        self._others = 0.0  # pictures beyond the first, averaged over time
        self._others_ns = clock_ns()

    def crowding(self) -> float:
        """How many pictures were here at once of late, beyond the first, on average: as a share of the cores beyond the first.

        Returns:
            0 where pictures come one at a time, as those of one stream always do; 1 where each core has one all the time.
        """
        with self._lock:
            self._average(self._clock_ns())
            return self._others / max(1, self._cores - 1)

    @contextmanager
    def picture(self) -> Iterator[bool]:
        """Counts one picture while it is processed; gives whether its inferences may spread over several threads."""
        spread = self._enter()
        try:
            yield spread
        finally:
            now_ns = self._clock_ns()
            with self._lock:
                self._average(now_ns)
                self._running -= 1

    def _enter(self) -> bool:
        now_ns = self._clock_ns()
        with self._lock:
            self._average(now_ns)
            self._running += 1
            if self._running > 1:
                self._last_meeting_ns = now_ns
            return self._last_meeting_ns is None or now_ns - self._last_meeting_ns > QUIET_MS * 1_000_000

    def _average(self, now_ns: int) -> None:
        """Brings the average up to now, before the number of pictures changes. The lock is held."""
        elapsed_ns = max(0, now_ns - self._others_ns)
        self._others_ns += elapsed_ns
        self._others += (max(0, self._running - 1) - self._others) * -math.expm1(-elapsed_ns / (CROWDING_MS * 1_000_000))
