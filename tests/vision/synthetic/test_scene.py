"""Scenes, and the demo among them."""

from __future__ import annotations

import numpy as np
import pytest

from handstream.vision.synthetic import DEMO, Camera, Chapter, Key, Scene, Track, render, truths

SMALL = Scene(
    "small",
    (Track(3, "Left", (Key(0.0, "open", 80, 66, 32), Key(0.1, "fist", 80, 66, 32))),),
    (Chapter("all", 0),),
    frame_count=6,
    camera=Camera(160, 120, 155.0),
)


def test_render_gives_the_picture_and_the_truth_of_truths() -> None:
    picture, known = render(SMALL, 2)
    assert picture.shape == (120, 160, 3)
    assert [(truth.hand_id, truth.side, truth.resolution_wh) for truth in known] == [(3, "Left", (160, 120))]
    np.testing.assert_array_equal(known[0].joints_px, truths(SMALL, 2)[0].joints_px)


def test_a_frame_after_the_track_has_no_hand() -> None:
    assert truths(SMALL, 5) == []


@pytest.mark.parametrize("frame_index", [-1, 6])
def test_a_frame_that_does_not_exist_is_refused(frame_index: int) -> None:
    with pytest.raises(IndexError, match="frames 0 to 5"):
        truths(SMALL, frame_index)


def test_the_demo_loops() -> None:
    first, last = truths(DEMO, 0), truths(DEMO, DEMO.frame_count - 1)
    assert np.abs(first[0].joints_px - last[0].joints_px).max() < 0.01


def test_the_demo_begins_with_a_perfectly_still_hand() -> None:
    still = range(DEMO.chapters[1].first_frame)
    assert len(still) >= 30
    joints = np.stack([truths(DEMO, frame_index)[0].joints_px for frame_index in still])
    assert np.ptp(joints, axis=0).max() < 1e-9


def test_the_demo_shows_no_and_one_and_two_hands_and_each_hand_once() -> None:
    known = [truths(DEMO, frame_index) for frame_index in range(DEMO.frame_count)]
    assert {len(hands) for hands in known} == {0, 1, 2}
    assert all(len({hand.hand_id for hand in hands}) == len(hands) for hands in known)
    assert max(max(map(abs, hand.velocity_px)) for frame_index in range(DEMO.frame_count) for hand in DEMO.hands(frame_index)) > 40
