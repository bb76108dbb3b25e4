"""How long a client waits before it tries again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.protocol.backoff import FIRST_BOUND_S, LONGEST_BOUND_S, backoff_s, comes_again

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "backoff.json").read_text(encoding="utf-8"))
"""Written by hand, after docs/protocol.md. The TypeScript twin is tested with them too."""


@pytest.mark.parametrize("vector", VECTORS["waits_ms"])
def test_the_bound_doubles_up_to_the_longest(vector: dict[str, float]) -> None:
    assert 1000 * backoff_s(int(vector["failures"]), vector["random"]) == vector["wait_ms"]


@pytest.mark.parametrize("vector", VECTORS["closed"], ids=[vector["name"] for vector in VECTORS["closed"]])
def test_who_would_only_be_refused_again_does_not_come_again(vector: dict[str, int]) -> None:
    assert comes_again(vector["code"]) == vector["comes_again"]


@given(st.integers(0, 10**9), st.floats(0, 1))
def test_the_whole_of_it_is_random(failures: int, random: float) -> None:
    assert backoff_s(failures, 0.0) == 0
    assert 0 <= backoff_s(failures, random) <= LONGEST_BOUND_S
    assert backoff_s(0, random) <= FIRST_BOUND_S
