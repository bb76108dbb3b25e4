"""Frame codes, through what happens to pictures on their way."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from typing import Literal

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from handstream.vision.codec import decode, encode_jpeg
from handstream.vision.synthetic import framecode

Change = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
NUMBERS = (0, 1, 569, 0x5555, 0xAAAA, framecode.MAX_NUMBER)


def busy_picture(height_px: int = 480, width_px: int = 640) -> NDArray[np.uint8]:
    noise = np.random.default_rng(5).integers(0, 256, (height_px // 8, width_px // 8, 3), np.uint8)
    return np.asarray(cv2.resize(noise, (width_px, height_px), interpolation=cv2.INTER_CUBIC), np.uint8)


def jpeg(quality: int) -> Change:
    return lambda picture: decode(encode_jpeg(picture, quality), max_pixels=picture.size)


def resized(width_px: int, height_px: int) -> Change:
    return lambda picture: np.asarray(cv2.resize(picture, (width_px, height_px), interpolation=cv2.INTER_AREA), np.uint8)


def video(codec: Literal["libvpx", "libvpx-vp9"]) -> Change:
    def through(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        file = io.BytesIO()
        with av.open(file, "w", format="webm") as container:
            stream = container.add_stream(codec, rate=30, options={"crf": "45", "b": "200k", "deadline": "realtime", "cpu-used": "8"})
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt = picture.shape[1], picture.shape[0], "yuv420p"
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = 0, Fraction(1, 30)
            container.mux([*stream.encode(frame), *stream.encode(None)])
        file.seek(0)
        with av.open(file, "r") as recorded:
            return np.asarray(next(recorded.decode(video=0)).to_ndarray(format="rgb24"), np.uint8)

    return through


def darker(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (picture * 0.5 + 30).astype(np.uint8)


@given(st.integers(0, framecode.MAX_NUMBER))
def test_every_number_is_read_back(number: int) -> None:
    assert framecode.read(framecode.stamp(np.zeros((48, 128, 3), np.uint8), number)) == number


CHANGES: dict[str, Change] = {
    "jpeg 50": jpeg(50),
    "jpeg 10": jpeg(10),
    "half": resized(320, 240),
    "a quarter": resized(160, 120),
    "larger": resized(1280, 720),
    "odd": resized(427, 321),
    "vp8": video("libvpx"),
    "vp9": video("libvpx-vp9"),
    "darker": darker,
    "half and jpeg 30": lambda picture: jpeg(30)(resized(320, 240)(picture)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_code_survives(name: str) -> None:
    for number in NUMBERS:
        assert framecode.read(CHANGES[name](framecode.stamp(busy_picture(), number))) == number


def test_a_picture_without_a_code_gives_none() -> None:
    assert framecode.read(busy_picture()) is None
    assert framecode.read(np.zeros((480, 640, 3), np.uint8)) is None


@pytest.mark.parametrize("number", NUMBERS)
def test_a_damaged_code_gives_none(number: int) -> None:
    stamped = framecode.stamp(busy_picture(), number)
    stamped[-16:, :20] = 255 - stamped[-16:, :20]  # turns the number's first bit over
    assert framecode.read(stamped) is None


def test_stamping_leaves_the_picture_alone_but_for_the_strip() -> None:
    picture = busy_picture()
    stamped = framecode.stamp(picture, 7)
    np.testing.assert_array_equal(stamped[:-16], picture[:-16])
    np.testing.assert_array_equal(picture, busy_picture())


@pytest.mark.parametrize("number", [-1, framecode.MAX_NUMBER + 1])
def test_a_number_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="0 to 65535"):
        framecode.stamp(busy_picture(), number)
