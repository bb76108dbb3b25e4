"""The least of the newest values: `WindowMinimum`, in constant memory."""

from __future__ import annotations

__all__ = ["WindowMinimum"]


class WindowMinimum:
    """The least value of this half of a window and of the half before it, so of the last half to whole window. It holds two values."""

    __slots__ = ("_current", "_previous", "_start_ms", "_window_ms")

    def __init__(self, window_ms: float) -> None:
        self._window_ms = window_ms
        self._previous: float | None = None
        self._current: float | None = None
        self._start_ms = 0.0

    @property
    def value(self) -> float | None:
        """The least value; None before the first."""
        if self._previous is None or self._current is None:
            return self._current
        return min(self._previous, self._current)

    def add(self, value: float, now_ms: float) -> None:
        """A value was seen now."""
        half_ms = self._window_ms / 2
        elapsed_ms = now_ms - self._start_ms
        if self._current is None or not 0 <= elapsed_ms < self._window_ms:
            # After a silence, or if the clock went back, what was seen before says nothing about now.
            self.restart(value, now_ms)
        elif elapsed_ms < half_ms:
            self._current = min(self._current, value)
        else:
            self._previous, self._current = self._current, value
            self._start_ms += half_ms

    def restart(self, value: float, now_ms: float) -> None:
        """Forgets all values but this one."""
        self._previous = None
        self._current = value
        self._start_ms = now_ms
