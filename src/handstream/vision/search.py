"""Work beside the pictures' own: `SearchPool` runs a bounded number of palm searches, none of which a picture waits for."""

from __future__ import annotations

import threading
import weakref
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RunningSearch", "SearchPool", "SearchRequest", "SearchStatistics"]

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class SearchStatistics:
    """How the pool stands.

    Attributes:
        under_way: Searches running or waiting now.
        places: The most there may be.
        started: Searches accepted so far.
        refused: Searches refused so far because every place was taken; their trackers ask again with their next picture.
    """

    under_way: int
    places: int
    started: int
    refused: int


class SearchRequest(Protocol):
    """An inference that another thread runs.

    Attributes:
        input: uint8 `(size, size, 3)`, RGB: filled before it starts.
        outputs: The network's outputs, valid until it starts again.
    """

    input: NDArray[np.uint8]
    outputs: list[NDArray[np.float32]]

    def start(self) -> None:
        """Begins it and returns at once."""

    def is_done(self) -> bool:
        """Whether it has ended, or was never begun."""

    def wait(self) -> None:
        """Blocks until what `start` began is done; raises what went wrong."""


class RunningSearch(Generic[Found]):
    """A search that was begun. Once it has ended its place is free, read or not: another search that takes it keeps what was found here."""

    __slots__ = ("__weakref__", "_found", "_lock", "_read", "_request")

    def __init__(self, request: SearchRequest, read: Callable[[Sequence[NDArray[np.float32]]], Found], lock: threading.Lock) -> None:
        self._request = request
        self._read = read
        self._lock = lock
        self._found: Future[Found] | None = None

    def done(self) -> bool:
        """Whether `result` returns at once."""
        with self._lock:
            return self._found is not None or self._request.is_done()

    def result(self) -> Found:
        """What was found. Blocks until it is there; raises what the network or the reading of its outputs raised."""
        if not self.done():
            self._request.wait()
        with self._lock:
            return self.keep().result()

    def keep(self) -> Future[Found]:
        """What was found, read from the network's outputs at the latest now. The search has ended, and the pool's lock is held."""
        if self._found is None:
            self._found = Future()
            try:
                self._request.wait()
                self._found.set_result(self._read(self._request.outputs))
            except Exception as error:  # noqa: BLE001  # It is for whoever asks for the result, not for the search that takes the place.
                self._found.set_exception(error)
        return self._found


class SearchPool:
    """A place for each of some requests. Safe to use from many threads.

    Drop rule: a search for which there is no place is refused, because one that waits long answers about a picture long gone.

    Args:
        requests: In the order in which they are to be taken.
    """

    def __init__(self, requests: Sequence[SearchRequest]) -> None:
        self._places = [_Place(request) for request in requests]
        self._lock = threading.Lock()
        self._started = self._refused = 0

    def start(
        self, fill: Callable[[NDArray[np.uint8]], None], read: Callable[[Sequence[NDArray[np.float32]]], Found]
    ) -> RunningSearch[Found] | None:
        """Begins a search, if there is a place for it. Does not wait for it.

        Args:
            fill: Called at once when there is a place; fills the network's input.
            read: Makes of the network's outputs what is to be found; keeps no view of them. Called once, by whoever needs it first: the
                thread that asks for the result, or one that begins another search. Must not use the pool.

        Returns:
            The search, or None where every place is taken.
        """
        with self._lock:
            place = next((place for place in self._places if place.is_free()), None)
            if place is None:
                self._refused += 1
                return None
            self._started += 1
            search = RunningSearch(place.request, read, self._lock)
            place.take_for(search)
        try:
            fill(place.request.input)
            place.request.start()
        finally:
            place.is_being_filled = False
        return search

    def statistics(self) -> SearchStatistics:
        """How full the pool is and what it has refused."""
        with self._lock:
            under_way = sum(not place.request.is_done() for place in self._places)
            return SearchStatistics(under_way, len(self._places), self._started, self._refused)


class _Place:
    """A request, and the search that had it last, as long as somebody may ask for its result.

    Attributes:
        is_being_filled: Whether it is taken for a search that did not begin yet.
    """

    def __init__(self, request: SearchRequest) -> None:
        self.request = request
        self.is_being_filled = False
        self._search: weakref.ref[RunningSearch[Any]] | None = None

    def is_free(self) -> bool:
        return not self.is_being_filled and self.request.is_done()

    def take_for(self, search: RunningSearch[Any]) -> None:
        """What the search before found is read, ere this one overwrites it. The place is free, and the pool's lock is held."""
        before = None if self._search is None else self._search()
        if before is not None:
            before.keep()
        self._search = weakref.ref(search)
        self.is_being_filled = True
