"""Which hand a followed hand is: `HandednessVote`, a running opinion that does not flicker."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handstream.frames import Handedness

__all__ = ["HandednessVote"]

WEIGHT = 0.25
"""The weight of the newest picture in the running mean: a firm label changes with the fifth picture in a row that contradicts it."""

MARGIN = 0.2
"""How far beyond even odds the running mean must be on the other side before the label changes."""


class HandednessVote:
    """The running mean of the network's answers for one hand, with hysteresis.

    The first picture decides alone. Then the mean moves a quarter of the way to each new answer, and the label changes only when the mean
    has passed 0.7 on the other side. The score is the mean's share for the label, never below 0.5.

    Args:
        left_probability: The first answer: how likely the hand is "Left", 0..1.
    """

    __slots__ = ("_label", "_left")

    def __init__(self, left_probability: float) -> None:
        self._left = left_probability
        self._label: Handedness = "Left" if left_probability > 0.5 else "Right"

    def add(self, left_probability: float) -> None:
        """Takes the next picture's answer into account, 0..1."""
        self._left += WEIGHT * (left_probability - self._left)
        if self._left > 0.5 + MARGIN:
            self._label = "Left"
        elif self._left < 0.5 - MARGIN:
            self._label = "Right"

    @property
    def label(self) -> Handedness:
        """MediaPipe's label, see `handstream.frames.Handedness`."""
        return self._label

    @property
    def score(self) -> float:
        """How sure the mean is of the label, 0.5..1."""
        return min(1.0, max(0.5, self._left if self._label == "Left" else 1 - self._left))
