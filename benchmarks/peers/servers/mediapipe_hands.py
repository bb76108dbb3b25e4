"""MediaPipe as all peers in Python run it: one object for each connection, the skeleton drawn into the picture. `HandAnnotator`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import mediapipe as mp
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HandAnnotator", "warm_up"]


class HandAnnotator:
    """One connection's graph: the lite model, at most two hands, the confidences 0.7 and 0.5. Used by one thread at a time."""

    def __init__(self) -> None:
        self._hands = mp.solutions.hands.Hands(
            model_complexity=0, max_num_hands=2, min_detection_confidence=0.7, min_tracking_confidence=0.5
        )

    def annotate(self, bgr: NDArray[np.uint8]) -> None:
        """Finds the hands in a picture, uint8 `(height, width, 3)` BGR, and draws them into it. Blocks for tens of milliseconds."""
        found = self._hands.process(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
        for hand in found.multi_hand_landmarks or ():
            mp.solutions.drawing_utils.draw_landmarks(bgr, hand, mp.solutions.hands.HAND_CONNECTIONS)

    def close(self) -> None:
        """Frees the graph."""
        self._hands.close()


def warm_up() -> None:
    """Makes a graph and throws it away: the first one in a process takes a second or more, the next ones a tenth."""
    annotator = HandAnnotator()
    annotator.annotate(np.zeros((480, 640, 3), np.uint8))
    annotator.close()
