"""The least of the newest values: `WindowMinimum`, in constant memory."""

from __future__ import annotations

__all__ = ["WindowMinimum"]


class WindowMinimum:
    """The least value of this half of a window and of the half before it, so of the last half to whole window. It holds two values.

    The window and the times may be in any unit, as long as it is the same.
    """

    __slots__ = ("_current", "_previous", "_start", "_window")

    def __init__(self, window: float) -> None:
        self._window = window
        self._previous: float | None = None
        self._current: float | None = None
        self._start = 0.0

    @property
    def value(self) -> float | None:
        """The least value; None before the first."""
        if self._previous is None or self._current is None:
            return self._current
        return min(self._previous, self._current)

    def add(self, value: float, now: float) -> None:
        """A value was seen now."""
        half = self._window / 2
        elapsed = now - self._start
        if self._current is None or not 0 <= elapsed < self._window:
            # After a silence, or if the clock went back, what was seen before says nothing about now.
            self.restart(value, now)
        elif elapsed < half:
            self._current = min(self._current, value)
        else:
            self._previous, self._current = self._current, value
            self._start += half

    def restart(self, value: float, now: float) -> None:
        """Forgets all values but this one."""
        self._previous = None
        self._current = value
        self._start = now
