"""The region of interest of one hand: the rotated square of the picture that the landmark network sees.

Its entry points are `roi_from_palm`, which starts a hand, and `roi_from_landmarks`, which follows it. All coordinates are pixels of the
picture as continuous numbers, (0, 0) being the outer corner of the top left pixel; y points down, and angles grow clockwise on the screen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from handstream.frames import HandLandmark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from handstream.frames import Hand
    from handstream.vision.palm import PalmDetection

__all__ = ["Roi", "roi_from_landmarks", "roi_from_palm", "smallest_region_px"]

PALM_SCALE = 2.6
"""How much larger than a palm's box its ROI is. Source: `scale_x`, `scale_y` of MediaPipe's `palm_detection_detection_to_roi.pbtxt`."""

PALM_SHIFT = -0.5
"""How far the ROI moves from the palm's centre towards the fingers, in box heights. Source: `shift_y` of the same graph."""

LANDMARKS_SCALE = 2.0
"""How much larger than the box of the landmarks the ROI is. Source: `scale_x`, `scale_y` of `hand_landmark_landmarks_to_roi.pbtxt`."""

LANDMARKS_SHIFT = -0.1
"""How far the ROI moves from the centre of that box towards the fingers, in box heights. Source: `shift_y` of the same graph."""

BOX_LANDMARKS = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)
"""The landmarks whose box makes the next ROI: the stable ones, without the outer two joints of each finger and the thumb's tip.

Source: the ranges of `SplitNormalizedLandmarkListCalculator` in `hand_landmark_landmarks_to_roi.pbtxt`.
"""


@dataclass(frozen=True, slots=True)
class Roi:
    """A rotated square of a picture.

    Attributes:
        center_x_px: Its centre.
        center_y_px: Its centre.
        size_px: The length of its side.
        rotation_rad: The hand's rotation against upright (wrist below, middle finger above), clockwise, -pi..pi.
    """

    center_x_px: float
    center_y_px: float
    size_px: float
    rotation_rad: float

    def crop_to_picture(self, crop_size_px: int) -> NDArray[np.float64]:
        """The affine map, float64 `(2, 3)`, from pixels of an upright crop of that side length to pixels of the picture."""
        scale = self.size_px / crop_size_px
        cos, sin = math.cos(self.rotation_rad) * scale, math.sin(self.rotation_rad) * scale
        half = crop_size_px / 2
        return np.array(
            [[cos, -sin, self.center_x_px - (cos - sin) * half], [sin, cos, self.center_y_px - (sin + cos) * half]],
            np.float64,
        )


def roi_from_palm(palm: PalmDetection) -> Roi:
    """The ROI of a hand whose palm was detected: upright along the line from the wrist to the middle finger's root."""
    x_min, y_min, x_max, y_max = palm.box_px
    wrist, middle_finger = palm.keypoints_px[0], palm.keypoints_px[2]
    rotation = _rotation(float(middle_finger[0] - wrist[0]), float(middle_finger[1] - wrist[1]))
    width, height = x_max - x_min, y_max - y_min
    return _shifted((x_min + x_max) / 2, (y_min + y_max) / 2, width, height, rotation, shift=PALM_SHIFT, scale=PALM_SCALE)


def roi_from_landmarks(landmarks_px: NDArray[np.float32]) -> Roi:
    """The ROI in which a hand is looked for in the next picture, from its landmarks in this one, float32 `(21, 2)` pixels.

    Source: MediaPipe's `hand_landmarks_to_rect_calculator.cc` and the transformation in `hand_landmark_landmarks_to_roi.pbtxt`.
    """
    # Numbers rather than arrays: a call into numpy costs more than the arithmetic on a dozen points.
    points = landmarks_px.tolist()
    rotation = _hand_rotation(points)
    cos, sin = math.cos(rotation), math.sin(rotation)
    # The box is measured along the hand's own axes and its centre is brought back into the picture's.
    across = [cos * points[index][0] + sin * points[index][1] for index in BOX_LANDMARKS]
    along = [cos * points[index][1] - sin * points[index][0] for index in BOX_LANDMARKS]
    x_min, y_min, x_max, y_max = min(across), min(along), max(across), max(along)
    center_x, center_y = (x_min + x_max) / 2, (y_min + y_max) / 2
    return _shifted(
        cos * center_x - sin * center_y,
        sin * center_x + cos * center_y,
        x_max - x_min,
        y_max - y_min,
        rotation,
        shift=LANDMARKS_SHIFT,
        scale=LANDMARKS_SCALE,
    )


def smallest_region_px(hands: Sequence[Hand], resolution_wh: tuple[int, int]) -> int:
    """The side of the smallest ROI in which one of these hands will be looked for, in whole pixels of a picture of that size.

    Returns:
        1 or more; 0 if there is no hand.
    """
    sides_px = (roi_from_landmarks(hand.landmarks_px(*resolution_wh)[:, :2]).size_px for hand in hands)
    return max(1, round(min(sides_px))) if hands else 0


def _hand_rotation(points: Sequence[Sequence[float]]) -> float:
    """The direction from the wrist to the roots of the three middle fingers, the middle one counted twice as in MediaPipe."""
    wrist, index = points[HandLandmark.WRIST], points[HandLandmark.INDEX_FINGER_MCP]
    middle, ring = points[HandLandmark.MIDDLE_FINGER_MCP], points[HandLandmark.RING_FINGER_MCP]
    x = (index[0] + ring[0]) / 4 + middle[0] / 2
    y = (index[1] + ring[1]) / 4 + middle[1] / 2
    return _rotation(x - wrist[0], y - wrist[1])


def _rotation(x: float, y: float) -> float:
    """The clockwise angle, -pi..pi, that turns "up" on the screen into the direction (x, y)."""
    angle = math.pi / 2 - math.atan2(-y, x)
    return angle - 2 * math.pi * math.floor((angle + math.pi) / (2 * math.pi))


def _shifted(center_x: float, center_y: float, width: float, height: float, rotation: float, *, shift: float, scale: float) -> Roi:
    """The square over a rotated box, moved along the box's own vertical axis, then scaled (MediaPipe's `RectTransformationCalculator`)."""
    return Roi(
        center_x_px=center_x - shift * height * math.sin(rotation),
        center_y_px=center_y + shift * height * math.cos(rotation),
        size_px=max(width, height) * scale,
        rotation_rad=rotation,
    )
