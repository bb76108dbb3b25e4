"""A picture's number survives what video and JPEG do to it, and the clip goes forward and backward."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from benchmarks.peers.clients.jpeg import number_of
from benchmarks.peers.numbered import HEIGHT_PX, WIDTH_PX, NumberedClip, read_number

from handstream.vision.codec import encode_jpeg

if TYPE_CHECKING:
    from pathlib import Path

FRAMES = 4


@pytest.fixture
def clip(tmp_path: Path) -> NumberedClip:
    """Four pictures of noise, whose last row holds the picture's place in the clip."""
    frames = np.random.default_rng(0).integers(16, 236, (FRAMES, HEIGHT_PX * 3 // 2, WIDTH_PX), np.uint8)
    frames[:, HEIGHT_PX - 1] = np.arange(FRAMES)[:, None]
    np.save(tmp_path / "clip.npy", frames)
    return NumberedClip(tmp_path / "clip.npy", first=1)


@pytest.mark.parametrize("number", [0, 1, 2, 1023, 0x5555, 0xAAAA, 65_535])
def test_the_number_can_be_read(clip: NumberedClip, number: int) -> None:
    assert read_number(clip.picture(number)[:HEIGHT_PX]) == number


def test_numbers_beyond_16_bits_begin_anew(clip: NumberedClip) -> None:
    assert read_number(clip.picture(65_536 + 7)[:HEIGHT_PX]) == 7


@pytest.mark.parametrize("quality", [10, 50, 95])
def test_the_number_outlives_jpeg(clip: NumberedClip, quality: int) -> None:
    rgb = np.asarray(cv2.cvtColor(clip.picture(4711), cv2.COLOR_YUV2RGB_I420), np.uint8)
    assert number_of(encode_jpeg(rgb, quality)) == 4711


@pytest.mark.parametrize("corner", [0, 16, 128, 235, 255])
def test_a_picture_without_a_number_has_none(corner: int) -> None:
    assert read_number(np.full((HEIGHT_PX, WIDTH_PX), corner, np.uint8)) is None


@pytest.mark.parametrize("block", range(20))
def test_a_wrong_block_is_noticed(clip: NumberedClip, block: int) -> None:
    luma = clip.picture(99)[:HEIGHT_PX].copy()
    top, left = block // 10 * 16, block % 10 * 16
    luma[top : top + 16, left : left + 16] = 251 - luma[top : top + 16, left : left + 16]  # black becomes white and white black
    assert read_number(luma) is None


def test_a_picture_smaller_than_the_number_has_none() -> None:
    assert read_number(np.zeros((16, 16), np.uint8)) is None


def test_the_clip_goes_forward_and_backward(clip: NumberedClip) -> None:
    places = [int(clip.picture(number)[HEIGHT_PX - 1, 0]) for number in range(8)]
    assert places == [1, 2, 3, 2, 1, 0, 1, 2]
