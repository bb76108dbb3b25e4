"""A hand before the camera, and the truth that follows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handstream.frames import Handedness, HandLandmark
from handstream.vision.synthetic import POSES, Camera, HandTruth, PosedHand, truth_of

OPEN = PosedHand(0, "Right", POSES["open"], (320.0, 240.0), palm_px=120.0)
THUMB, LITTLE = HandLandmark.THUMB_TIP, HandLandmark.PINKY_TIP


def test_a_palm_toward_the_camera_points_up_with_the_thumb_to_its_side() -> None:
    right, left = truth_of(OPEN, Camera()), truth_of(replace(OPEN, side="Left"), Camera())
    for truth in (right, left):
        assert truth.joints_px[HandLandmark.MIDDLE_FINGER_TIP, 1] < truth.joints_px[HandLandmark.WRIST, 1]
    assert right.joints_px[THUMB, 0] > right.joints_px[LITTLE, 0], "not mirrored: a person's right thumb points to the picture's right"
    np.testing.assert_allclose(left.joints_px, right.joints_px * (-1, 1) + (640, 0), atol=1e-9)


def test_the_back_of_a_right_hand_shows_the_thumb_to_the_left() -> None:
    back = truth_of(replace(OPEN, yaw_deg=180.0), Camera())
    assert back.joints_px[THUMB, 0] < back.joints_px[LITTLE, 0]


@pytest.mark.parametrize(("side", "label"), [("Right", "Left"), ("Left", "Right")])
def test_mediapipes_label_is_the_other_hand(side: Handedness, label: Handedness) -> None:
    assert truth_of(replace(OPEN, side=side), Camera()).label == label


def test_the_palm_has_the_size_and_the_place_that_were_asked_for() -> None:
    truth = truth_of(replace(OPEN, centre_px=(200.0, 300.0), palm_px=90.0), Camera())
    assert truth.palm_length_px == pytest.approx(90.0, rel=0.08)  # the wrist's landmark lies a little up the hand
    palm = truth.joints_px[[0, 5, 9, 13, 17]].mean(axis=0)
    assert np.linalg.norm(palm - (200.0, 300.0)) < 0.35 * 90.0


def test_roll_turns_the_hand_in_the_picture() -> None:
    upright, rolled = (truth_of(replace(OPEN, roll_deg=roll_deg), Camera()).joints_px - (320, 240) for roll_deg in (0.0, 90.0))
    np.testing.assert_allclose(rolled, upright[:, ::-1] * (-1, 1), atol=1e-9)  # clockwise: what was up is to the right


def test_pitch_brings_the_fingertips_nearer() -> None:
    truth = truth_of(replace(OPEN, pitch_deg=30.0), Camera())
    assert truth.depth_px[HandLandmark.WRIST] == 0.0
    assert truth.depth_px[HandLandmark.MIDDLE_FINGER_TIP] < -40.0


def test_landmarks_are_normalised_with_depth_on_the_scale_of_x() -> None:
    truth = truth_of(replace(OPEN, pitch_deg=30.0), Camera())
    np.testing.assert_allclose(truth.landmarks * (640, 480, 640), np.column_stack([truth.joints_px, truth.depth_px]), rtol=1e-5, atol=1e-4)
    assert truth.landmarks.dtype == np.float32


def test_an_enlarged_camera_sees_the_same_larger() -> None:
    enlarged = truth_of(replace(OPEN, centre_px=(640.0, 480.0), palm_px=240.0), Camera().enlarged(2))
    np.testing.assert_allclose(enlarged.joints_px, truth_of(OPEN, Camera()).joints_px * 2)


@pytest.mark.parametrize(("x_px", "is_in_view", "joints_in_view"), [(320.0, True, 21), (-400.0, False, 0)])
def test_a_hand_is_in_view_when_all_its_joints_are(x_px: float, is_in_view: bool, joints_in_view: int) -> None:
    truth = truth_of(replace(OPEN, centre_px=(x_px, 240.0)), Camera())
    assert (truth.is_in_view, truth.joints_in_view) == (is_in_view, joints_in_view)


def test_a_joint_on_the_right_edge_is_outside() -> None:
    joints_px = np.full((21, 2), 100.0)
    joints_px[3] = (640.0, 100.0)
    assert HandTruth(0, "Left", joints_px, np.zeros(21), (640, 480)).joints_in_view == 20
