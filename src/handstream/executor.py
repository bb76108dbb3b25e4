"""The threads that process frames: `Executor`, with one `Lane` for each session.

Theory of operation
-------------------

A lane is a session's way to the threads. It has one place to wait, where the newest item wins, and at most one of its items is processed
at a time, so that results leave in the order of their frames and a session's tracker is never used by two threads. A lane that has an item
waiting and none running is *ready*. Ready lanes take turns (`Turns`): each gets one a round, however much its session sends, and within a
round one whose item has just been replaced by a newer one goes first.

Turns of the same number are no equal shares where some take far longer: eight sessions with pictures of 8 megapixels would hold all threads
for most of a second, round after round. So a lane whose last item took far longer than usual (`UsualWork`) is *heavy*, as one is that has
shown nothing yet, and while there are others, heavy lanes together hold half of the threads at the most. Those that wait meanwhile are held
up, and the others' rounds go on without them.

Nothing here can grow: there is one place a lane, one entry for it among those that are ready, and a fixed number of threads.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from handstream.processors import usable_cpus
from handstream.protocol.capacity import CapacityEstimate
from handstream.protocol.flow import LatestSlot
from handstream.protocol.turns import Turns
from handstream.protocol.usual_work import UsualWork

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from handstream.protocol.capacity import Capacity

__all__ = ["Executor", "ExecutorStatistics", "Lane"]

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ExecutorStatistics:
    """How busy an executor is.

    Attributes:
        threads: Its threads.
        running: How many of them process an item now.
        lanes: Lanes that are open.
        ready: Lanes that wait for a thread; at most `lanes`.
        processed: Items processed so far.
        replaced: Items replaced by a newer one while they waited, so far.
        capacity: What the threads can carry, in items a second, as measured; None while that is not known.
    """

    threads: int
    running: int
    lanes: int
    ready: int
    processed: int
    replaced: int
    capacity: Capacity | None


class Executor:
    """Threads that process the items of many lanes, fairly. Safe to use from many threads; nothing but `close` blocks."""

    def __init__(self, threads: int | None = None) -> None:
        """Starts the threads.

        Args:
            threads: How many, 1 or more; None is one for each processor that this process may use.
        """
        threads = usable_cpus() if threads is None else threads
        if threads < 1:
            raise ValueError(f"threads must be 1 or more, not {threads}")
        self._lock = threading.RLock()
        self._idle: list[threading.Condition] = []  # of the threads that wait, the one that became idle last at the end
        self._ready: Turns[Lane[Any]] = Turns()
        self._lanes: set[Lane[Any]] = set()
        self._running: set[Lane[Any]] = set()
        self._processed = 0
        self._replaced = 0
        self._closed = False
        self._estimate = CapacityEstimate(threads)
        self._usual_work = UsualWork()
        self._light_lanes = 0
        self._threads = [threading.Thread(target=self._work, name=f"handstream-{index}", daemon=True) for index in range(threads)]
        for thread in self._threads:
            thread.start()

    def open_lane(self, process: Callable[[T], None], at_end: Callable[[], None]) -> Lane[T]:
        """A new lane.

        Args:
            process: Called with each item, on one of the threads, never twice at the same time. An exception from it is logged.
            at_end: Called once when the lane was closed and the item that was running, if one was, has ended: on one of the threads, or by
                `Lane.close` where no item was ever processed, as there is nothing then that takes time to give back.

        Raises:
            RuntimeError: The executor was closed.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError("the executor is closed")
            lane = Lane(self, process, at_end)
            self._lanes.add(lane)
            self._ready.enter(lane)
            return lane

    def statistics(self) -> ExecutorStatistics:
        """How busy it is now."""
        with self._lock:
            return ExecutorStatistics(
                threads=len(self._threads),
                running=len(self._running),
                lanes=len(self._lanes),
                ready=len(self._ready),
                processed=self._processed,
                replaced=self._replaced,
                capacity=self._estimate.capacity(time.monotonic_ns()),
            )

    def oldest_start_ns(self) -> int | None:
        """When the item that is processed the longest was begun, on the monotonic clock; None if none is processed now."""
        with self._lock:
            return min((lane._start_ns for lane in self._lanes if lane._start_ns is not None), default=None)  # noqa: SLF001

    def close(self, within_s: float | None = None) -> None:
        """Closes every lane, drops what waits, waits until what runs has ended, and ends the threads. A second call does nothing.

        Args:
            within_s: How long to wait at most, in seconds; None waits as long as it takes. What still runs then is left behind on its
                thread, which does not keep the process alive.
        """
        with self._lock:
            self._closed = True
            for lane in tuple(self._lanes):
                lane.close()
            self._wake_all()
        deadline_s = None if within_s is None else time.monotonic() + within_s
        for thread in self._threads:
            thread.join(None if deadline_s is None else max(0.0, deadline_s - time.monotonic()))

    def _work(self) -> None:
        wakeup = threading.Condition(self._lock)
        while (lane := self._next_lane(wakeup)) is not None:
            lane._run()  # noqa: SLF001 - a lane and its executor are one thing in two classes

    def _next_lane(self, wakeup: threading.Condition) -> Lane[Any] | None:
        """Waits for a lane that is ready and may have a thread; None once the executor is closed and there is no such lane."""
        with self._lock:
            while (lane := self._ready.take(self._may_run)) is None:
                if self._closed:
                    return None
                self._idle.append(wakeup)
                wakeup.wait()
            self._running.add(lane)
            lane._is_running = True  # noqa: SLF001
            return lane

    def _wake(self) -> None:
        """Wakes the thread that became idle last, whose memory is still in the processor's cache. The lock is held."""
        if self._idle:
            self._idle.pop().notify()

    def _wake_all(self) -> None:
        """Wakes every thread that is idle. The lock is held."""
        while self._idle:
            self._wake()

    def _is_full(self) -> bool:
        """Whether a lane waits for the thread that has just become free, as the others are busy. The lock is held."""
        return len(self._running) == len(self._threads) - 1 and bool(self._ready)

    def _count_light(self, change: int) -> None:
        """So many light lanes more. Without any, heavy lanes that wait may have every thread. The lock is held."""
        self._light_lanes += change
        if change < 0 and not self._light_lanes:
            self._wake_all()

    def _may_run(self, lane: Lane[Any]) -> bool:
        """Whether there is a thread for that lane, if there is one at all. The lock is held."""
        if not lane._is_heavy or lane._closed or not self._light_lanes:  # noqa: SLF001
            return True
        return sum(other._is_heavy for other in self._running) < max(1, len(self._threads) // 2)  # noqa: SLF001


class Lane(Generic[T]):
    """One session's way to the threads; made by `Executor.open_lane`. Safe to use from many threads; nothing here blocks."""

    def __init__(self, executor: Executor, process: Callable[[T], None], at_end: Callable[[], None]) -> None:
        self._executor = executor
        self._lock = executor._lock  # noqa: SLF001 - one lock for the lanes and whose turn it is
        self._process = process
        self._at_end = at_end
        self._slot: LatestSlot[T] = LatestSlot()
        self._is_running = False  # a thread has it
        self._has_begun = False  # its first item, for which much is made, tells nothing of the next ones
        self._is_heavy = True  # until an item has shown that it is not
        self._closed = False
        self._start_ns: int | None = None  # of the item that a thread processes

    def offer(self, item: T) -> T | None:
        """Gives an item to be processed.

        Returns:
            The item that was waiting and will now not be processed, if there was one. A closed lane returns `item` itself.
        """
        with self._lock:
            if self._closed:
                return item
            replaced = self._slot.put(item)
            self._executor._replaced += replaced is not None  # noqa: SLF001
            self._enqueue()
            return replaced

    def withdraw(self) -> T | None:
        """Takes back the item that waits, if one does. What is running goes on."""
        with self._lock:
            return self._slot.take()

    def close(self) -> T | None:
        """Takes no more items. A second call does nothing.

        Returns:
            The item that was waiting and will now not be processed, if there was one.
        """
        with self._lock:
            if self._closed:
                return None
            self._closed = True
            waiting = self._slot.take()
            if self._has_begun or self._is_running:
                self._enqueue()
                # It may run now, even if it waited before and might not.
                self._executor._wake()  # noqa: SLF001
                return waiting
            self._leave()  # To wake a thread for each who comes and vanishes would take time from the others.
        self._end()
        return waiting

    def _enqueue(self) -> None:
        """Asks for a turn, unless a thread has the lane. The lock is held."""
        if not self._is_running and self._executor._ready.ask(self):  # noqa: SLF001
            self._executor._wake()  # noqa: SLF001

    def _run(self) -> None:
        """One turn, on one of the threads."""
        start_ns = time.monotonic_ns()
        with self._lock:
            item = self._slot.take()
            self._start_ns = None if item is None else start_ns
        if item is not None:
            self._call(lambda: self._process(item))
        end_ns = time.monotonic_ns()
        with self._lock:
            self._is_running = False
            self._executor._running.discard(self)  # noqa: SLF001
            self._start_ns = None
            if item is not None:
                self._executor._processed += 1  # noqa: SLF001
                if self._has_begun:
                    self._weigh(end_ns - start_ns, end_ns)
                self._has_begun = True
            if self._slot:
                self._enqueue()
                return
            if not self._closed:
                return
            self._leave()
        self._end()

    def _weigh(self, work_ns: int, now_ns: int) -> None:
        """An item has shown how long this lane's take. The lock is held."""
        self._executor._estimate.served(work_ns, now_ns, is_full=self._executor._is_full())  # noqa: SLF001
        was_heavy, self._is_heavy = self._is_heavy, self._executor._usual_work.update(work_ns)  # noqa: SLF001
        self._executor._count_light(was_heavy - self._is_heavy)  # noqa: SLF001

    def _leave(self) -> None:
        """The executor forgets the lane. The lock is held."""
        self._executor._count_light(0 if self._is_heavy else -1)  # noqa: SLF001
        self._executor._lanes.discard(self)  # noqa: SLF001
        self._executor._ready.leave(self)  # noqa: SLF001

    def _end(self) -> None:
        self._call(self._at_end)
        del self._process, self._at_end  # Whoever opened the lane holds it, and these hold whoever opened it.

    def _call(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:
            logger.exception("An error that its session did not handle")
