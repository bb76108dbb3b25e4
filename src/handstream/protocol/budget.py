"""How many texts a session may send: `MessageBudget`, a token bucket (RFC 2697 calls it that of a committed information rate)."""

from __future__ import annotations

__all__ = ["BURST_MESSAGES", "MESSAGES_PER_SECOND", "MessageBudget"]

BURST_MESSAGES = 200
"""How many may come at once: many times what a person who plays with the sliders of a page causes in a second."""

MESSAGES_PER_SECOND = 100
"""How many may come in the long run. One takes the server some 0.1 ms, so a session can take up a hundredth of the event loop."""

_NS_PER_MESSAGE = 1_000_000_000 // MESSAGES_PER_SECOND


class MessageBudget:
    """What one session may still send. Time is an argument, in ns of a monotonic clock; a clock that goes back refills nothing."""

    def __init__(self) -> None:
        self._left_ns = BURST_MESSAGES * _NS_PER_MESSAGE
        self._time_ns: int | None = None

    def take(self, now_ns: int) -> bool:
        """Whether one more is within the budget, which it then reduces."""
        elapsed_ns = 0 if self._time_ns is None else max(0, now_ns - self._time_ns)
        self._time_ns = now_ns
        self._left_ns = min(self._left_ns + elapsed_ns, BURST_MESSAGES * _NS_PER_MESSAGE)
        if self._left_ns < _NS_PER_MESSAGE:
            return False
        self._left_ns -= _NS_PER_MESSAGE
        return True
