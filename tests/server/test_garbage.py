"""Full collections of garbage: rare over everything that the start has made, frequent over what is left."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from handstream.server.garbage import set_start_apart

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """The collector as it was; it comes often meanwhile, so that few objects show what many would."""
    thresholds = gc.get_threshold()
    gc.set_threshold(100, 5, 5)
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def _full_collections_over_survivors(count: int) -> int:
    before = gc.get_stats()[2]["collections"]
    survivors: list[list[object]] = [[] for _ in range(count)]
    assert len(survivors) == count
    return int(gc.get_stats()[2]["collections"] - before)


def test_what_ended_sessions_leave_waits_as_long_as_the_start_made_objects() -> None:
    gc.collect()
    assert _full_collections_over_survivors(len(gc.get_objects()) // 10) == 0


def test_it_is_collected_often_once_the_start_is_set_apart() -> None:
    started = len(gc.get_objects())
    set_start_apart()
    assert gc.get_freeze_count() > started // 2
    assert _full_collections_over_survivors(started // 10) > 0
