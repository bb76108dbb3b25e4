"""What the segments of a soak say of the server; and a real soak, in short."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from handstream.bench.options import BenchOptions
from handstream.bench.records import SessionRecord
from handstream.bench.servers import Usage
from handstream.bench.soak import Soak, SoakResult
from handstream.bench.trial import Trial
from handstream.processors import usable_cpus

if TYPE_CHECKING:
    from tests.bench.conftest import RunningSoak

MOST_GROWN_MB = 3.0
"""In the four minutes after the warm-up 48 sessions and 4,800 frames come and go: with 0.7 kB kept of each frame, or 65 kB of each session,
it is more. Allocators take less than 1 MB more in that time, by pages; an hour's trend cannot be told from it."""

MOST_TRANSIENT_FILES = 2
"""Connections of the segment before, which are being closed at that moment."""


def soaked(memory_mb: list[float], ages_ms: list[float]) -> SoakResult:
    soak = Soak(BenchOptions(seconds=20), sessions=1, minutes=len(memory_mb) / 3)
    for memory, age in zip(memory_mb, ages_ms, strict=True):
        record = SessionRecord(offered=1, answered=1, ages_ms=[age])
        soak.add(Trial(sessions=1, seconds=20, records=[record], cpu_s=1, after=Usage(1, round(memory * 1e6), 20, 25), lags_ms=[]))
    return soak.result()


def test_the_trend_leaves_out_the_warm_up() -> None:
    result = soaked([100, 200, 300, *(300 + 0.1 * number for number in range(12))], [10] * 15)
    assert result.warm_up_s == 60
    assert result.memory_mb_per_hour == pytest.approx(0.1 * 180)


def test_the_warm_up_of_a_long_soak_is_five_minutes() -> None:
    result = soaked([*range(15), *[100] * 165], [10] * 180)
    assert result.warm_up_s == 300
    assert result.memory_mb_per_hour == pytest.approx(0)


def test_in_a_short_time_there_is_no_trend() -> None:
    assert soaked([100, 101, 102], [10] * 3).memory_mb_per_hour is None


def test_the_last_minute_is_compared_with_the_first_after_the_warm_up() -> None:
    result = soaked([100] * 12, [99, 99, 99, *[10] * 6, *[12] * 3])
    assert (result.first_p95_ms, result.last_p95_ms) == (10, 12)


def grown_mb(memory_mb: list[float]) -> float:
    """How much the memory grew but for its greatest step: what leaks grows all the time, and an allocator takes a block once."""
    steps_mb = [after - before for before, after in pairwise(memory_mb)]
    return sum(steps_mb) - max(0.0, *steps_mb)


def test_a_leak_is_told_from_a_block_that_is_taken_once() -> None:
    assert grown_mb([370, 370.1, 374.1, 374.1]) == pytest.approx(0.1)
    assert grown_mb([370 + 0.2 * segment for segment in range(24)]) > MOST_GROWN_MB


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.timeout(0)  # the soak ends by itself, and who waits for it has a limit
def test_a_server_stays_as_it_began(soak: RunningSoak) -> None:
    result = soak.result()
    settled = [point for point in result["points"] if point["time_s"] > result["warm_up_s"]]
    assert [point["errors"] for point in settled if point["errors"]] == []
    first, last = settled[0], settled[-1]
    assert grown_mb([point["memory_mb"] for point in settled]) <= MOST_GROWN_MB
    assert last["files"] <= first["files"] + MOST_TRANSIENT_FILES
    assert last["threads"] <= first["threads"] + usable_cpus(), "more than those that the engine starts when it first needs them"
