"""Percentiles of a stream of values in bounded memory: `Percentiles` of all of them, `SlidingPercentiles` of the newest seconds.

Theory of operation
-------------------

A DDSketch (Masson, Rim and Lee, "DDSketch: A fast and fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019) counts
values in bins whose edges grow geometrically, so that a percentile is wrong by at most `RELATIVE_ACCURACY` of itself, whatever the values
are. Sketches can be merged without loss. So the window is a row of slots with a sketch each: a value goes into the newest slot, a question
merges the slots that are not too old, and forgetting is to let a whole slot go. The window therefore reaches back nine to ten seconds.

Times are an argument, in nanoseconds of one monotonic clock. Neither class is thread-safe, and nothing blocks. The page has the same in
web/src/core/percentiles.ts.
"""

from __future__ import annotations

import math
from collections import deque

from ddsketch import LogCollapsingLowestDenseDDSketch

__all__ = ["RELATIVE_ACCURACY", "SLOTS", "SLOT_NS", "Percentiles", "SlidingPercentiles"]

RELATIVE_ACCURACY = 0.01
"""A percentile of 100 ms is told as 99 to 101 ms."""

SLOT_NS = 1_000_000_000
SLOTS = 10

_BIN_LIMIT = 2048
"""Bins of one sketch at most. At 1 % they span 17 orders of magnitude; beyond, the smallest values would be counted together."""


class Percentiles:
    """Percentiles of all values that were added."""

    __slots__ = ("_sketch",)

    def __init__(self) -> None:
        """There is no value yet."""
        self._sketch = LogCollapsingLowestDenseDDSketch(RELATIVE_ACCURACY, _BIN_LIMIT)

    @property
    def count(self) -> int:
        """How many values were added."""
        return int(self._sketch.count)

    def add(self, value: float) -> None:
        """Adds a value of 0 or more, in any unit; one that is none is passed over."""
        if 0 <= value < math.inf:
            self._sketch.add(value)

    def at(self, percent: float) -> float | None:
        """The value that so many percent of all do not exceed, 0..100, in their unit; None if there is none.

        It is the value at rank `percent / 100 * (count - 1)`, rounded down, less or more `RELATIVE_ACCURACY`.
        """
        return self._sketch.get_quantile_value(percent / 100)

    def merge(self, other: Percentiles) -> None:
        """Adds all values of another one, which stays as it is."""
        self._sketch.merge(other._sketch)


class SlidingPercentiles:
    """Percentiles of the values of the last ten seconds."""

    __slots__ = ("_slots",)

    def __init__(self) -> None:
        """There is no value yet."""
        self._slots: deque[tuple[int, Percentiles]] = deque(maxlen=SLOTS)

    def add(self, value: float, now_ns: int) -> None:
        """Adds a value as `Percentiles.add` does. One whose time lies before that of an earlier value counts as of that value's second."""
        number = now_ns // SLOT_NS
        if not self._slots or number > self._slots[-1][0]:
            self._slots.append((number, Percentiles()))
        self._slots[-1][1].add(value)

    def newest(self, now_ns: int) -> Percentiles:
        """The percentiles of what was added in the last ten seconds. It takes about half a millisecond: not for every frame."""
        merged = Percentiles()
        for number, slot in self._slots:
            if number > now_ns // SLOT_NS - SLOTS:
                merged.merge(slot)
        return merged
