"""A frame rate that yields to congestion and comes back: `Regulator`, one for each thing that can limit a stream.

Theory of operation
-------------------

Multiplicative decrease, additive increase, as TCP's (RFC 5681), because it is stable and shares what there is evenly among those who do
alike (Chiu and Jain, 1989). What differs is that going up is known to be a probe: a decrease that follows a step up within `PROBATION_MS`
says that the probe failed, and doubles the patience before the next one. So a stream at its limit tries ever more rarely, up to every
`MAX_PATIENCE_MS`, instead of swinging; one whose limit has gone is back at full rate within seconds.
"""

from __future__ import annotations

__all__ = ["MIN_FPS", "Regulator"]

MIN_FPS = 1.0
"""However slow the rest is, a frame a second shows that it lives."""

STEP_FPS = 1.0
STEP_INTERVAL_MS = 200.0
"""One frame a second more in 200 ms: from 15 to 30 frames/s in 3 s."""

PATIENCE_MS = 1_000.0
"""How long a decrease is left alone before the rate rises again, at first..."""

MAX_PATIENCE_MS = 16_000.0
"""... and at most."""

PROBATION_MS = 2_000.0
"""An increase has proved itself if no decrease follows within this."""


class Regulator:
    """The frame rate that one cause allows.

    Attributes:
        fps: Frames a second.
    """

    __slots__ = ("_patience_ms", "_raise_ms", "_raised_ms", "_top_fps", "fps")

    def __init__(self, top_fps: float) -> None:
        self.fps = top_fps
        self._top_fps = top_fps
        self._patience_ms = PATIENCE_MS
        self._raise_ms: float | None = None
        self._raised_ms: float | None = None

    @property
    def is_limiting(self) -> bool:
        """Whether the rate is below what is wanted."""
        return self.fps < self._top_fps

    @property
    def next_fps(self) -> float:
        """What the rate would be after the next increase."""
        return min(self._top_fps, self.fps + STEP_FPS)

    def set_top(self, top_fps: float) -> None:
        """The wanted rate has changed. A rate that was not limited is not limited afterwards."""
        self.fps = min(self.fps, top_fps) if self.is_limiting else top_fps
        self._top_fps = top_fps

    def lower(self, factor: float, now_ms: float) -> None:
        """There is congestion: multiplies the rate by that factor."""
        failed = self._raised_ms is not None and now_ms - self._raised_ms < PROBATION_MS
        self._patience_ms = min(2 * self._patience_ms, MAX_PATIENCE_MS) if failed else PATIENCE_MS
        self.fps = max(min(MIN_FPS, self._top_fps), self.fps * factor)
        self._raise_ms = now_ms + self._patience_ms
        self._raised_ms = None

    def restore(self, fps: float) -> None:
        """The last decreases were for nothing."""
        self.fps = min(fps, self._top_fps)

    def raise_step(self, now_ms: float) -> bool:
        """There is no congestion: takes a step up if its time has come, and says whether it did."""
        if not self.is_limiting or (self._raise_ms is not None and now_ms < self._raise_ms):
            return False
        self.fps = self.next_fps
        self._raised_ms = now_ms
        self._raise_ms = now_ms + STEP_INTERVAL_MS
        return True
