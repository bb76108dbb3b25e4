"""What was refused, by reason: `Refusals` has all of it counted, and logs as much of it as a person can read."""

from __future__ import annotations

import logging
import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Refusals"]

logger = logging.getLogger(__name__)

_LOG_INTERVAL_NS = 10_000_000_000
"""How often one reason is logged at most: a flood shall not fill the disk, nor take the time of those that it cannot otherwise harm."""


class Refusals:
    """The refusals of one server. The reasons are codes that stand in the source, so there is a bounded number of them."""

    def __init__(self, tally: Callable[[str], None], now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        """Nothing was refused yet.

        Args:
            tally: Counts one of that reason.
            now_ns: A monotonic clock.
        """
        self._tally = tally
        self._now_ns = now_ns
        self._unlogged: Counter[str] = Counter()
        self._logged_ns: dict[str, int] = {}

    def count(self, reason: str, address: str | None) -> None:
        """Something of that address was refused. The first of a reason is logged at once, and then their number now and then."""
        self._tally(reason)
        self._unlogged[reason] += 1
        now_ns = self._now_ns()
        if now_ns - self._logged_ns.get(reason, now_ns - _LOG_INTERVAL_NS) < _LOG_INTERVAL_NS:
            return
        self._logged_ns[reason] = now_ns
        logger.warning("refused", extra={"reason": reason, "count": self._unlogged.pop(reason), "last_address": address})
