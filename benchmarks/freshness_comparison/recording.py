"""What a client saw of its own stream: `Recording`, written down by a `Recorder` while it runs."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Recorder", "Recording", "Window"]


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a run that is measured, in seconds of the system's monotonic clock, which all processes share."""

    begin_s: float
    end_s: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end_s - self.begin_s

    def holds(self, time_s: float) -> bool:
        """Whether that moment is in it."""
        return self.begin_s <= time_s < self.end_s


@dataclass(frozen=True, slots=True)
class Recording:
    """One session's stream.

    Attributes:
        answers_s: `(answers, 2)`, when each answered picture was captured and when its answer was in the client's hands, in seconds; of
            the whole run, in the order of arrival.
        offered: Pictures that the camera gave in the window.
        drops: Pictures that were not answered, by the stage at which they were dropped, in the window.
        unanswered: Pictures that were sent, or waited to be, when the window ended.
        up_bytes: The pictures sent in the window.
        down_bytes: The pictures received in the window.
    """

    answers_s: NDArray[np.float64]
    offered: int
    drops: dict[str, int]
    unanswered: int
    up_bytes: float
    down_bytes: float


@dataclass(slots=True)
class Recorder:
    """Writes a recording down; `unanswered` is set at its end."""

    window: Window
    unanswered: int = 0
    _answers_s: list[tuple[float, float]] = field(default_factory=list)
    _offered: int = 0
    _drops: Counter[str] = field(default_factory=Counter)
    _up_bytes: float = 0.0
    _down_bytes: float = 0.0

    def capture(self) -> None:
        """The camera gave a picture now."""
        self._offered += self._is_measured

    def send(self, size_bytes: float) -> None:
        """A picture of that size was sent now."""
        self._up_bytes += size_bytes * self._is_measured

    def drop(self, stage: str, count: int = 1) -> None:
        """So many pictures turn out now to have been dropped there."""
        self._drops[stage] += count * self._is_measured

    def answer(self, captured_s: float, size_bytes: int) -> None:
        """The answer to the picture of that time, of that size, is in the client's hands now."""
        self._answers_s.append((captured_s, time.monotonic()))
        self._down_bytes += size_bytes * self._is_measured

    def recording(self) -> Recording:
        """What was written down so far."""
        answers_s = np.array(self._answers_s, np.float64).reshape(-1, 2)
        drops = {stage: count for stage, count in self._drops.items() if count}
        return Recording(answers_s, self._offered, drops, self.unanswered, self._up_bytes, self._down_bytes)

    @property
    def _is_measured(self) -> bool:
        return self.window.holds(time.monotonic())
