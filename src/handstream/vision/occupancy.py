"""How busy the engine is with pictures: `Occupancy` decides whether an inference may spread over several threads."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["QUIET_MS", "Occupancy"]

QUIET_MS = 500.0
"""How long pictures must have come one at a time before an inference spreads over idle cores.

Two streams of 30 pictures/s meet every few pictures, so half a second without a meeting means that there is room.
"""


class Occupancy:
    """Counts the pictures being processed at the same time. Safe to use from many threads.

    An inference on several threads answers sooner but costs more processor time in all, so it is for the picture that is alone. Two
    pictures at once, now or a moment ago, mean that cores are wanted by others: then each inference keeps to one thread.

    Args:
        clock_ns: The monotonic clock.
    """

    def __init__(self, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock_ns = clock_ns
        self._lock = threading.Lock()
        self._running = 0
        self._last_meeting_ns: int | None = None

    @contextmanager
    def picture(self) -> Iterator[bool]:
        """Counts one picture while it is processed; gives whether its inferences may spread over several threads."""
        spread = self._enter()
        try:
            yield spread
        finally:
            with self._lock:
                self._running -= 1

    def _enter(self) -> bool:
        now_ns = self._clock_ns()
        with self._lock:
            self._running += 1
            if self._running > 1:
                self._last_meeting_ns = now_ns
            return self._last_meeting_ns is None or now_ns - self._last_meeting_ns > QUIET_MS * 1_000_000
