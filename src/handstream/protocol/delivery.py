"""How many results may be on their way to a client unseen: `ResultWindow`, for a client that acknowledges them.

Theory of operation
-------------------

The kernel takes a result long before the client does. When the network or the client pauses, results fill its buffers, and are old when
they come out. So at most K are unacknowledged; the next one waits where a newer one replaces it.

    K = clamp(ceil(ALLOWANCE * floor / interval) + 1, MIN_RESULTS, MAX_RESULTS)

The floor is the least time of the last 5 to 10 s from a result's departure to its acknowledgement, and the interval the smoothed time from
one result to the next. The quotient is what is on its way while nothing queues (the bandwidth-delay product, as in `protocol/window.py`);
the allowance is for acknowledgements that jitter, or a frame ahead of them, holds up. A client begins with one frame on its way and has
more with every answer, so an interval that becomes shorter is believed at once and one that becomes longer only in time: the K of a
moment ago would replace the results of the frames that the client may send by now. Results that were replaced while they waited count for
the interval like those that left: otherwise a K that is too small would make results rare, and so justify itself.

Frame numbers only ever increase, so an acknowledgement stands for all results up to its own.
"""

from __future__ import annotations

import math
from collections import deque

from handstream.protocol.minimum import WindowMinimum
from handstream.protocol.numbering import follows

__all__ = ["MAX_RESULTS", "MIN_RESULTS", "ResultWindow"]

MIN_RESULTS = 2
"""One on its way and one that its acknowledgement is awaited of: on a short path nothing ever waits."""

MAX_RESULTS = 12
"""As many as a client's own frames in flight (`protocol/window.py`)."""

ALLOWANCE = 1.5
"""Simulated on the profile `3g`, 15 to 38 results are replaced in the first 20 s without it and with one gain both ways, and none so."""

_FLOOR_WINDOW_MS = 10_000.0
_LONGER_GAIN = 1 / 8
_SHORTER_GAIN = 1 / 2


class ResultWindow:
    """The results of one connection that are not acknowledged. Not thread-safe. Times are in ns of one monotonic clock."""

    def __init__(self, *, after: int | None = None) -> None:
        """Nothing was sent on this connection yet.

        Args:
            after: The newest frame whose result was sent on an earlier connection of the session, if there was one.
        """
        self._unacknowledged: deque[tuple[int, int]] = deque()
        self._newest_acknowledged = after
        self._floor = WindowMinimum(_FLOOR_WINDOW_MS)
        self._interval_ms: float | None = None
        self._sent_ns: int | None = None
        self._replaced = 0

    @property
    def max_results(self) -> int:
        """How many results may be unacknowledged now."""
        floor_ms = self._floor.value
        if floor_ms is None or not self._interval_ms:
            return MIN_RESULTS
        return min(max(math.ceil(ALLOWANCE * floor_ms / self._interval_ms) + 1, MIN_RESULTS), MAX_RESULTS)

    @property
    def may_send(self) -> bool:
        """Whether another result may be sent."""
        return len(self._unacknowledged) < self.max_results

    @property
    def oldest_ns(self) -> int | None:
        """When the oldest result that is not acknowledged was sent; None if all are."""
        return self._unacknowledged[0][1] if self._unacknowledged else None

    def sent(self, frame_id: int, now_ns: int) -> None:
        """The result of that frame was handed to the socket."""
        if self._sent_ns is not None:
            self._learn_interval(max(0, now_ns - self._sent_ns) / 1e6 / (1 + self._replaced))
        self._unacknowledged.append((frame_id, now_ns))
        self._sent_ns = now_ns
        self._replaced = 0

    def replaced(self) -> None:
        """A result that waited was replaced by a newer one."""
        self._replaced += 1

    def acknowledge(self, frame_id: int, now_ns: int) -> bool | None:
        """The client has the results up to that frame's.

        Returns:
            True if that was news, False if it repeats what was known, and None if no result of that frame is on its way.
        """
        if frame_id not in (sent_id for sent_id, _ in self._unacknowledged):
            is_known = self._newest_acknowledged is not None and not follows(frame_id, self._newest_acknowledged)
            return False if is_known else None
        while True:
            sent_id, sent_ns = self._unacknowledged.popleft()
            if sent_id == frame_id:
                break
        self._newest_acknowledged = frame_id
        self._floor.add(max(0, now_ns - sent_ns) / 1e6, now_ns / 1e6)
        return True

    def _learn_interval(self, interval_ms: float) -> None:
        before_ms = interval_ms if self._interval_ms is None else self._interval_ms
        gain = _SHORTER_GAIN if interval_ms < before_ms else _LONGER_GAIN
        self._interval_ms = before_ms + gain * (interval_ms - before_ms)
