"""Whether this process still does its work: `Watchdog` sees a frame that never ends, and an event loop that no longer turns.

Native code cannot be interrupted: a network that hangs holds its thread for ever, and one that holds the interpreter's lock holds every
thread. So nothing is mended here. A stuck process says so, to whoever asks (`/healthz`) and to its supervisor (`server/supervisor.py`),
who ends it; its clients then resume on another process.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handstream.executor import Executor

__all__ = ["Watchdog"]

logger = logging.getLogger(__name__)

_BEAT_INTERVAL_S = 0.1
"""How often the event loop shows that it turns. It sleeps in between, so this costs nothing."""


class Watchdog:
    """Watches one executor and the event loop that it is made on. `problem` may be called from any thread."""

    def __init__(self, executor: Executor, deadline_s: float) -> None:
        """The event loop is watched from the first `run` on.

        Args:
            executor: Whose frames are watched.
            deadline_s: How long a frame, or one turn of the event loop, may take, in seconds.
        """
        self._executor = executor
        self._deadline_s = deadline_s
        self._beat_ns: int | None = None
        self._is_told = False

    async def run(self) -> None:
        """Shows that the event loop turns, until it is cancelled."""
        while True:
            self._beat_ns = time.monotonic_ns()
            await asyncio.sleep(_BEAT_INTERVAL_S)

    def problem(self) -> str | None:
        """What is stuck, in one sentence; None if nothing is. The first time, it is logged with what every thread is doing."""
        problem = self._problem(time.monotonic_ns())
        if problem is not None and not self._is_told:
            self._is_told = True
            logger.critical(problem)
            with suppress(OSError, ValueError, AttributeError):  # there may be no real stderr to write to
                faulthandler.dump_traceback(sys.stderr)
        return problem

    def _problem(self, now_ns: int) -> str | None:
        oldest_ns = self._executor.oldest_start_ns()
        if oldest_ns is not None and (span_s := (now_ns - oldest_ns) / 1e9) > self._deadline_s:
            return f"A frame has been processed for {span_s:.1f} s; it may take {self._deadline_s:g} s (frame_deadline_s)."
        if self._beat_ns is not None and (span_s := (now_ns - self._beat_ns) / 1e9) > self._deadline_s:
            return f"The event loop has not turned for {span_s:.1f} s; it may take {self._deadline_s:g} s (frame_deadline_s)."
        return None
