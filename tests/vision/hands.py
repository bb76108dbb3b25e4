"""A hand made of numbers, and networks that see such hands without looking at a pixel: for the tests of what follows hands."""

from __future__ import annotations

import math
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from handstream.vision.landmarks import HandEstimate
from handstream.vision.matching import PALM_KEYPOINTS
from handstream.vision.palm import PalmDetection
from handstream.vision.roi import Roi, roi_from_landmarks, roi_from_palm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

HAND = np.array(
    [
        [0, 0], [20, -15], [35, -35], [45, -55], [50, -75],
        [18, -80], [22, -110], [24, -130], [25, -145],
        [0, -85], [0, -120], [0, -140], [0, -158],
        [-16, -78], [-20, -110], [-22, -128], [-23, -142],
        [-30, -65], [-38, -88], [-42, -100], [-45, -112],
    ],
    np.float32,
)  # fmt: skip
"""An upright hand, its wrist at the origin, fingers up; float32 `(21, 2)` pixels."""


def turned(points: NDArray[np.float32], angle: float) -> NDArray[np.float32]:
    """Points turned clockwise on the screen, around the origin."""
    cos, sin = math.cos(angle), math.sin(angle)
    return np.asarray(points @ np.array([[cos, sin], [-sin, cos]]), np.float32)


def hand_at(x: float, y: float) -> NDArray[np.float32]:
    """The hand with its wrist there, float32 `(21, 3)` pixels."""
    return np.concatenate([HAND + np.array([x, y], np.float32), np.zeros((21, 1), np.float32)], axis=1)


def moved(landmarks_px: NDArray[np.float32], x: float, y: float) -> NDArray[np.float32]:
    """The landmarks elsewhere, float32 `(21, 3)` pixels."""
    return landmarks_px + np.array([x, y, 0], np.float32)


def palm_of(landmarks_px: NDArray[np.float32]) -> PalmDetection:
    """The detection of a hand's palm."""
    keypoints = landmarks_px[PALM_KEYPOINTS, :2]
    (x_min, y_min), (x_max, y_max) = keypoints.min(axis=0).tolist(), keypoints.max(axis=0).tolist()
    return PalmDetection(score=0.9, box_px=(x_min, y_min, x_max, y_max), keypoints_px=keypoints)


@dataclass
class FakeNetworks:
    """Networks that see `hands`, whatever the picture. A search beside ends when the test says so.

    Attributes:
        hands: The hands now in view, float32 `(21, 3)` pixels each.
        left_probability: The handedness answered for every hand.
        searches: The searches beside that were begun and not yet ended by `end_search`.
        calls: What was asked, in order: "palms", "hands:<n>" and "beside".
        places: How many searches beside there may be.
        crowded: What `crowding` answers.
    """

    hands: list[NDArray[np.float32]] = field(default_factory=list)
    left_probability: float = 1.0
    searches: list[tuple[Future[list[PalmDetection]], list[PalmDetection]]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    places: int = 1
    crowded: float = 0.0

    def detect_palms(self, rgb: NDArray[np.uint8], *, min_confidence: float, limit: int) -> list[PalmDetection]:
        self.calls.append("palms")
        return [palm_of(hand) for hand in self.hands[:limit]]

    def estimate_hands(self, rgb: NDArray[np.uint8], rois: Sequence[Roi]) -> list[HandEstimate]:
        self.calls.append(f"hands:{len(rois)}")
        return [self._estimate(roi) for roi in rois]

    def start_search(self, rgb: NDArray[np.uint8], *, min_confidence: float, limit: int) -> Future[list[PalmDetection]] | None:
        if len(self.searches) == self.places:
            return None
        self.calls.append("beside")
        future: Future[list[PalmDetection]] = Future()
        self.searches.append((future, [palm_of(hand) for hand in self.hands[:limit]]))
        return future

    def crowding(self) -> float:
        return self.crowded

    def end_search(self) -> None:
        """Ends the oldest search beside with what was in view when it began."""
        future, palms = self.searches.pop(0)
        future.set_result(palms)

    def _estimate(self, roi: Roi) -> HandEstimate:
        """The hand nearest to the ROI's centre, present if the ROI is where it would be looked for or hardly beside."""
        found = min(self.hands, key=lambda hand: _distance(roi, hand), default=None)
        if found is None:
            return HandEstimate(hand_at(roi.center_x_px, roi.center_y_px), np.zeros((21, 3), np.float32), 0.0, 0.5)
        presence = 1.0 if _distance(roi, found) < roi.size_px / 3 else 0.0
        return HandEstimate(found, np.zeros((21, 3), np.float32), presence, self.left_probability)


def _distance(roi: Roi, landmarks_px: NDArray[np.float32]) -> float:
    places = (roi_from_landmarks(landmarks_px[:, :2]), roi_from_palm(palm_of(landmarks_px)))
    return min(math.hypot(roi.center_x_px - place.center_x_px, roi.center_y_px - place.center_y_px) for place in places)
