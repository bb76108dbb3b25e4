"""The hand's bones."""

from __future__ import annotations

import numpy as np
import pytest

from handstream.frames import HandLandmark
from handstream.vision.synthetic.anatomy import POSES, blend, rotation, skeleton

BONES = [(digit * 4 + segment, digit * 4 + segment + 1) for digit in range(5) for segment in range(1, 4)]


@pytest.mark.parametrize("name", POSES)
def test_bones_keep_their_length_in_every_pose(name: str) -> None:
    lengths = [np.linalg.norm(joints[end] - joints[start]) for joints in [skeleton(POSES[name]).joints] for start, end in BONES]
    reference = [np.linalg.norm(joints[end] - joints[start]) for joints in [skeleton(POSES["open"]).joints] for start, end in BONES]
    np.testing.assert_allclose(lengths, reference)


@pytest.mark.parametrize("name", POSES)
def test_a_bones_directions_are_unit_vectors_across_it(name: str) -> None:
    hand = skeleton(POSES[name])
    for bone in hand.bones:
        along = hand.joints[bone.end] - hand.joints[bone.start]
        axes = np.stack([along / np.linalg.norm(along), bone.lateral, bone.palmar])
        np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-9)


def test_a_palm_is_one_long() -> None:
    joints = skeleton(POSES["open"]).joints
    assert np.linalg.norm(joints[HandLandmark.MIDDLE_FINGER_MCP] - joints[HandLandmark.WRIST]) == pytest.approx(1.0)


def test_a_fist_brings_the_fingertips_to_the_palm() -> None:
    fist, flat = skeleton(POSES["fist"]).joints, skeleton(POSES["flat"]).joints
    for tip in (HandLandmark.INDEX_FINGER_TIP, HandLandmark.MIDDLE_FINGER_TIP, HandLandmark.RING_FINGER_TIP, HandLandmark.PINKY_TIP):
        assert np.linalg.norm(fist[tip] - fist[0]) < 0.65 * np.linalg.norm(flat[tip] - flat[0])
        assert fist[tip, 2] > 0.1, "the fingertip lies in front of the palm"


def test_the_tips_of_a_pinch_touch() -> None:
    joints = skeleton(POSES["pinch"]).joints
    assert np.linalg.norm(joints[HandLandmark.THUMB_TIP] - joints[HandLandmark.INDEX_FINGER_TIP]) < 0.16


def test_blending_begins_and_ends_with_its_poses() -> None:
    start, end = POSES["open"], POSES["fist"]
    np.testing.assert_allclose(blend(start, end, 0.0).fingers, start.fingers)
    np.testing.assert_allclose(blend(start, end, 1.0).fingers, end.fingers)
    halfway = blend(start, end, 0.5)
    np.testing.assert_allclose(halfway.thumb, (start.thumb + end.thumb) / 2)
    assert (halfway.fingers[3, 1] - start.fingers[3, 1]) > (halfway.fingers[0, 1] - start.fingers[0, 1]), "the little finger leads"


@pytest.mark.parametrize(("axis", "turned"), [(0, (0, 0, 1)), (2, (-1, 0, 0))])
def test_rotation_follows_the_right_hand_rule(axis: int, turned: tuple[int, int, int]) -> None:
    np.testing.assert_allclose(rotation(axis, 90.0) @ (0, 1, 0), turned, atol=1e-12)
