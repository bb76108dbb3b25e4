"""Whether two sightings are one hand: `is_same_palm` before the landmark network has looked, `is_same_hand` after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from handstream.frames import HandLandmark

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from handstream.vision.palm import PalmDetection

__all__ = ["is_same_hand", "is_same_palm"]

PALM_KEYPOINTS = np.array(
    [
        HandLandmark.WRIST,
        HandLandmark.INDEX_FINGER_MCP,
        HandLandmark.MIDDLE_FINGER_MCP,
        HandLandmark.RING_FINGER_MCP,
        HandLandmark.PINKY_MCP,
        HandLandmark.THUMB_CMC,
        HandLandmark.THUMB_MCP,
    ]
)
"""The landmarks that the palm network's seven keypoints are, in its order."""

SAME_HAND_DISTANCE = 0.5
"""Two sightings are one hand if their landmarks are, in the mean, nearer than this to each other, in lengths of the larger one's palm."""


def is_same_palm(palm: PalmDetection, landmarks_px: NDArray[np.float32]) -> bool:
    """Whether a palm detection is the palm of a hand known in the same picture, float32 `(21, 2 or 3)` in pixels."""
    return _is_near(palm.keypoints_px, landmarks_px[PALM_KEYPOINTS, :2])


def is_same_hand(landmarks_px: NDArray[np.float32], other_px: NDArray[np.float32]) -> bool:
    """Whether two sets of landmarks of one picture, float32 `(21, 2 or 3)` in pixels, show the same hand."""
    return _is_near(landmarks_px[PALM_KEYPOINTS, :2], other_px[PALM_KEYPOINTS, :2])


def _is_near(points: NDArray[np.float32], others: NDArray[np.float32]) -> bool:
    """Compares seven palm points each, float32 `(7, 2)`, on the scale of the distance from the wrist to the middle finger's root."""
    palm_length = max(_distance(points[0], points[2]), _distance(others[0], others[2]))
    offsets = points - others
    return float(np.sqrt((offsets * offsets).sum(axis=1)).mean()) < SAME_HAND_DISTANCE * palm_length


def _distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.hypot(*(a - b).tolist()))
