"""Whether spreading an inference over several threads pays on this machine: `Spreading` tries both and keeps what was faster.

Theory of operation
-------------------
What a second thread gains cannot be known beforehand: half of the time where it runs at once on a core of its own, nothing where the
system lets it wait for the core of the thread that woke it, as schedulers do that pack a light load onto few cores to save power. So both
ways are *tried*, in turns, on pictures as they come. Then the faster one is *held* for a while, and the trial is repeated, because a load
changes. More threads must save a fair share of the time to be held, since they cost processor time in any case.
"""

from __future__ import annotations

import statistics
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["HOLD_S", "TRIAL_PICTURES", "WORTHWHILE", "Spreading"]

TRIAL_PICTURES = 9
"""Pictures that each way is tried on: the median then bears four that were disturbed. At 30 pictures/s a trial takes 0.6 s."""

HOLD_S = 60.0
"""How long the choice is held before the next trial: one picture in a hundred is then a trial of the way that was not chosen before."""

WORTHWHILE = 0.8
"""More threads are held if they take at most this share of one thread's time. Two threads that help take 0.5 to 0.7 of it, and two that
wait for one core 0.9 to 1.1."""


class Spreading:
    """Chooses for each inference whether it spreads. Safe to use from many threads.

    Args:
        clock_ns: The monotonic clock.
    """

    def __init__(self, clock_ns: Callable[[], int] = time.perf_counter_ns) -> None:
        self._clock_ns = clock_ns
        self._lock = threading.Lock()
        self._pays = False
        self._hold_until_ns: int | None = None
        self._trial_ns: dict[bool, list[int]] = {True: [], False: []}

    @contextmanager
    def inference(self) -> Iterator[bool]:
        """Times what runs inside; gives whether it is to spread. One that raises says nothing about the time."""
        start_ns = self._clock_ns()
        spreads, is_trial = self._choose(start_ns)
        yield spreads
        if is_trial:
            self._add(start_ns, self._clock_ns(), spreads=spreads)

    def _choose(self, now_ns: int) -> tuple[bool, bool]:
        with self._lock:
            if self._hold_until_ns is not None and now_ns < self._hold_until_ns:
                return self._pays, False
            return len(self._trial_ns[True]) <= len(self._trial_ns[False]), True

    def _add(self, start_ns: int, end_ns: int, *, spreads: bool) -> None:
        with self._lock:
            self._trial_ns[spreads].append(end_ns - start_ns)
            if min(map(len, self._trial_ns.values())) < TRIAL_PICTURES:
                return
            spread_ns, narrow_ns = (statistics.median(self._trial_ns[way]) for way in (True, False))
            self._pays = spread_ns <= WORTHWHILE * narrow_ns
            self._hold_until_ns = end_ns + round(HOLD_S * 1e9)
            self._trial_ns = {True: [], False: []}
