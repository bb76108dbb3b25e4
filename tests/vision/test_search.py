"""The pool of searches: bounded, refusing rather than queueing, its places always given back."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from handstream.vision.search import SearchPool, SearchStatistics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from handstream.vision.palm import PalmDetection


def waiting_for(event: threading.Event) -> Callable[[], list[PalmDetection]]:
    """A search that ends with the event."""

    def search() -> list[PalmDetection]:
        event.wait()
        return []

    return search


@pytest.fixture
def pool() -> Iterator[SearchPool]:
    pool = SearchPool(1)
    yield pool
    pool.close()


@pytest.fixture
def go_on(pool: SearchPool) -> Iterator[threading.Event]:
    """An event for searches of the pool to wait for. It comes at the test's end at the latest, so that a test that fails does not hang."""
    event = threading.Event()
    yield event
    event.set()


def test_one_runs_one_waits_and_the_third_is_refused_unprepared(pool: SearchPool, go_on: threading.Event) -> None:
    futures = [pool.start(lambda: waiting_for(go_on)) for _ in range(2)]
    assert pool.start(lambda: pytest.fail("was prepared")) is None
    assert pool.statistics() == SearchStatistics(under_way=2, places=2, started=2, refused=1)
    go_on.set()
    assert [future.result() for future in futures if future is not None] == [[], []]


def test_places_come_back_whatever_happens(pool: SearchPool) -> None:
    def fail() -> list[PalmDetection]:
        raise OSError("the search failed")

    def fail_early() -> Callable[[], list[PalmDetection]]:
        raise OSError("the warp failed")

    for _ in range(5):
        future = pool.start(lambda: fail)
        assert future is not None
        with pytest.raises(OSError, match="search failed"):
            future.result()
        with pytest.raises(OSError, match="warp failed"):
            pool.start(fail_early)
    pool.close()
    assert pool.statistics().under_way == 0


def test_closing_waits_for_what_is_under_way(pool: SearchPool, go_on: threading.Event) -> None:
    futures = [pool.start(lambda: waiting_for(go_on)), pool.start(lambda: list)]
    closing = threading.Thread(target=pool.close)
    closing.start()
    go_on.set()
    closing.join()
    assert [future.result() for future in futures if future is not None] == [[], []]
    assert pool.statistics().under_way == 0
