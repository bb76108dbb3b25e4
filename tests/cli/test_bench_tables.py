"""What the terminal shows of a benchmark's figures."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from handstream.bench.spread import Spread
from handstream.cli.bench_tables import latency_tables, soak_tables
from tests.bench.reports import capacity, latency, soak

if TYPE_CHECKING:
    from rich.console import RenderableType


def shown(tables: list[RenderableType]) -> str:
    """On a terminal of 80 columns, without its line breaks."""
    console = Console(width=80)
    with console.capture() as capture:
        for table in tables:
            console.print(table, highlight=False)
    return " ".join(capture.get().split())


@pytest.mark.parametrize(("p99_ms", "is_told"), [(31.5, True), (math.nan, False)])
def test_a_percentile_that_is_not_told_says_why(p99_ms: float, is_told: bool) -> None:
    result = latency(1)
    text = shown(latency_tables([replace(result, age=replace(result.age, p99_ms=Spread(p99_ms, p99_ms, p99_ms)))]))
    assert ("more --seconds" in text) is not is_told
    assert ("31.5" in text) is is_told


@pytest.mark.parametrize(("minutes", "is_compared"), [(5.0, True), (2.5, False)])
def test_the_first_minute_is_compared_with_the_last_where_they_are_two(minutes: float, is_compared: bool) -> None:
    text = shown(soak_tables(replace(soak(), minutes=minutes)))
    assert ("14.0 ms in the first minute and 14.2 ms in the last" in text) is is_compared


@pytest.mark.parametrize(
    ("is_limit", "told"),
    [(False, "The capacity was found first: 5 sessions."), (True, "The capacity was found first: 5 sessions or more.")],
)
def test_a_soak_tells_the_capacity_of_which_it_took_a_share(*, is_limit: bool, told: str) -> None:
    assert told in shown(soak_tables(soak(replace(capacity("handstream", 5), is_limit=is_limit))))


def test_a_soak_says_that_its_number_of_sessions_was_given() -> None:
    assert "The number of sessions was given; the capacity was not measured." in shown(soak_tables(soak()))
