"""A rate that yields and comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.protocol.regulator import MAX_PATIENCE_MS, MIN_FPS, PATIENCE_MS, PROBATION_MS, Regulator


def test_it_waits_and_then_rises_step_by_step_to_the_top() -> None:
    regulator = Regulator(30)
    regulator.lower(0.5, 0)
    assert regulator.fps == 15
    assert not regulator.raise_step(PATIENCE_MS - 1)
    now_ms, steps = PATIENCE_MS, 0
    while regulator.is_limiting:
        steps += regulator.raise_step(now_ms)
        now_ms += 50
    assert (regulator.fps, steps) == (30, 15)
    assert not regulator.raise_step(now_ms + 1e6)


def test_probes_that_fail_become_ever_rarer() -> None:
    regulator, now_ms, gaps_ms = Regulator(30), 0.0, []
    for _ in range(8):
        regulator.lower(0.8, now_ms)
        lowered_ms = now_ms
        while not regulator.raise_step(now_ms):
            now_ms += 100
        gaps_ms.append(now_ms - lowered_ms)
        now_ms += 300
    assert gaps_ms == sorted(gaps_ms)
    assert (gaps_ms[0], gaps_ms[-1]) == (PATIENCE_MS, MAX_PATIENCE_MS)


def test_a_step_that_held_restores_the_patience() -> None:
    regulator = Regulator(30)
    regulator.lower(0.5, 0)
    regulator.raise_step(PATIENCE_MS)
    regulator.lower(0.5, PATIENCE_MS + 100)
    regulator.raise_step(10_000)
    regulator.lower(0.5, 10_000 + PROBATION_MS)
    assert regulator.raise_step(10_000 + PROBATION_MS + PATIENCE_MS)


@pytest.mark.parametrize(("top_fps", "fps"), [(60, 15), (10, 10)])
def test_a_new_wish_lifts_no_limit(top_fps: float, fps: float) -> None:
    limited, free = Regulator(30), Regulator(30)
    limited.lower(0.5, 0)
    for regulator in (limited, free):
        regulator.set_top(top_fps)
    assert (limited.fps, free.fps) == (fps, top_fps)


def test_what_is_restored_is_no_more_than_is_wanted_by_now() -> None:
    regulator = Regulator(30)
    regulator.lower(0.5, 0)
    regulator.set_top(20)
    regulator.restore(30)
    assert (regulator.fps, regulator.is_limiting) == (20, False)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 5_000), st.booleans())), st.floats(0.5, 60))
def test_the_rate_stays_between_the_least_and_the_top(moves: list[tuple[float, float, bool]], top_fps: float) -> None:
    regulator, now_ms = Regulator(top_fps), 0.0
    for factor, span_ms, is_congested in moves:
        now_ms += span_ms
        if is_congested:
            regulator.lower(factor, now_ms)
        else:
            regulator.raise_step(now_ms)
        assert min(MIN_FPS, top_fps) <= regulator.fps <= top_fps
