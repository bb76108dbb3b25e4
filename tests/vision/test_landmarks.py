"""The landmark network's input and output, without the network."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.vision.landmarks import LandmarkOutputs, decode_hand, warp_hand
from handstream.vision.roi import Roi

rois = st.builds(Roi, st.floats(-500, 500), st.floats(-500, 500), st.floats(1, 2_000), st.floats(-math.pi, math.pi))
CENTER = np.tile(np.array([112, 112, 0], np.float32), 21)


def outputs(landmarks: np.ndarray = CENTER, world: np.ndarray | None = None) -> LandmarkOutputs:
    return LandmarkOutputs(landmarks, 0.9, 0.8, np.zeros(63, np.float32) if world is None else world)


@given(roi=rois, u=st.floats(0, 224), v=st.floats(0, 224))
def test_landmarks_come_back_into_the_picture(roi: Roi, u: float, v: float) -> None:
    hand = decode_hand(outputs(np.tile(np.array([u, v, 22.4], np.float32), 21)), roi)
    x, y, size, angle = roi.center_x_px, roi.center_y_px, roi.size_px, roi.rotation_rad
    scale = size / 224
    dx, dy = (u - 112) * scale, (v - 112) * scale
    expected = [x + dx * math.cos(angle) - dy * math.sin(angle), y + dx * math.sin(angle) + dy * math.cos(angle), 22.4 * scale / 0.4]
    assert hand.landmarks_px[7].tolist() == pytest.approx(expected, abs=1e-3 + 1e-5 * size)


def test_world_landmarks_turn_with_the_hand_and_keep_their_depth() -> None:
    world = np.tile(np.array([0, -0.1, 0.03], np.float32), 21)
    hand = decode_hand(outputs(world=world), Roi(0, 0, 100, math.pi / 2))
    assert hand.world_landmarks[3].tolist() == pytest.approx([0.1, 0, 0.03], abs=1e-7)


def test_the_answer_owns_its_arrays() -> None:
    """The network's outputs are views of memory that the next picture overwrites."""
    raw, world = CENTER.copy(), CENTER.copy()
    hand = decode_hand(outputs(raw, world), Roi(0, 0, 224, 0))
    before = hand.landmarks_px.copy(), hand.world_landmarks.copy()
    raw[:], world[:] = 0, 0
    assert (hand.landmarks_px == before[0]).all()
    assert (hand.world_landmarks == before[1]).all()


def test_beyond_the_edge_the_nearest_pixel_is_repeated() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[:, :50], picture[:, 50:] = (10, 20, 30), (200, 100, 50)
    out = np.zeros((224, 224, 3), np.uint8)
    warp_hand(picture, Roi(50, 50, 400, 0), out)
    assert out[0, 0].tolist() == out[223, 0].tolist() == [10, 20, 30]
    assert out[0, 223].tolist() == out[223, 223].tolist() == [200, 100, 50]


@given(roi=st.builds(Roi, st.floats(-300, 500), st.floats(-300, 500), st.floats(1, 700), st.floats(-math.pi, math.pi)))
def test_the_crop_is_the_warp_of_the_whole_picture(roi: Roi) -> None:
    """Only the part around the ROI is warped, with four channels: each pixel stays what it was, but for what float32 rounds."""
    across, down = np.meshgrid(np.arange(240), np.arange(180))
    picture = np.stack([across, down, (across + down) // 2], axis=2).astype(np.uint8)
    out = np.zeros((224, 224, 3), np.uint8)
    warp_hand(picture, roi, out)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    whole = cv2.warpAffine(picture, roi.crop_to_picture(224), (224, 224), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    assert np.abs(out.astype(int) - whole).max() <= 1


def test_a_hand_near_a_fine_camera_is_cut_out_as_well() -> None:
    """Around a large ROI nothing is converted."""
    across = np.linspace(0, 255, 1920, dtype=np.uint8)
    picture = np.broadcast_to(across[:, None], (1080, 1920, 3)).copy()
    out = np.zeros((224, 224, 3), np.uint8)
    warp_hand(picture, Roi(960, 540, 1120, 0), out)
    assert out[112, ::64, 1].tolist() == pytest.approx([picture[0, 960 - 560 + 5 * 64 * step, 1] for step in range(4)], abs=1)


def test_the_crop_is_upright() -> None:
    """A hand that points right has a ROI turned by 90 degrees: what lies right of the centre in the picture is above it in the crop."""
    picture = np.zeros((200, 200, 3), np.uint8)
    picture[90:110, 140:160] = 255
    out = np.zeros((224, 224, 3), np.uint8)
    warp_hand(picture, Roi(100, 100, 224, math.pi / 2), out)
    y, x = (axis.mean() for axis in np.nonzero(out[:, :, 0] > 128))
    assert (x, y) == pytest.approx((112, 112 - 50), abs=1.5)
