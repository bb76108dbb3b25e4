"""The least of the newest values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from handstream.protocol.minimum import WindowMinimum

WINDOW_MS = 1_000.0


def test_there_is_none_before_the_first_value() -> None:
    assert WindowMinimum(WINDOW_MS).value is None


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1_500)), min_size=1))
def test_it_is_the_least_of_half_a_window_to_a_whole_one(values: list[tuple[float, float]]) -> None:
    minimum, now_ms = WindowMinimum(WINDOW_MS), 0.0
    seen: list[tuple[float, float]] = []
    for value, gap_ms in values:
        now_ms += gap_ms
        seen.append((now_ms, value))
        minimum.add(value, now_ms)
        assert minimum.value is not None
        assert minimum.value <= value
        assert minimum.value in [value for seen_ms, value in seen if now_ms - seen_ms < WINDOW_MS + 1e-6]


def test_half_a_window_is_always_remembered() -> None:
    minimum = WindowMinimum(WINDOW_MS)
    minimum.add(1, 0)
    minimum.add(9, 400)
    minimum.add(9, 500)
    assert minimum.value == 1
    minimum.add(9, 999)
    minimum.add(9, 1_001)
    assert minimum.value == 9


def test_no_more_than_a_window_is_remembered_however_late_its_second_half_began() -> None:
    minimum = WindowMinimum(WINDOW_MS)
    for value, now_ms in ((1, 0), (9, 999), (9, 1_400)):
        minimum.add(value, now_ms)
    assert minimum.value == 9


def test_a_clock_that_went_back_leaves_nothing_to_compare_with() -> None:
    minimum = WindowMinimum(WINDOW_MS)
    minimum.add(1, 1_000)
    minimum.add(7, 500)
    assert minimum.value == 7


def test_a_restart_forgets() -> None:
    minimum = WindowMinimum(WINDOW_MS)
    minimum.add(1, 0)
    minimum.restart(5, 100)
    minimum.add(7, 200)
    assert minimum.value == 5
