"""How late the event loop is: `LoopLag` asks it to be called at a time, again and again, and notes how much later it was.

Every message of every session passes through the one loop, so what holds it up (a long calculation, a blocking call, a machine without a
free processor) holds up all of them. A tick that is late by 30 ms means that a frame which arrived at that moment was seen 30 ms late.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from handstream.percentiles import Percentiles, SlidingPercentiles

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LoopLag"]

_INTERVAL_NS = 50_000_000
"""Twenty ticks a second: 200 in the ten seconds that are looked back on, for a few microseconds each."""


class LoopLag:
    """The lag of the running event loop, which all of it belongs to."""

    def __init__(self, on_tick: Callable[[float], None] | None = None) -> None:
        """Begins to tick.

        Args:
            on_tick: Called with the lag of each tick, in seconds.
        """
        self._loop = asyncio.get_running_loop()
        self._on_tick = on_tick
        self._lags_s = SlidingPercentiles()
        self._due_ns = 0
        self._timer = self._schedule()

    def recent_s(self) -> Percentiles:
        """The lags of the last ten seconds, in seconds; `at(100)` is the greatest."""
        return self._lags_s.newest(time.monotonic_ns())

    def close(self) -> None:
        """Ticks no more. A second call does nothing."""
        self._timer.cancel()

    def _schedule(self) -> asyncio.TimerHandle:
        self._due_ns = time.monotonic_ns() + _INTERVAL_NS
        return self._loop.call_later(_INTERVAL_NS / 1e9, self._tick)

    def _tick(self) -> None:
        now_ns = time.monotonic_ns()
        lag_s = max(0, now_ns - self._due_ns) / 1e9  # uvloop's timers have whole milliseconds and may be a little early
        self._lags_s.add(lag_s, now_ns)
        if self._on_tick is not None:
            self._on_tick(lag_s)
        self._timer = self._schedule()
