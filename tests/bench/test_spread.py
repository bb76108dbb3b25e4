"""The arithmetic of the benchmarks."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.bench.spread import Bisection, Spread, percentile, slope, tail_percentile

figures = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


@given(figures, st.floats(0, 100))
def test_a_percentile_lies_among_the_values_and_splits_them(values: list[float], percent: float) -> None:
    found = percentile(values, percent)
    assert min(values) <= found <= max(values)
    # Between two neighbours it is interpolated, so that one value fewer or more may lie on either side.
    assert sum(value < found for value in values) <= percent / 100 * (len(values) - 1) + 1


def test_percentiles_interpolate_between_neighbours() -> None:
    assert [percentile([1, 2, 3, 4, 5], percent) for percent in (0, 50, 90, 100)] == pytest.approx([1, 3, 4.6, 5])
    assert math.isnan(percentile([], 50))


@pytest.mark.parametrize(("percent", "least"), [(50, 2), (95, 20), (99, 100)])
def test_a_percentile_in_the_tail_takes_values_beyond_it(percent: float, least: int) -> None:
    assert math.isnan(tail_percentile(range(least - 1), percent))
    assert tail_percentile(range(least), percent) == percentile(range(least), percent)


@given(figures)
def test_a_spread_is_the_median_between_the_extremes(values: list[float]) -> None:
    spread = Spread.of(values)
    assert spread.median == pytest.approx(statistics.median(values))
    assert (spread.low, spread.high) == (min(values), max(values))
    assert Spread.of([*values, math.nan]) == spread, "what was not measured says nothing"


def test_nothing_measured_is_not_zero() -> None:
    assert all(math.isnan(value) for value in (Spread.of([]).median, Spread.of([math.nan]).low))


@given(st.floats(-100, 100), st.floats(-1e3, 1e3), st.lists(st.integers(0, 1000), min_size=2, max_size=20, unique=True))
def test_the_slope_of_a_line_is_its_slope(growth: float, offset: float, times: list[int]) -> None:
    assert slope(times, [offset + growth * time for time in times]) == pytest.approx(growth, abs=1e-6)


def test_without_two_times_nothing_grows() -> None:
    assert slope([], []) == slope([5], [7]) == slope([5, 5], [7, 9]) == 0


@given(st.integers(1, 300), st.data())
def test_bisection_finds_the_last_number_that_holds(limit: int, data: st.DataObject) -> None:
    most = data.draw(st.integers(0, limit))
    bisection, asked = Bisection(limit), []
    while bisection.candidate is not None:
        asked.append(bisection.candidate)
        bisection.tell(holds=bisection.candidate <= most)
    assert bisection.result == most
    assert len(set(asked)) == len(asked) <= 2 * math.log2(limit) + 2
    assert all(1 <= number <= limit for number in asked)


def test_a_bisection_that_has_ended_takes_no_more() -> None:
    bisection = Bisection(1)
    bisection.tell(holds=True)
    with pytest.raises(ValueError, match="no candidate"):
        bisection.tell(holds=True)
    with pytest.raises(ValueError, match="limit"):
        Bisection(0)
