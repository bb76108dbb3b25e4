"""Numbers for hands that come without one: `HandIdentities` follows them from picture to picture by how much their boxes overlap."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from handstream.frames import Hand

__all__ = ["HandIdentities"]


class HandIdentities:
    """The hands of one stream's last picture and their numbers.

    A hand whose bounding box overlaps one of the last picture's hands keeps that hand's number; the pairs that overlap most are matched
    first. Every other hand gets a new number. At 30 pictures a second a hand that moves by its own width between two pictures would cross
    a picture 640 px wide in a tenth of a second.
    """

    def __init__(self) -> None:
        self._last: list[Hand] = []
        self._next_id = 0

    def assign(self, hands: list[Hand]) -> list[Hand]:
        """The next picture's hands with their numbers, in the order of the numbers, so that a hand keeps its place while it is followed."""
        matches = self._matches(hands)
        self._last = sorted((replace(hand, hand_id=self._id_for(matches.get(place))) for place, hand in enumerate(hands)), key=_by_id)
        return list(self._last)

    def forget(self) -> None:
        """Forgets the last picture. Numbers are never used again."""
        self._last = []

    def _matches(self, hands: list[Hand]) -> dict[int, int]:
        """For each place in `hands` that has one, its hand's number in the last picture."""
        overlaps = sorted(
            ((_overlap(hand, last), place, last.hand_id) for place, hand in enumerate(hands) for last in self._last),
            reverse=True,
        )
        matches: dict[int, int] = {}
        for overlap, place, hand_id in overlaps:
            if overlap > 0 and place not in matches and hand_id not in matches.values():
                matches[place] = hand_id
        return matches

    def _id_for(self, match: int | None) -> int:
        if match is not None:
            return match
        self._next_id += 1
        return self._next_id - 1


def _by_id(hand: Hand) -> int:
    return hand.hand_id


def _overlap(first: Hand, second: Hand) -> float:
    """Intersection over union of two hands' bounding boxes, 0..1."""
    (low_1, high_1), (low_2, high_2) = _box(first), _box(second)
    intersection = _area(np.minimum(high_1, high_2) - np.maximum(low_1, low_2))
    union = _area(high_1 - low_1) + _area(high_2 - low_2) - intersection
    return intersection / union if union > 0 else 0.0


def _box(hand: Hand) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return hand.landmarks[:, :2].min(axis=0), hand.landmarks[:, :2].max(axis=0)


def _area(sides: NDArray[np.float32]) -> float:
    return float(np.prod(np.maximum(sides, 0)))
