"""Which sightings are one hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.vision.matching import is_same_hand, is_same_palm
from tests.vision.hands import hand_at, moved, palm_of, turned

HAND = hand_at(100, 100)


@pytest.mark.parametrize(
    ("offset", "same"), [((0, 0), True), ((30, 0), True), ((0, -40), True), ((45, 0), False), ((0, 60), False), ((300, 0), False)]
)
def test_hands_beside_each_other(offset: tuple[int, int], *, same: bool) -> None:
    other = moved(HAND, *offset)
    assert is_same_hand(HAND, other) is same
    assert is_same_hand(other, HAND) is same
    assert is_same_palm(palm_of(other), HAND) is same


def test_a_hand_the_other_way_up_in_the_same_place_is_another() -> None:
    upside_down = np.concatenate([turned(HAND[:, :2] - 100, np.pi) + np.array([100, 15]), HAND[:, 2:]], axis=1).astype(np.float32)
    assert not is_same_hand(HAND, upside_down)


@given(x=st.floats(-200, 200), y=st.floats(-200, 200), scale=st.floats(0.05, 20))
def test_the_answer_does_not_depend_on_the_scale(x: float, y: float, scale: float) -> None:
    other = moved(HAND, x, y)
    distance = np.hypot(x, y) / 85
    if abs(distance - 0.5) > 0.01:
        assert is_same_hand(HAND, other) is is_same_hand(HAND * np.float32(scale), other * np.float32(scale)) is bool(distance < 0.5)
