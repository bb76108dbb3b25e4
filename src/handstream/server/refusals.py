"""What was refused, by reason: `Refusals` has all of it counted, and some of it logged."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from handstream.server.throttled_log import ThrottledLog

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Refusals"]

logger = logging.getLogger(__name__)


class Refusals:
    """The refusals of one server. The reasons are codes that stand in the source, so there is a bounded number of them."""

    def __init__(self, tally: Callable[[str], None]) -> None:
        """Nothing was refused yet.

        Args:
            tally: Counts one of that reason.
        """
        self._tally = tally
        self._log = ThrottledLog("refused", logger.warning)

    def count(self, reason: str, address: str | None) -> None:
        """Something of that address was refused."""
        self._tally(reason)
        self._log.add(reason, last_address=address)
