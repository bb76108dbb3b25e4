"""What counts as memory that grows with the messages."""

from __future__ import annotations

import math

import pytest
from benchmarks.hardening_trials.fuzzing import Fuzzing

from handstream.bench.servers import Usage


def held(*memory_mb: float | None) -> Fuzzing:
    return Fuzzing([], [None if one is None else Usage(0.0, round(one * 1e6), 1, 1) for one in memory_mb])


@pytest.mark.parametrize(("memory_mb", "grown_mb"), [((400, 410, 412, 413), 3), ((400, 435, 470, 505), 70), ((400, 410, 405), -5)])
def test_memory_grows_by_what_the_rounds_after_the_first_add(memory_mb: tuple[float, ...], grown_mb: float) -> None:
    assert held(*memory_mb).grown_bytes / 1e6 == pytest.approx(grown_mb)


@pytest.mark.parametrize("memory_mb", [(400, 410), (400, None, 410), (400, 410, None)])
def test_with_less_to_compare_nothing_is_said(memory_mb: tuple[float | None, ...]) -> None:
    assert math.isnan(held(*memory_mb).grown_bytes)
