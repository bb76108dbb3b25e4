"""Whether spreading an inference over several threads pays on this machine: `Spreading` tries both and keeps what was faster.

Theory of operation
-------------------
What a second thread gains cannot be known beforehand: half of the time where it runs at once on a core of its own, nothing where the
system lets it wait for the core of the thread that woke it, as schedulers do that pack a light load onto few cores to save power. So both
ways are *tried*, in turns, on pictures as they come. Then the faster one is *held* for a while, and the trial is repeated, because a load
changes. More threads must save a fair share of the time to be held, since they cost processor time in any case.

Inferences that come at once after the last one, while its threads are still awake, and those that come after a pause have choices of their
own: what pays back to back need not pay at a camera's rate.
"""

from __future__ import annotations

import statistics
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["AWAKE_MS", "HOLD_S", "TRIAL_PICTURES", "WORTHWHILE", "Spreading"]

TRIAL_PICTURES = 9
"""Pictures that each way is tried on: the median then bears four that were disturbed. At 30 pictures/s a trial takes 0.6 s."""

HOLD_S = 60.0
"""How long the choice is held before the next trial: one picture in a hundred is then a trial of the way that was not chosen before."""

WORTHWHILE = 0.85
"""More threads are held if they take at most this share of one thread's time. Two threads that help take 0.5 to 0.8 of it, and two that
wait for one core 0.9 to 1.1."""

AWAKE_MS = 2.0
"""Threads are taken to be awake for this long after an inference: those of OpenVINO spin for about a millisecond before they sleep."""


@dataclass(slots=True)
class _Choice:
    """What is held, and the times of the trial under way by whether they were of spread inferences."""

    pays: bool = False
    hold_until_ns: int | None = None
    trial_ns: dict[bool, list[int]] = field(default_factory=lambda: {True: [], False: []})


class Spreading:
    """Chooses for each inference whether it spreads. Safe to use from many threads.

    Args:
        clock_ns: The monotonic clock.
    """

    def __init__(self, clock_ns: Callable[[], int] = time.perf_counter_ns) -> None:
        self._clock_ns = clock_ns
        self._lock = threading.Lock()
        self._awake, self._asleep = _Choice(), _Choice()
        self._last_end_ns: int | None = None

    @contextmanager
    def inference(self) -> Iterator[bool]:
        """Times what runs inside; gives whether it is to spread. One that raises says nothing about the time."""
        start_ns = self._clock_ns()
        with self._lock:
            is_awake = self._last_end_ns is not None and start_ns - self._last_end_ns < AWAKE_MS * 1_000_000
            choice = self._awake if is_awake else self._asleep
            is_trial = choice.hold_until_ns is None or start_ns >= choice.hold_until_ns
            spreads = len(choice.trial_ns[True]) <= len(choice.trial_ns[False]) if is_trial else choice.pays
        yield spreads
        end_ns = self._clock_ns()
        with self._lock:
            self._last_end_ns = end_ns
            if is_trial:
                choice.trial_ns[spreads].append(end_ns - start_ns)
                _decide(choice, end_ns)


def _decide(choice: _Choice, now_ns: int) -> None:
    """Ends the trial if both ways were tried often enough."""
    if min(map(len, choice.trial_ns.values())) < TRIAL_PICTURES:
        return
    spread_ns, narrow_ns = (statistics.median(choice.trial_ns[way]) for way in (True, False))
    choice.pays = spread_ns <= WORTHWHILE * narrow_ns
    choice.hold_until_ns = now_ns + round(HOLD_S * 1e9)
    choice.trial_ns = {True: [], False: []}
