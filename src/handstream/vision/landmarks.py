"""The landmark network around: its input from a picture and a ROI, and the hand in its output.

`warp_hand` fills the input and `decode_hand` reads the output. Source of the numbers: MediaPipe's `hand_landmark_cpu.pbtxt`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from handstream.frames import LANDMARK_COUNT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from handstream.vision.roi import Roi

__all__ = ["LANDMARK_INPUT_PX", "HandEstimate", "LandmarkOutputs", "decode_hand", "warp_hand"]

LANDMARK_INPUT_PX = 224
"""Width and height of the network's input. Source: `output_tensor_width` of `ImageToTensorCalculator`."""

SMALL_BOX_PIXELS = 640 * 480
"""Up to so many pixels around a ROI are converted to four channels before they are warped.

OpenCV warps four channels in 0.4 of three channels' time, to the same values. The whole crop then takes half of the time at 30 pictures/s,
and more than before from about half a megapixel on, where converting takes what warping saves.
"""

Z_SCALE = 0.4
"""The network's z is divided by this to be on the scale of x. Source: `normalize_z` of `TensorsToLandmarksCalculator`."""


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkOutputs:
    """What the network answers for one crop.

    Attributes:
        landmarks: float32 `(63,)`: x, y, z of the 21 landmarks in input pixels.
        presence: How sure it is that the crop shows a hand, 0..1.
        left_probability: How sure it is that the hand is a "Left" one in MediaPipe's sense, 0..1.
        world_landmarks: float32 `(63,)`: x, y, z in metres, upright as the crop.
    """

    landmarks: NDArray[np.float32]
    presence: float
    left_probability: float
    world_landmarks: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class HandEstimate:
    """A hand as the network sees it in one ROI of one picture.

    Attributes:
        landmarks_px: float32 `(21, 3)` in pixels of the picture; z on the scale of x, relative to the wrist.
        world_landmarks: float32 `(21, 3)` in metres around the hand's centre, turned as the picture.
        presence: 0..1, see `LandmarkOutputs`.
        left_probability: 0..1, see `LandmarkOutputs`.
    """

    landmarks_px: NDArray[np.float32]
    world_landmarks: NDArray[np.float32]
    presence: float
    left_probability: float


def warp_hand(rgb: NDArray[np.uint8], roi: Roi, out: NDArray[np.uint8]) -> None:
    """Cuts the ROI out of the picture, upright.

    Beyond the picture's edge the nearest pixel is repeated: MediaPipe's landmark graph leaves `border_mode` at that default, unlike the
    palm graph. With black there, hands that touch the edge are lost.

    Args:
        rgb: uint8 `(height, width, 3)`.
        roi: The square to cut out; it may reach beyond the picture.
        out: uint8 `(224, 224, 3)`, overwritten.
    """
    height_px, width_px = rgb.shape[:2]
    crop_to_picture = roi.crop_to_picture(LANDMARK_INPUT_PX)
    left, top, right, bottom = _box_around(roi, width_px, height_px)
    if (right - left) * (bottom - top) > SMALL_BOX_PIXELS:
        _warp(rgb, crop_to_picture, out)
        return
    crop_to_picture[:, 2] -= left, top
    box, crop = np.empty((bottom - top, right - left, 4), np.uint8), np.empty((LANDMARK_INPUT_PX, LANDMARK_INPUT_PX, 4), np.uint8)
    cv2.cvtColor(rgb[top:bottom, left:right], cv2.COLOR_RGB2RGBA, dst=box)
    _warp(box, crop_to_picture, crop)
    cv2.cvtColor(crop, cv2.COLOR_RGBA2RGB, dst=out)


def _box_around(roi: Roi, width_px: int, height_px: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the part of the picture that a crop is mixed from; at least one pixel at the edge."""
    reach_px = roi.size_px * (abs(math.cos(roi.rotation_rad)) + abs(math.sin(roi.rotation_rad))) / 2 + 2
    left = min(max(math.floor(roi.center_x_px - reach_px), 0), width_px - 1)
    top = min(max(math.floor(roi.center_y_px - reach_px), 0), height_px - 1)
    right = max(min(math.ceil(roi.center_x_px + reach_px), width_px), left + 1)
    bottom = max(min(math.ceil(roi.center_y_px + reach_px), height_px), top + 1)
    return left, top, right, bottom


def _warp(picture: NDArray[np.uint8], crop_to_picture: NDArray[np.float64], out: NDArray[np.uint8]) -> None:
    cv2.warpAffine(
        picture,
        crop_to_picture,
        (LANDMARK_INPUT_PX, LANDMARK_INPUT_PX),
        dst=out,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def decode_hand(outputs: LandmarkOutputs, roi: Roi) -> HandEstimate:
    """The hand in the picture, from the network's answer for that ROI of it."""
    # One product a set of landmarks: each call into numpy costs more than the arithmetic on 21 points.
    (a, b, x), (c, d, y) = roi.crop_to_picture(LANDMARK_INPUT_PX).tolist()
    depth = roi.size_px / LANDMARK_INPUT_PX / Z_SCALE
    crop_to_picture = np.array([[a, c, 0], [b, d, 0], [0, 0, depth]], np.float32)
    return HandEstimate(
        landmarks_px=outputs.landmarks.reshape(LANDMARK_COUNT, 3) @ crop_to_picture + np.array([x, y, 0], np.float32),
        world_landmarks=_turned(outputs.world_landmarks.reshape(LANDMARK_COUNT, 3), roi.rotation_rad),
        presence=outputs.presence,
        left_probability=outputs.left_probability,
    )


def _turned(points: NDArray[np.float32], rotation_rad: float) -> NDArray[np.float32]:
    """The points turned around the z axis, as MediaPipe's `WorldLandmarkProjectionCalculator` does."""
    cos, sin = math.cos(rotation_rad), math.sin(rotation_rad)
    return points @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]], np.float32)
