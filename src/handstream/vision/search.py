"""Work beside the pictures' own: `SearchPool` runs a bounded number of palm searches, none of which a picture waits for."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RunningSearch", "SearchPool", "SearchRequest", "SearchStatistics"]


@dataclass(frozen=True, slots=True)
class SearchStatistics:
    """How the pool stands.

    Attributes:
        under_way: Searches running or waiting now.
        places: The most there may be, with those that are done and were not read yet.
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


class RunningSearch:
    """A search that was begun. Its place is free again once it has ended and nobody holds this object any more."""

    __slots__ = ("__weakref__", "_request")

    def __init__(self, request: SearchRequest) -> None:
        self._request = request

    def done(self) -> bool:
        """Whether `outputs` returns at once."""
        return self._request.is_done()

    def outputs(self) -> list[NDArray[np.float32]]:
        """What the network gave, valid as long as this object lives. Blocks until it is there."""
        self._request.wait()
        return self._request.outputs


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

    def start(self, fill: Callable[[NDArray[np.uint8]], None]) -> RunningSearch | None:
        """Begins a search, if there is a place for it. Does not wait for it.

        Args:
            fill: Called at once when there is a place; fills the network's input.

        Returns:
            The search, or None where every place is taken.
        """
        with self._lock:
            place = next((place for place in self._places if place.is_free()), None)
            if place is None:
                self._refused += 1
                return None
            self._started += 1
            search = place.take()
        fill(place.request.input)
        place.request.start()
        return search

    def statistics(self) -> SearchStatistics:
        """How full the pool is and what it has refused."""
        with self._lock:
            under_way = sum(not place.request.is_done() for place in self._places)
            return SearchStatistics(under_way, len(self._places), self._started, self._refused)


class _Place:
    """A request, and the search that has it."""

    def __init__(self, request: SearchRequest) -> None:
        self.request = request
        self._search: weakref.ref[RunningSearch] | None = None

    def is_free(self) -> bool:
        """A tracker that forgets its search has no more to do than that."""
        return (self._search is None or self._search() is None) and self.request.is_done()

    def take(self) -> RunningSearch:
        search = RunningSearch(self.request)
        self._search = weakref.ref(search)
        return search
