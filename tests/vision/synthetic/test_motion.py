"""How hands move."""

from __future__ import annotations

import numpy as np
import pytest

from handstream.vision.synthetic import Key, PosedHand, Track

FRAME_S = 1 / 30


def track() -> Track:
    keys = (
        Key(1.0, "open", 100, 200, 100, sway=0),
        Key(2.0, "fist", 300, 200, 120, yaw_deg=60, sway=0),
        Key(3.0, "fist", 300, 200, 120, sway=0),
    )
    return Track(0, "Right", keys)


def at(time_s: float) -> PosedHand:
    hand = track().at(time_s, FRAME_S)
    assert hand is not None
    return hand


def test_a_hand_is_where_its_keys_say() -> None:
    assert at(1.0).centre_px == (100, 200)
    assert at(2.0).centre_px == (300, 200)
    assert (at(2.0).palm_px, at(2.0).yaw_deg) == (120, 60)


@pytest.mark.parametrize("time_s", [0.99, 3.01])
def test_there_is_no_hand_outside_its_track(time_s: float) -> None:
    assert track().at(time_s, FRAME_S) is None


def test_halfway_in_time_is_halfway_in_space() -> None:
    assert at(1.5).centre_px == pytest.approx((200, 200))


def test_a_hand_rests_in_its_keys_and_is_fastest_between() -> None:
    assert np.hypot(*at(2.0).velocity_px) < 0.1
    # The minimum-jerk profile's peak is 15/8 of its mean velocity.
    assert at(1.5).velocity_px[0] == pytest.approx(200 * 15 / 8 * FRAME_S, rel=0.01)


def test_without_sway_a_hand_is_perfectly_still() -> None:
    still = Track(0, "Right", (Key(0.0, "open", 300, 200, 100, sway=0), Key(1.0, "open", 300, 200, 100, sway=0)))
    swaying = Track(0, "Right", (Key(0.0, "open", 300, 200, 100), Key(1.0, "open", 300, 200, 100)))
    centres = [[hand.centre_px for time_s in (0.2, 0.5, 0.8) if (hand := moving.at(time_s, FRAME_S))] for moving in (still, swaying)]
    assert len(set(centres[0])) == 1
    assert len(set(centres[1])) == 3


@pytest.mark.parametrize("times", [(), (1.0,), (1.0, 1.0), (2.0, 1.0)])
def test_keys_out_of_order_are_refused(times: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="later than the one before"):
        Track(0, "Left", tuple(Key(time_s, "open", 0, 0, 100) for time_s in times))
