"""A tracker that finds one still hand in every picture, for the tests of what goes on around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from handstream.frames import Hand

if TYPE_CHECKING:
    from numpy.typing import NDArray

HAND = Hand(
    handedness="Left",
    score=0.98,
    landmarks=np.linspace((0.6, 0.6, 0.0), (0.9, 0.9, 0.1), 21, dtype=np.float32),
    world_landmarks=np.full((21, 3), 0.01, np.float32),
    hand_id=7,
)


class OneHand:
    def __init__(self) -> None:
        self.seen: list[NDArray[np.uint8]] = []

    def process(self, rgb: NDArray[np.uint8]) -> list[Hand]:
        self.seen.append(rgb.copy())
        return [HAND]

    def reset(self) -> None:
        pass

    def close(self) -> None:
        pass
