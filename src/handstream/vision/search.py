"""Work beside the pictures' own: `SearchPool` runs a bounded number of palm searches on threads of its own."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from handstream.vision.palm import PalmDetection

    SearchFuture = Future[list[PalmDetection]]

__all__ = ["SearchPool", "SearchStatistics"]


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


class SearchPool:
    """Threads for searches, with room for one waiting search a thread. Safe to use from many threads.

    Drop rule: a search for which there is no place is refused, because one that waits long answers about a picture long gone.

    Args:
        threads: How many searches run at the same time.
    """

    def __init__(self, threads: int) -> None:
        self._places = 2 * threads
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="handstream-search")
        self._lock = threading.Lock()
        self._under_way = self._started = self._refused = 0

    def start(self, prepare: Callable[[], Callable[[], list[PalmDetection]]]) -> SearchFuture | None:
        """Runs a search beside, if there is a place for it. Does not wait for it.

        Args:
            prepare: Called at once on the calling thread when there is a place; gives what then runs on a thread of the pool.

        Returns:
            The search's future, or None where every place is taken.
        """
        with self._lock:
            if self._under_way == self._places:
                self._refused += 1
                return None
            self._under_way += 1
            self._started += 1
        try:
            future = self._executor.submit(prepare())
        except BaseException:
            self._leave()
            raise
        future.add_done_callback(lambda _: self._leave())
        return future

    def statistics(self) -> SearchStatistics:
        """How full the pool is and what it has refused."""
        with self._lock:
            return SearchStatistics(self._under_way, self._places, self._started, self._refused)

    def close(self) -> None:
        """Waits for the searches that are under way, which are few and short. None may be started afterwards."""
        self._executor.shutdown(wait=True)

    def _leave(self) -> None:
        with self._lock:
            self._under_way -= 1
