"""Threads of a library that must not slow others: `naming_threads` marks them, and `yield_to_others` gives them the lowest priority.

Linux's SCHED_IDLE is meant. Any other thread takes the core from such a one at once, where by the usual rules a thread that wakes waits
for milliseconds until the one that runs has had its time. On a machine that is wholly busy it may not run for seconds. So it must hold no
lock that others need, the interpreter's least of all: no Python can run on it, and a thread cannot leave the class again. That leaves
threads which a library has started for its own work, and it does not tell which they are. But a thread bears the name of the one that
started it, and the kernel tells how long each has run.

Elsewhere than on Linux, and where a sandbox forbids it, nothing here does anything.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["naming_threads", "threads_named", "yield_to_others"]

_OWN_NAME = Path("/proc/thread-self/comm")
_THREADS = Path("/proc/self/task")


@contextmanager
def naming_threads(name: str) -> Iterator[None]:
    """The threads that the calling one starts meanwhile bear that name, of at most 15 ASCII characters, which it bears itself as long."""
    before = None
    with suppress(OSError):
        before = _name(_OWN_NAME)
        _OWN_NAME.write_text(name)
    try:
        yield
    finally:
        if before is not None:
            with suppress(OSError):
                _OWN_NAME.write_text(before)


def threads_named(name: str) -> list[int]:
    """The numbers, as the kernel has them, of this process' threads that bear that name."""
    found = []
    with suppress(OSError):
        for thread in _THREADS.iterdir():
            with suppress(OSError):  # It has ended meanwhile.
                if _name(thread / "comm") == name:
                    found.append(int(thread.name))
    return found


def yield_to_others(name: str, work: Callable[[], object]) -> int | None:
    """Gives the lowest priority to the thread of that name which does most of the work. Blocks for as long as that takes.

    Returns:
        The thread's number, as the kernel has it; None if none of that name worked, or none may be changed.
    """
    if sys.platform != "linux":
        work()
        return None
    before_ns = _run_times_ns(name)
    work()
    worked_ns = {thread: run_ns - before_ns.get(thread, 0) for thread, run_ns in _run_times_ns(name).items()}
    busiest = max(worked_ns, key=worked_ns.__getitem__, default=None)
    if busiest is None or not worked_ns[busiest]:
        return None
    with suppress(OSError):
        os.sched_setscheduler(busiest, os.SCHED_IDLE, os.sched_param(0))
        return busiest
    return None


def _run_times_ns(name: str) -> dict[int, int]:
    """How long each thread of that name has run so far, by its number."""
    times_ns = {}
    for thread in threads_named(name):
        with suppress(OSError):  # It has ended meanwhile.
            times_ns[thread] = int((_THREADS / str(thread) / "schedstat").read_text().split()[0])
    return times_ns


def _name(path: Path) -> str:
    """The kernel ends it with a line break when it is read, and takes one for a part of it when it is written."""
    return path.read_text().removesuffix("\n")
