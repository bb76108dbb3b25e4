"""The age of what is on a screen, beside a slower and plainer account of it."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.screen import screen_ages_ms
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=20), st.floats(0.01, 1))
def test_the_screen_shows_what_came_last(pairs: list[tuple[float, float]], end_s: float) -> None:
    frames = sorted(((captured_s, captured_s + age_s) for captured_s, age_s in pairs), key=lambda pair: pair[1])
    captured_s, shown_s = np.array(frames, float).reshape(-1, 2).T
    moments_s = np.arange(0, end_s, 0.001)
    expected = [
        (moment_s - [one_s for one_s, back_s in frames if back_s <= moment_s][-1]) * 1e3
        for moment_s in moments_s
        if any(back_s <= moment_s for _, back_s in frames)
    ]
    assert screen_ages_ms(captured_s, shown_s, 0, end_s) == pytest.approx(expected)
