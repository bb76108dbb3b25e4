from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.frames import HAND_CONNECTIONS, Hand, Handedness, HandLandmark
from handstream.vision.annotate import _CHAINS, annotate

OPEN_HAND = [(0.5, 0.9)] + [
    (root + lean * joint, 0.55 - 0.12 * joint)
    for root, lean in ((0.2, -0.04), (0.35, -0.02), (0.5, 0.0), (0.65, 0.02), (0.8, 0.04))
    for joint in range(4)
]


def hand(handedness: Handedness = "Left", scale: float = 1.0, shift: float = 0.0) -> Hand:
    joints = np.array([(x, y, 0.0) for x, y in OPEN_HAND], np.float32) * scale + np.array([shift, shift, 0], np.float32)
    return Hand(handedness=handedness, score=0.9, landmarks=joints)


def canvas(value: int = 128, width_px: int = 320, height_px: int = 240) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((height_px, width_px, 3), value, np.uint8)


def test_the_chains_are_mediapipes_connections() -> None:
    pairs = {frozenset(pair) for _, chain in _CHAINS for pair in pairwise(chain)}
    assert pairs == {frozenset(pair) for pair in HAND_CONNECTIONS}


def test_draws_each_finger_in_its_colour() -> None:
    rgb = canvas()
    annotate(rgb, [hand()])
    for color, chain in _CHAINS:
        first, second = (np.array(OPEN_HAND[landmark]) for landmark in chain[1:3])
        x, y = (first + second) / 2 * (320, 240)
        assert np.abs(rgb[int(y), int(x)].astype(int) - color).max() <= 8, color


@pytest.mark.parametrize("background", [0, 128, 255])
def test_every_joint_stands_out_from_any_background(background: int) -> None:
    rgb = canvas(background)
    annotate(rgb, [hand()])
    for x, y in OPEN_HAND:
        around = rgb[int(y * 240) - 6 : int(y * 240) + 7, int(x * 320) - 6 : int(x * 320) + 7]
        luminance = around @ (0.299, 0.587, 0.114)
        assert luminance.max() - luminance.min() > 80


def test_left_and_right_differ_by_shape() -> None:
    left, right = canvas(), canvas()
    annotate(left, [hand("Left")])
    annotate(right, [hand("Right")])
    x, y = (np.array(OPEN_HAND[HandLandmark.INDEX_FINGER_TIP]) * (320, 240)).astype(int)
    assert left[y, x].max() > 200
    assert right[y, x].max() < 60


def test_a_small_hand_gets_thin_lines() -> None:
    def share_painted(scale: float) -> float:
        rgb = canvas()
        annotate(rgb, [hand(scale=scale)])
        return float((rgb != 128).any(axis=2).mean()) / scale

    assert share_painted(0.3) < share_painted(1.0)


def test_paints_nothing_far_from_the_hand() -> None:
    rgb = canvas()
    annotate(rgb, [hand(scale=0.4)])
    assert (rgb[120:] == 128).all()
    assert (rgb[:, 160:] == 128).all()


def test_without_a_hand_the_picture_stays() -> None:
    rgb = canvas()
    annotate(rgb, [])
    annotate(rgb, [Hand(handedness="Left", score=0.9, landmarks=np.zeros((0, 3), np.float32))])
    assert (rgb == 128).all()


@given(st.sampled_from([(1, 1), (3, 200), (64, 48)]), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_joints_may_lie_anywhere(size: tuple[int, int], scale: float, shift: float) -> None:
    annotate(canvas(0, *size), [hand(scale=scale, shift=shift)])
