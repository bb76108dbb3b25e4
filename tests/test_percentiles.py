"""Percentiles: how wrong they may be, what the window forgets, and that nothing grows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.percentiles import RELATIVE_ACCURACY, SLOT_NS, SLOTS, Percentiles, SlidingPercentiles

VALUES = st.lists(st.floats(min_value=1e-6, max_value=1e9), min_size=1, max_size=200)
PERCENTS = st.floats(min_value=0, max_value=100)


def exact(values: list[float], percent: float) -> float:
    """The value at the rank that the docstring states."""
    return sorted(values)[math.floor(percent / 100 * (len(values) - 1))]


def is_close(estimate: float | None, truth: float) -> bool:
    return estimate is not None and abs(estimate - truth) <= RELATIVE_ACCURACY * truth * (1 + 1e-9)


@given(VALUES, PERCENTS)
def test_a_percentile_is_within_one_percent_of_the_exact_one(values: list[float], percent: float) -> None:
    percentiles = Percentiles()
    for value in values:
        percentiles.add(value)
    assert percentiles.count == len(values)
    assert is_close(percentiles.at(percent), exact(values, percent))


@given(st.lists(st.tuples(st.floats(min_value=0.01, max_value=1e4), st.integers(0, 4 * SLOT_NS)), min_size=1, max_size=60), PERCENTS)
def test_the_window_holds_what_was_added_in_its_slots(steps: list[tuple[float, int]], percent: float) -> None:
    """Against a window that remembers every value with its second."""
    sliding = SlidingPercentiles()
    remembered: list[tuple[float, int]] = []
    now_ns = 0
    for value, pause_ns in steps:
        now_ns += pause_ns
        sliding.add(value, now_ns)
        remembered.append((value, now_ns // SLOT_NS))
        kept = [value for value, second in remembered if second > now_ns // SLOT_NS - SLOTS]
        newest = sliding.newest(now_ns)
        assert newest.count == len(kept)
        assert is_close(newest.at(percent), exact(kept, percent))


def test_what_is_older_than_ten_seconds_is_forgotten() -> None:
    sliding = SlidingPercentiles()
    sliding.add(5, 0)
    assert sliding.newest(SLOTS * SLOT_NS - 1).count == 1
    assert sliding.newest(SLOTS * SLOT_NS).count == 0
    assert sliding.newest(SLOTS * SLOT_NS).at(50) is None


def test_a_question_changes_nothing() -> None:
    sliding = SlidingPercentiles()
    for second in range(5):
        sliding.add(second + 1, second * SLOT_NS)
    answers = [sliding.newest(5 * SLOT_NS).at(100) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2] == pytest.approx(5, rel=RELATIVE_ACCURACY)


def test_a_clock_that_goes_back_loses_nothing() -> None:
    sliding = SlidingPercentiles()
    sliding.add(1, 7 * SLOT_NS)
    sliding.add(2, 3 * SLOT_NS)
    assert sliding.newest(7 * SLOT_NS).count == 2


def test_what_is_no_span_is_passed_over() -> None:
    percentiles = Percentiles()
    for value in (-3.0, 0.0, 8.0, math.nan, math.inf, -math.inf):
        percentiles.add(value)
    assert percentiles.count == 2
    assert percentiles.at(0) == 0
    assert percentiles.at(100) == pytest.approx(8, rel=RELATIVE_ACCURACY)


def test_memory_is_bounded_whatever_is_added() -> None:
    """An hour at 30 values a second, over all magnitudes that a clock can tell, takes ten slots of at most 2048 bins."""
    sliding = SlidingPercentiles()
    for number in range(30 * 3600):
        sliding.add(10.0 ** (number % 19), number * SLOT_NS // 30)
    assert len(sliding._slots) == SLOTS
    assert all(len(slot._sketch._store.bins) <= 2048 for _, slot in sliding._slots)
