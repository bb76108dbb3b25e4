"""The pool of searches: bounded, refusing rather than queueing, its places always free again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from handstream.vision.search import SearchPool, SearchStatistics

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass
class FakeRequest:
    """An inference that ends when the test says so."""

    input: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((2, 2, 3), np.uint8))
    outputs: list[NDArray[np.float32]] = field(default_factory=lambda: [np.ones(1, np.float32)])
    is_running: bool = False

    def start(self) -> None:
        assert not self.is_running, "the request of a search that is under way was taken"
        self.is_running = True

    def is_done(self) -> bool:
        return not self.is_running

    def wait(self) -> None:
        self.is_running = False


def nothing(_: NDArray[np.uint8]) -> None:
    """A search that looks at no picture."""


def test_a_search_sees_what_it_is_given_and_tells_when_it_is_done() -> None:
    request = FakeRequest()
    search = SearchPool([request]).start(lambda picture: picture.fill(7))
    assert search is not None
    assert (request.input == 7).all()
    assert not search.done()
    request.is_running = False
    assert search.done()
    assert search.outputs() is request.outputs


def test_all_places_are_used_in_their_order_and_then_searches_are_refused_unprepared() -> None:
    requests = [FakeRequest(), FakeRequest()]
    pool = SearchPool(requests)
    searches = [pool.start(nothing)]
    assert [request.is_running for request in requests] == [True, False]
    searches.append(pool.start(nothing))
    assert pool.start(lambda _: pytest.fail("was prepared")) is None
    assert None not in searches
    assert pool.statistics() == SearchStatistics(under_way=2, places=2, started=2, refused=1)


def test_a_place_is_free_once_its_search_has_ended_and_was_read() -> None:
    request = FakeRequest()
    pool = SearchPool([request])
    search = pool.start(nothing)
    assert search is not None
    search.outputs()
    assert pool.start(nothing) is None, "what it gave may still be read"
    del search
    assert pool.start(nothing) is not None


def test_a_forgotten_search_keeps_its_place_until_it_has_ended() -> None:
    request = FakeRequest()
    pool = SearchPool([request])
    pool.start(nothing)
    assert pool.statistics().under_way == 1
    request.is_running = False
    assert pool.statistics().under_way == 0


def test_places_come_back_whatever_happens() -> None:
    def fail(_: NDArray[np.uint8]) -> None:
        raise OSError("the warp failed")

    pool = SearchPool([FakeRequest()])
    for _ in range(3):
        with pytest.raises(OSError, match="warp failed"):
            pool.start(fail)
    assert pool.statistics().under_way == 0
