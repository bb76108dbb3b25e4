"""The One Euro filter over a hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.vision.landmarks import HandEstimate
from handstream.vision.smoothing import HandFilter, Smoothing
from tests.vision.hands import hand_at

FRAME_NS = 33_333_333


def filtered(path: list[np.ndarray], smoothing: Smoothing | None = None) -> list[np.ndarray]:
    hand_filter = HandFilter(smoothing or Smoothing())
    return [hand_filter.filter(HandEstimate(hand, hand, 1, 1), i * FRAME_NS).landmarks_px for i, hand in enumerate(path)]


def test_the_first_picture_and_a_hand_at_rest_pass_unchanged() -> None:
    for hand in filtered([hand_at(100, 200)] * 5):
        assert hand == pytest.approx(hand_at(100, 200))


def test_jitter_shrinks_and_a_moving_hand_is_followed() -> None:
    rng = np.random.default_rng(1)
    still = [hand_at(300, 300) + rng.normal(0, 1, (21, 3)).astype(np.float32) for _ in range(90)]
    assert np.std(filtered(still)[30:], axis=0).mean() < 0.6 * np.std(still[30:], axis=0).mean()
    # 600 px/s, four hand sizes a second: the lag in px is that speed times the lag in time.
    moving = [hand_at(100 + 20 * i, 300) for i in range(60)]
    lag_px = (moving[-1] - filtered(moving)[-1])[:, 0].mean()
    assert 0 < lag_px < 20


def test_a_picture_that_is_not_later_changes_nothing() -> None:
    hand_filter = HandFilter(Smoothing())
    first = HandEstimate(hand_at(0, 0), hand_at(0, 0), 1, 1)
    later = HandEstimate(hand_at(50, 0), hand_at(50, 0), 1, 1)
    assert hand_filter.filter(first, 10).landmarks_px == pytest.approx(hand_at(0, 0))
    for time_ns in (10, 5):
        assert hand_filter.filter(later, time_ns).landmarks_px == pytest.approx(hand_at(0, 0))


@given(scale=st.floats(0.1, 10))
def test_a_hand_near_the_camera_is_filtered_like_one_far_away(scale: float) -> None:
    path = [hand_at(10 * i, 5 * i) for i in range(10)]
    scaled = filtered([(hand * scale).astype(np.float32) for hand in path])
    assert scaled[-1] == pytest.approx(filtered(path)[-1] * scale, rel=1e-3, abs=1e-2)


@pytest.mark.parametrize("wrong", [{"min_cutoff_hz": 0}, {"min_cutoff_hz": float("nan")}, {"beta": -1}, {"derivative_cutoff_hz": -2}])
def test_settings_out_of_range(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Smoothing(**wrong)
