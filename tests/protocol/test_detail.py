"""Bytes by quality and scale, and the resolution that the networks can use."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.protocol.detail import (
    LANDMARK_INPUT_PX,
    PALM_INPUT_PX,
    SCALES,
    Level,
    ladder,
    quality_at,
    relative_bytes,
    scales_from,
    useful_long_side_px,
    useful_scale,
)
from tests.protocol.simulation import QUALITY_BYTES, SCALE_BYTES


def test_a_user_may_want_no_scale_below_one() -> None:
    assert scales_from(0.25) == SCALES
    assert scales_from(0.6) == (1.0, 0.75, 0.6)
    assert scales_from(1) == (1.0,)
    for least in (0, 1.1, float("nan")):
        with pytest.raises(ValueError, match="least scale"):
            scales_from(least)


def test_the_quality_falls_before_the_scale() -> None:
    assert ladder((1.0, 0.5)) == (Level(0, 1.0), Level(0.25, 1.0), Level(0.5, 1.0), Level(0.75, 1.0), Level(1, 1.0), Level(1, 0.5))


@pytest.mark.parametrize("scales", [(), (0.0,), (1.5,), (0.5, 1.0), (1.0, 1.0)])
def test_scales_that_do_not_fall_are_refused(scales: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="scales must fall"):
        ladder(scales)


@pytest.mark.parametrize(
    ("wanted", "least", "qualities"), [(70, 30, [70, 60, 50, 40, 30]), (50, 30, [50, 45, 40, 35, 30]), (20, 30, [20] * 5), (1, 1, [1] * 5)]
)
def test_the_quality_goes_from_the_wanted_one_to_the_least(wanted: int, least: int, qualities: list[int]) -> None:
    assert [quality_at(level, wanted, least) for level in ladder((1.0,))] == qualities


@pytest.mark.parametrize("quality", QUALITY_BYTES)
@pytest.mark.parametrize("scale", SCALE_BYTES)
def test_bytes_are_foretold_within_a_fifth_of_what_real_pictures_took(quality: int, scale: float) -> None:
    foretold = relative_bytes(quality, scale) / relative_bytes(70, 1.0)
    assert foretold == pytest.approx(QUALITY_BYTES[quality] * SCALE_BYTES[scale], rel=0.2)


@given(st.integers(1, 99), st.sampled_from(SCALES[1:]))
def test_finer_pictures_take_more_bytes(quality: int, scale: float) -> None:
    assert relative_bytes(quality + 1, scale) >= relative_bytes(quality, scale)
    assert relative_bytes(quality, 1.0) > relative_bytes(quality, scale)


@pytest.mark.parametrize(
    ("region_px", "long_side_px", "scale"),
    [
        (200, 640, 1.0),  # less than the network sees even at full scale
        (250, 640, 1.0),  # hardly more
        (350, 640, 0.75),
        (540, 1280, 0.5),
        (800, 1280, 0.375),
        (1000, 640, 0.375),  # the palm network sees the whole picture
        (1200, 1920, 0.25),
    ],
)
def test_a_near_hand_needs_fewer_pixels(region_px: float, long_side_px: float, scale: float) -> None:
    assert useful_scale(region_px / long_side_px, long_side_px, 1.0, SCALES) == scale


@given(st.floats(1, 4_000), st.floats(64, 4_000), st.sampled_from(SCALES))
def test_the_networks_lose_nothing_that_the_camera_gave(region_px: float, long_side_px: float, scale: float) -> None:
    chosen = useful_scale(region_px / long_side_px, long_side_px, scale, SCALES)
    assert chosen in SCALES
    assert chosen == 1.0 or region_px * chosen >= LANDMARK_INPUT_PX - 1e-6
    assert chosen == 1.0 or long_side_px * chosen >= useful_long_side_px(region_px / long_side_px) - 1e-6


@given(st.floats(1, 4_000), st.floats(64, 4_000), st.floats(0.95, 1.05))
def test_a_hand_that_breathes_changes_no_scale(region_px: float, long_side_px: float, breath: float) -> None:
    share = region_px / long_side_px
    chosen = useful_scale(share, long_side_px, 1.0, SCALES)
    again = useful_scale(share * breath, long_side_px, chosen, SCALES)
    assert useful_scale(share, long_side_px, again, SCALES) == again


def test_a_scale_stays_while_it_is_useful_and_is_not_taken_where_it_is_hardly_so() -> None:
    assert useful_scale(0.35, 1280, 0.5, SCALES) == 0.5
    assert useful_scale(0.35, 1280, 1.0, SCALES) == 0.75


def test_however_near_a_hand_is_palm_detection_sees_the_whole_picture() -> None:
    assert useful_long_side_px(2.0) == PALM_INPUT_PX
    assert useful_long_side_px(0.5) == 2 * LANDMARK_INPUT_PX
    assert useful_long_side_px(None) == math.inf
