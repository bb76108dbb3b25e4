"""Keeps the threads that help with an inference off the processor of the thread that asks for it: `HelperThreads`.

A thread that is woken may have to wait for the core of the one that woke it, for milliseconds, while others are idle: where a kernel packs
a light load onto few cores, as in a virtual machine whose sleeping cores do not count as idle to it. That is all of the time that a second
thread could have saved. So the helpers are forbidden that one processor, where there is nothing for them as long as the asking thread
runs. Which of the others they take is the kernel's choice: processes that share a machine do not choose the same one.

Linux only; elsewhere, and where a sandbox forbids it, nothing here does anything.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from handstream.vision.background import threads_named

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AGAIN_MS", "HelperThreads"]

AGAIN_MS = 100.0
"""How long what was forbidden is taken to hold. While a thread takes part in an inference it may run where TBB lets it, and afterwards
where it was allowed to before: a ban that comes meanwhile is lost. And to say it costs 2 us for each of some 20 threads, too much for every
picture."""


class HelperThreads:
    """Threads that a library has started for its own work, told by their name. Safe to use from many threads."""

    def __init__(self, name: str, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        """Knows none yet.

        Args:
            name: What `naming_threads` called them.
            clock_ns: The monotonic clock.
        """
        self._name = name
        self._clock_ns = clock_ns
        self._processor_now = _processor_now()
        self._lock = threading.Lock()
        self._threads: list[int] = []
        self._processors: set[int] = set()
        self._left: int | None = None
        self._again_ns = 0

    def find(self) -> None:
        """Looks which there are. They may run where the calling thread may. Blocks for a moment."""
        if sys.platform != "linux":
            return
        with self._lock:
            self._threads = threads_named(self._name)
            self._processors = os.sched_getaffinity(0)
            self._left = None

    def leave_this_processor(self) -> None:
        """Forbids them the processor that the calling thread runs on, and only that one. Blocks for microseconds."""
        processor, now_ns = self._processor_now(), self._clock_ns()
        if processor == self._left and now_ns < self._again_ns:
            return
        with self._lock:
            self._left, self._again_ns = processor, now_ns + round(AGAIN_MS * 1e6)
            elsewhere = self._processors - {processor} or self._processors
            for thread in self._threads:
                with suppress(OSError):  # It has ended, or may not be bound.
                    os.sched_setaffinity(thread, elsewhere)


def _processor_now() -> Callable[[], int]:
    """Tells the number of the processor that the calling thread runs on; always -1 where the system does not say."""
    try:
        # PyDLL, as to give up the interpreter's lock for so short a call could mean to wait for it.
        processor_now: Callable[[], int] = ctypes.PyDLL(None).sched_getcpu
    except (AttributeError, OSError, TypeError):
        return lambda: -1
    return processor_now
