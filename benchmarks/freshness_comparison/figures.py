"""From recordings to figures: percentiles of the age, the age on a screen, fairness, trend and recovery. Arithmetic alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.freshness_comparison.recording import Window
from benchmarks.screen import screen_ages_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.freshness_comparison.recording import Recording
    from numpy.typing import NDArray

__all__ = [
    "Percentiles",
    "Recovery",
    "ages_ms",
    "fairness",
    "growth",
    "histogram_percentile",
    "percentiles",
    "recovery",
    "session_screen_ages_ms",
    "timeline",
    "trend",
]

TIMELINE_STEP_S = 0.2
_RECOVERED_AFTER_S, _RECOVERED_UNTIL_S = 0.5, 1.5
"""The age is to be back half a second after a disturbance; it is read over the second that follows."""

_FIRST_S = 0.5
"""What is shown in this time after a disturbance must not be stale."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of ages in milliseconds; not a number where there is none."""

    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of the age after the disturbances of a run; of several the worst.

    Attributes:
        floor_ms: The age's median while nothing disturbed.
        after_ms: Its median from 500 ms after the disturbance until 1 s later.
        first_ms: From the end of the disturbance to the first answer.
        oldest_ms: The oldest picture that was shown in the 500 ms after the disturbance: its age when it was shown.
    """

    floor_ms: float
    after_ms: float
    first_ms: float
    oldest_ms: float


def ages_ms(recording: Recording, window: Window) -> NDArray[np.float64]:
    """`(answers,)`: how old each picture was when its answer came, of the answers that came in the window."""
    return _ages_ms(_inside(recording, window))


def session_screen_ages_ms(recording: Recording, window: Window) -> NDArray[np.float64]:
    """`(moments,)`: the age of the newest answered picture throughout the window. An answer after that of a newer picture is not shown."""
    captured_s, received_s = recording.answers_s.T
    return screen_ages_ms(np.maximum.accumulate(captured_s), received_s, window.begin_s, window.end_s)


def timeline(recordings: Sequence[Recording], window: Window) -> list[tuple[float, float]]:
    """The age on the screen, the mean of all sessions over each step: pairs of s since the window's begin, and ms."""
    found: list[tuple[float, float]] = []
    for begin_s in np.arange(window.begin_s, window.end_s, TIMELINE_STEP_S).tolist():
        step = Window(begin_s, begin_s + TIMELINE_STEP_S)
        shown_ms = np.concatenate([session_screen_ages_ms(recording, step) for recording in recordings])
        if len(shown_ms):
            found.append((begin_s - window.begin_s, float(np.mean(shown_ms))))
    return found


def percentiles(values_ms: NDArray[np.float64]) -> Percentiles:
    """The median, and what 95 and 99 of 100 do not exceed."""
    if not len(values_ms):
        return Percentiles(math.nan, math.nan, math.nan)
    return Percentiles(*np.percentile(values_ms, [50, 95, 99]).tolist())


def fairness(recordings: Sequence[Recording], window: Window) -> float:
    """The least answers of a session over the most; 1 is fair, 0 leaves one with nothing."""
    counts = [len(_inside(recording, window)) for recording in recordings]
    return min(counts) / max(counts) if max(counts, default=0) else math.nan


def trend(recordings: Sequence[Recording], window: Window) -> float:
    """The median age in the window's last quarter over that in its first: 1 is none, more means that something queues."""
    answers_s = np.concatenate([_inside(recording, window) for recording in recordings])
    quarter_s = window.seconds / 4
    first = answers_s[answers_s[:, 1] < window.begin_s + quarter_s]
    last = answers_s[answers_s[:, 1] >= window.end_s - quarter_s]
    if not len(first) or not len(last):
        return math.nan
    return float(np.median(last[:, 1] - last[:, 0]) / np.median(first[:, 1] - first[:, 0]))


def growth(series: Sequence[tuple[float, float]]) -> float:
    """By how much a value grew over a time: the median of its last quarter less that of its second.

    Args:
        series: Pairs of time and value, in order. The first quarter is the warm-up of caches.
    """
    values = [value for _, value in series]
    quarter = len(values) // 4
    return float(np.median(values[-quarter:]) - np.median(values[quarter : 2 * quarter])) if quarter else math.nan


def recovery(recording: Recording, window: Window, disturbances: Sequence[Window]) -> Recovery | None:
    """How one session came out of the disturbances that ended early enough in the window; None if none did.

    Args:
        recording: The session's.
        window: The part of the run that is measured.
        disturbances: When nothing got through, in order.
    """
    answers_s = _inside(recording, window)
    ages = _ages_ms(answers_s)
    ended = [gap for gap in disturbances if window.holds(gap.begin_s) and window.holds(gap.end_s + _RECOVERED_UNTIL_S)]
    if not ended:
        return None
    since_s = [answers_s[:, 1] - gap.end_s for gap in ended]
    calm = [(times_s < -gap.seconds) | (times_s >= _RECOVERED_UNTIL_S) for times_s, gap in zip(since_s, ended, strict=True)]
    is_calm = np.all(calm, axis=0)
    return Recovery(
        floor_ms=_median(ages[is_calm]),
        after_ms=max(_median(ages[(times_s >= _RECOVERED_AFTER_S) & (times_s < _RECOVERED_UNTIL_S)]) for times_s in since_s),
        first_ms=max(float(np.min(times_s[times_s >= 0], initial=math.inf)) * 1e3 for times_s in since_s),
        oldest_ms=max(float(np.max(ages[(times_s >= 0) & (times_s < _FIRST_S)], initial=0)) for times_s in since_s),
    )


def histogram_percentile(counts: Mapping[float, float], percent: float) -> float:
    """A percentile of what a histogram counted, even within each of its bounds; not a number if it counted nothing.

    Args:
        counts: How many were at most as large as each bound, the last of which is infinite.
        percent: 0..100.
    """
    total = max(counts.values(), default=0.0)
    if not total:
        return math.nan
    wanted = total * percent / 100
    for (low, below), (high, count) in pairwise([(0.0, 0.0), *sorted(counts.items())]):
        if count >= wanted:
            return high if math.isinf(high) else low + (high - low) * (wanted - below) / max(count - below, 1e-9)
    return math.inf


def _median(values_ms: NDArray[np.float64]) -> float:
    """Infinite where nothing was answered: that is as late as can be."""
    return float(np.median(values_ms)) if len(values_ms) else math.inf


def _ages_ms(answers_s: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((answers_s[:, 1] - answers_s[:, 0]) * 1e3, np.float64)


def _inside(recording: Recording, window: Window) -> NDArray[np.float64]:
    received_s = recording.answers_s[:, 1]
    return recording.answers_s[(received_s >= window.begin_s) & (received_s < window.end_s)]
