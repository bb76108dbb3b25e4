"""How much a client may send: `Budget`, a token bucket (RFC 2697 calls its rate the committed information rate)."""

from __future__ import annotations

__all__ = ["Budget"]

_NS_PER_S = 1_000_000_000


class Budget:
    """What may still come: a burst at once, and so many a second in the long run. Begins full.

    Time is an argument, in ns of a monotonic clock; a clock that goes back refills nothing.
    """

    def __init__(self, per_second: float, *, burst_s: float) -> None:
        """Nothing has come yet.

        Args:
            per_second: How many may come in the long run.
            burst_s: For how many seconds' worth of them the budget saves up.
        """
        self._ns_each = max(1, round(_NS_PER_S / per_second))
        self._full_ns = max(self._ns_each, round(burst_s * _NS_PER_S))
        self._left_ns = self._full_ns
        self._time_ns: int | None = None

    def take(self, now_ns: int) -> bool:
        """Whether one more is within the budget, which it then reduces."""
        elapsed_ns = 0 if self._time_ns is None else max(0, now_ns - self._time_ns)
        self._time_ns = now_ns
        self._left_ns = min(self._left_ns + elapsed_ns, self._full_ns)
        if self._left_ns < self._ns_each:
            return False
        self._left_ns -= self._ns_each
        return True
