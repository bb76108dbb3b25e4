"""How long a client waits before it tries again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.protocol.backoff import FIRST_BOUND_S, LONGEST_BOUND_S, backoff_s


@pytest.mark.parametrize(("failures", "bound_s"), [(0, 0.25), (1, 0.5), (2, 1), (5, 8), (6, 8), (10**6, 8)])
def test_the_bound_doubles_up_to_the_longest(failures: int, bound_s: float) -> None:
    assert backoff_s(failures, 1.0) == bound_s


@given(st.integers(0, 10**9), st.floats(0, 1))
def test_the_whole_of_it_is_random(failures: int, random: float) -> None:
    assert backoff_s(failures, 0.0) == 0
    assert 0 <= backoff_s(failures, random) <= LONGEST_BOUND_S
    assert backoff_s(0, random) <= FIRST_BOUND_S
