"""ROIs: MediaPipe's numbers, and that they turn, move and grow with the hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.frames import Hand
from handstream.vision.palm import PalmDetection
from handstream.vision.roi import Roi, roi_from_landmarks, roi_from_palm, smallest_region_px
from tests.vision.hands import HAND, hand_at, turned

angles = st.floats(-math.pi, math.pi)
lengths = st.floats(-2_000, 2_000)
scales = st.floats(0.1, 10)


def test_upright_hand_by_hand() -> None:
    roi = roi_from_landmarks(HAND)
    # The box spans x -38..45 (the thumb's IP to the little finger's PIP) and y -120..0; the centre moves up by a tenth of its height.
    assert roi.rotation_rad == pytest.approx(math.atan2(0.5, 82), abs=1e-6)
    assert roi.size_px == pytest.approx(240, rel=0.01)
    assert roi.center_x_px == pytest.approx(3.5, abs=1)
    assert roi.center_y_px == pytest.approx(-60 - 12, abs=1)


def test_the_smallest_region_is_that_of_the_smallest_hand() -> None:
    large, small = (Hand("Left", 1.0, (hand_at(320, 240) * size / (640, 480, 640)).astype(np.float32)) for size in (1.0, 0.25))
    assert smallest_region_px([large], (640, 480)) == 240
    assert smallest_region_px([large, small], (640, 480)) == smallest_region_px([small], (640, 480)) == 60
    assert smallest_region_px([large], (320, 240)) == 120
    assert smallest_region_px([Hand("Left", 1.0, np.zeros((21, 3), np.float32))], (640, 480)) == 1
    assert smallest_region_px([], (640, 480)) == 0


def test_palm_by_hand() -> None:
    keypoints = np.zeros((7, 2), np.float32)
    keypoints[0], keypoints[2] = (100, 200), (100, 120)
    roi = roi_from_palm(PalmDetection(score=0.9, box_px=(60, 110, 140, 210), keypoints_px=keypoints))
    assert (roi.center_x_px, roi.center_y_px) == pytest.approx((100, 160 - 50))
    assert roi.size_px == pytest.approx(260)
    assert roi.rotation_rad == pytest.approx(0)


@pytest.mark.parametrize(("direction", "rotation"), [((0, -1), 0), ((1, 0), math.pi / 2), ((-1, 0), -math.pi / 2), ((0, 1), -math.pi)])
def test_rotation_is_clockwise_from_up(direction: tuple[float, float], rotation: float) -> None:
    keypoints = np.zeros((7, 2), np.float32)
    keypoints[2] = direction
    assert roi_from_palm(PalmDetection(1, (0, 0, 1, 1), keypoints)).rotation_rad == pytest.approx(rotation)


@given(angle=angles, x=lengths, y=lengths, scale=scales)
def test_roi_follows_the_hand(angle: float, x: float, y: float, scale: float) -> None:
    before = roi_from_landmarks(HAND)
    after = roi_from_landmarks((turned(HAND, angle) * scale + (x, y)).astype(np.float32))
    center = turned(np.array([[before.center_x_px, before.center_y_px]]), angle)[0] * scale + (x, y)
    tolerance = 2e-4 * (abs(x) + abs(y) + 300 * scale)
    assert (after.center_x_px, after.center_y_px) == pytest.approx(center.tolist(), abs=tolerance)
    assert after.size_px == pytest.approx(before.size_px * scale, abs=tolerance)
    difference = after.rotation_rad - before.rotation_rad - angle
    assert math.remainder(difference, 2 * math.pi) == pytest.approx(0, abs=0.02 + 1e-4 * (abs(x) + abs(y)) / scale)


def test_a_mirrored_hand_has_the_mirrored_roi() -> None:
    roi, mirrored = roi_from_landmarks(HAND), roi_from_landmarks(HAND * np.array([-1, 1], np.float32))
    assert mirrored.center_x_px == pytest.approx(-roi.center_x_px, abs=1e-4)
    assert mirrored.rotation_rad == pytest.approx(-roi.rotation_rad, abs=1e-6)
    assert (mirrored.center_y_px, mirrored.size_px) == pytest.approx((roi.center_y_px, roi.size_px), abs=1e-4)


@given(x=lengths, y=lengths, size=st.floats(1, 1_000), angle=angles, crop=st.integers(1, 512))
def test_crop_to_picture_maps_the_corners_onto_the_square(x: float, y: float, size: float, angle: float, crop: int) -> None:
    matrix = Roi(x, y, size, angle).crop_to_picture(crop)
    corners = np.array([[0, 0], [crop, 0], [crop, crop], [0, crop]]) @ matrix[:, :2].T + matrix[:, 2]
    assert corners.mean(axis=0) == pytest.approx([x, y], abs=1e-6)
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1)
    assert sides == pytest.approx(np.full(4, size), rel=1e-9)
    up = corners[0] - corners[3]
    assert math.remainder(math.atan2(up[0], -up[1]) - angle, 2 * math.pi) == pytest.approx(0, abs=1e-9)
