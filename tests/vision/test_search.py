"""The pool of searches: bounded, refusing rather than queueing, its places always free again and nothing found lost."""

from __future__ import annotations

import gc
import threading
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from handstream.vision.search import SearchPool, SearchStatistics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


@dataclass
class FakeRequest:
    """An inference that ends when the test says so, and gives what it was filled with."""

    input: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((2, 2, 3), np.uint8))
    outputs: list[NDArray[np.float32]] = field(default_factory=lambda: [np.zeros(1, np.float32)])
    is_running: bool = False

    def start(self) -> None:
        assert not self.is_running, "the request of a search that is under way was taken"
        self.outputs[0][0] = self.input[0, 0, 0]
        self.is_running = True

    def is_done(self) -> bool:
        return not self.is_running

    def wait(self) -> None:
        self.is_running = False


def nothing(_: NDArray[np.uint8]) -> None:
    """A search that looks at no picture."""


def filling_with(value: int) -> Callable[[NDArray[np.uint8]], None]:
    return lambda picture: picture.fill(value)


def first_output(outputs: Sequence[NDArray[np.float32]]) -> float:
    return float(outputs[0][0])


def test_a_search_sees_what_it_is_given_and_tells_when_it_is_done() -> None:
    request = FakeRequest()
    search = SearchPool([request]).start(filling_with(7), first_output)
    assert search is not None
    assert not search.done()
    request.is_running = False
    assert search.done()
    assert search.result() == 7


def test_a_result_is_waited_for() -> None:
    request = FakeRequest()
    search = SearchPool([request]).start(filling_with(7), first_output)
    assert search is not None
    assert search.result() == 7
    assert not request.is_running


def test_all_places_are_used_in_their_order_and_then_searches_are_refused_unprepared() -> None:
    requests = [FakeRequest(), FakeRequest()]
    pool = SearchPool(requests)
    searches = [pool.start(nothing, first_output)]
    assert [request.is_running for request in requests] == [True, False]
    searches.append(pool.start(nothing, first_output))
    assert pool.start(lambda _: pytest.fail("was prepared"), first_output) is None
    assert None not in searches
    assert pool.statistics() == SearchStatistics(under_way=2, places=2, started=2, refused=1)


def test_a_search_that_nobody_has_read_yet_gives_its_place_away_and_keeps_what_it_found() -> None:
    """Its tracker may get no picture for long."""
    request = FakeRequest()
    pool = SearchPool([request])
    first = pool.start(filling_with(1), first_output)
    request.is_running = False
    second = pool.start(filling_with(2), first_output)
    assert first is not None
    assert second is not None
    assert first.done()
    assert not second.done()
    assert first.result() == 1
    assert second.result() == 2
    assert first.result() == 1, "it was read once and is kept"


def test_what_is_found_is_read_once_and_not_at_all_if_nobody_waits_for_it() -> None:
    readings = []

    def read(outputs: Sequence[NDArray[np.float32]]) -> float:
        readings.append(first_output(outputs))
        return readings[-1]

    request = FakeRequest()
    pool = SearchPool([request])
    for value, is_kept in ((1, True), (2, False), (3, True)):
        search = pool.start(filling_with(value), read)
        request.is_running = False
        if is_kept:
            assert search is not None
            assert search.result() == search.result() == value
        del search
    assert readings == [1, 3]


def test_a_place_is_given_to_one_while_its_search_is_being_prepared() -> None:
    """Until it runs, the request looks as if it were done."""
    pool = SearchPool([FakeRequest()])

    def fill(picture: NDArray[np.uint8]) -> None:
        assert pool.start(nothing, first_output) is None
        picture.fill(7)

    search = pool.start(fill, first_output)
    assert search is not None
    assert search.result() == 7


def test_what_cannot_be_read_fails_for_the_one_who_asks() -> None:
    def fail(_: Sequence[NDArray[np.float32]]) -> float:
        raise ValueError("these are no palms")

    request = FakeRequest()
    pool = SearchPool([request])
    first = pool.start(nothing, fail)
    request.is_running = False
    second = pool.start(filling_with(2), first_output)
    assert first is not None
    assert second is not None
    with pytest.raises(ValueError, match="no palms"):
        first.result()
    assert second.result() == 2


def test_a_forgotten_search_keeps_its_place_until_it_has_ended() -> None:
    request = FakeRequest()
    pool = SearchPool([request])
    pool.start(nothing, first_output)
    assert pool.statistics().under_way == 1
    assert pool.start(nothing, first_output) is None
    request.is_running = False
    assert pool.statistics().under_way == 0
    assert pool.start(nothing, first_output) is not None


def test_the_pool_holds_no_search_that_its_tracker_forgot() -> None:
    pool = SearchPool([FakeRequest()])
    search = pool.start(nothing, first_output)
    assert search is not None
    held = weakref.ref(search)
    del search
    gc.collect()
    assert held() is None


def test_places_come_back_whatever_happens() -> None:
    def fail(_: NDArray[np.uint8]) -> None:
        raise OSError("the warp failed")

    pool = SearchPool([FakeRequest()])
    for _ in range(3):
        with pytest.raises(OSError, match="warp failed"):
            pool.start(fail, first_output)
    assert pool.statistics().under_way == 0


@dataclass
class ThreadedRequest(FakeRequest):
    """An inference on a thread of its own."""

    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self.outputs[0][0] = self.input[0, 0, 0]

    def is_done(self) -> bool:
        return self._thread is None or not self._thread.is_alive()

    def wait(self) -> None:
        if self._thread is not None:
            self._thread.join(timeout=30)


def test_many_threads_each_find_their_own() -> None:
    pool = SearchPool([ThreadedRequest(), ThreadedRequest()])
    mixed_up: list[tuple[int, float]] = []
    found = []

    def search_often(value: int) -> None:
        for _ in range(200):
            search = pool.start(filling_with(value), first_output)
            if search is not None:
                result = search.result()
                found.append(value)
                if result != value:
                    mixed_up.append((value, result))

    threads = [threading.Thread(target=search_often, args=(value,)) for value in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert found
    assert mixed_up == []
