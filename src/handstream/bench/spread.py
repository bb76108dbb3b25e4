"""The arithmetic of a benchmark: `percentile`, the `Spread` of repeated figures, `slope`, and `Bisection`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Bisection", "Spread", "percentile", "slope", "tail_percentile"]


def percentile(values: Sequence[float], percent: float) -> float:
    """The percentile, 0..100, with linear interpolation between neighbours (as numpy's default); not a number for no values."""
    return float(np.percentile(values, percent)) if len(values) else math.nan


def tail_percentile(values: Sequence[float], percent: float) -> float:
    """The percentile if at least one value lies beyond it: of fewer than 20, a p95 is hardly but the greatest, of fewer than 100 a p99.

    Otherwise not a number.
    """
    return percentile(values, percent) if len(values) * (100 - percent) >= 100 else math.nan  # noqa: PLR2004 - of a hundred


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure that was measured several times.

    Attributes:
        median: The middle one.
        low, high: The least and the greatest, so that everyone sees how much the machine decided.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of these; not a number where there are none."""
        known = [value for value in values if not math.isnan(value)]
        if not known:
            return cls(math.nan, math.nan, math.nan)
        return cls(float(np.median(known)), float(min(known)), float(max(known)))


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """How much the values grow in one unit of time, by least squares; 0 for fewer than two times that differ."""
    if len(times) < 2 or min(times) == max(times):  # noqa: PLR2004 - a line needs two points
        return 0.0
    return float(np.polyfit(np.asarray(times) - times[0], values, 1)[0])


class Bisection:
    """Finds the greatest number in 0..limit that holds, if each number below one that holds does too.

    It doubles from 1 until one does not hold, then halves the gap: at most about 2 log2(limit) numbers are asked about, none twice.

    Attributes:
        candidate: The number to try next; None when the answer is known.
        result: The greatest number that is known to hold.
    """

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError(f"limit must be 1 or more, not {limit}")
        self.candidate: int | None = 1
        self.result = 0
        self._least_bad = limit + 1
        self._is_doubling = True

    def tell(self, *, holds: bool) -> None:
        """Whether the candidate holds."""
        if self.candidate is None:
            raise ValueError("the answer is known: there is no candidate to tell about")
        if holds:
            self.result = self.candidate
        else:
            self._least_bad, self._is_doubling = self.candidate, False
        if self._least_bad - self.result == 1:
            self.candidate = None
        elif self._is_doubling:
            self.candidate = min(2 * self.result, self._least_bad - 1)
        else:
            self.candidate = (self.result + self._least_bad) // 2
