"""Events that strangers can cause without end: `ThrottledLog` logs as much of them as a person can read."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ThrottledLog"]

_INTERVAL_NS = 10_000_000_000
"""How often one reason is logged at most: a flood shall not fill the disk, nor take the time of those that it cannot otherwise harm."""


class ThrottledLog:
    """One kind of event. The first of a reason is logged at once, and then their number now and then.

    The reasons are codes that stand in the source, so there is a bounded number of them.
    """

    def __init__(self, event: str, log: Callable[..., None], now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        """Nothing happened yet.

        Args:
            event: What the log calls it.
            log: A logger's method, of the level that is meant.
            now_ns: A monotonic clock.
        """
        self._event = event
        self._log = log
        self._now_ns = now_ns
        self._unlogged: Counter[str] = Counter()
        self._logged_ns: dict[str, int] = {}

    def add(self, reason: str, **details: str | None) -> None:
        """It happened once more, for that reason. A line has the details of the last one that it counts."""
        self._unlogged[reason] += 1
        now_ns = self._now_ns()
        if now_ns - self._logged_ns.get(reason, now_ns - _INTERVAL_NS) < _INTERVAL_NS:
            return
        self._logged_ns[reason] = now_ns
        self._log(self._event, extra={"reason": reason, "count": self._unlogged.pop(reason), **details})
