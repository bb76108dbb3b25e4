"""Pictures of hands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from handstream.vision.synthetic import POSES, Camera, PosedHand, render_hands, truth_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from handstream.frames import Handedness

# A quarter of the usual picture, to be quick.
CAMERA = Camera(160, 120, 155.0)
HAND = PosedHand(0, "Right", POSES["open"], (80.0, 66.0), palm_px=32.0)


def difference_to_empty_room(*hands: PosedHand) -> NDArray[np.float32]:
    empty = render_hands([], CAMERA).astype(np.float32)
    return np.asarray(np.abs(render_hands(hands, CAMERA).astype(np.float32) - empty).max(axis=2), np.float32)


def test_a_picture_is_deterministic() -> None:
    first, second = (render_hands([HAND], CAMERA, noise_seed=(1, 2)) for _ in range(2))
    assert first.shape == (120, 160, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, second)
    assert (render_hands([HAND], CAMERA, noise_seed=(1, 3)) != first).any(), "each frame has its own noise"


@pytest.mark.parametrize("side", ["Right", "Left"])
@pytest.mark.parametrize("pose", POSES)
def test_every_joint_lies_on_the_hand_that_is_drawn(pose: str, side: Handedness) -> None:
    hand = replace(HAND, pose=POSES[pose], side=side)
    joints = np.floor(truth_of(hand, CAMERA).joints_px).astype(int)
    # The difference of the room from itself is its noise, at most 4 levels or so.
    assert (difference_to_empty_room(hand)[joints[:, 1], joints[:, 0]] > 8).all()


def test_the_hand_covers_nothing_far_from_its_joints() -> None:
    rows, _ = np.nonzero(difference_to_empty_room(HAND) > 20)
    assert rows.min() >= truth_of(HAND, CAMERA).joints_px[:, 1].min() - 6


def test_a_hand_out_of_view_leaves_the_room_empty() -> None:
    assert difference_to_empty_room(replace(HAND, centre_px=(-400.0, 60.0))).max() == 0


def test_the_nearer_hand_is_drawn_over_the_farther() -> None:
    near, far = replace(HAND, palm_px=36.0), replace(HAND, centre_px=(84.0, 62.0), palm_px=28.0, yaw_deg=180.0)
    both, alone = render_hands([near, far], CAMERA).astype(int), render_hands([near], CAMERA).astype(int)
    x, y = (int(value) for value in near.centre_px)
    assert np.abs(both[y - 3 : y + 3, x - 3 : x + 3] - alone[y - 3 : y + 3, x - 3 : x + 3]).max() <= 1
    assert (render_hands([far, near], CAMERA) == both).all(), "whatever their order"


def test_motion_smears_the_hand_along_its_way_evenly_to_both_sides() -> None:
    still = difference_to_empty_room(HAND) > 8
    moving = difference_to_empty_room(replace(HAND, velocity_px=(16.0, 0.0))) > 8
    gained = [np.nonzero(picture.any(axis=0))[0][[0, -1]] for picture in (still, moving)]
    left, right = gained[0][0] - gained[1][0], gained[1][1] - gained[0][1]
    assert 2 <= left <= 5, "half of the shutter's 8 pixels, less where it is too faint"
    assert 2 <= right <= 5
    rows = [np.nonzero(picture.any(axis=1))[0][0] for picture in (still, moving)]
    assert abs(int(rows[0]) - int(rows[1])) <= 1
