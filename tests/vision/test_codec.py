from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st

from handstream.errors import FrameError
from handstream.vision.codec import decode, encode_jpeg
from tests.vision.pictures import FORMATS, encoded, jpeg_declaring, png_declaring, quadrants, webp_declaring, with_orientation

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_PIXELS = 1 << 20

STORED_AS = {
    1: lambda rgb: rgb,
    2: np.fliplr,
    3: lambda rgb: np.rot90(rgb, 2),
    4: np.flipud,
    5: lambda rgb: rgb.swapaxes(0, 1),
    6: lambda rgb: np.rot90(rgb, 1),
    7: lambda rgb: np.rot90(rgb, 2).swapaxes(0, 1),
    8: lambda rgb: np.rot90(rgb, -1),
}
"""How a camera stores an upright picture for each EXIF orientation."""


def assert_alike(rgb: NDArray[np.uint8], truth: NDArray[np.uint8]) -> None:
    assert rgb.shape == truth.shape
    assert np.abs(rgb.astype(int) - truth).max() <= 12


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", FORMATS)
def test_decodes_to_an_upright_rgb_array(image_format: str, orientation: int) -> None:
    truth = quadrants()
    rgb = decode(with_orientation(encoded(STORED_AS[orientation](truth), image_format), orientation), max_pixels=MAX_PIXELS)
    assert_alike(rgb, truth)
    assert rgb.dtype == np.uint8
    assert rgb.flags.c_contiguous
    assert rgb.flags.writeable


@pytest.mark.parametrize(
    ("size_wh", "least_px", "decoded_wh"),
    [
        ((640, 480), 640, (640, 480)),
        ((640, 480), 321, (640, 480)),
        ((640, 480), 320, (320, 240)),
        ((640, 480), 100, (160, 120)),
        ((640, 480), 1, (80, 60)),
        ((480, 640), 320, (240, 320)),
        ((642, 482), 100, (321, 241)),
        ((641, 480), 100, (641, 480)),
    ],
)
def test_a_jpeg_is_decoded_smaller_where_that_leaves_whole_pixels(
    size_wh: tuple[int, int], least_px: int, decoded_wh: tuple[int, int]
) -> None:
    truth = np.ascontiguousarray(cv2.resize(quadrants(), size_wh, interpolation=cv2.INTER_LINEAR), np.uint8)
    rgb = decode(encode_jpeg(truth, 90), max_pixels=MAX_PIXELS, least_long_side_px=least_px)
    smaller = cv2.resize(truth, decoded_wh, interpolation=cv2.INTER_AREA)
    assert rgb.shape == smaller.shape
    assert np.abs(rgb.astype(int) - smaller).mean() < 4, "but for the colours' edges"


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_smaller_picture_is_upright_too(orientation: int) -> None:
    truth = np.repeat(np.repeat(quadrants(), 4, axis=0), 4, axis=1)
    stored = encoded(np.ascontiguousarray(STORED_AS[orientation](truth)), ".jpg")
    whole = decode(with_orientation(stored, orientation), max_pixels=MAX_PIXELS)
    half = decode(with_orientation(stored, orientation), max_pixels=MAX_PIXELS, least_long_side_px=max(truth.shape) / 2)
    assert half.shape == (whole.shape[0] // 2, whole.shape[1] // 2, 3)
    assert np.abs(half.astype(int) - cv2.resize(whole, half.shape[1::-1], interpolation=cv2.INTER_AREA)).mean() < 4


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_other_formats_are_decoded_whole(suffix: str) -> None:
    image = cv2.imencode(suffix, np.zeros((480, 640, 3), np.uint8))[1].tobytes()
    assert decode(image, max_pixels=MAX_PIXELS, least_long_side_px=1).shape == (480, 640, 3)


def test_grey_becomes_rgb() -> None:
    grey = np.full((48, 64, 1), 120, np.uint8)
    images = [simplejpeg.encode_jpeg(grey, 95, "GRAY", colorsubsampling="Gray"), cv2.imencode(".png", grey)[1].tobytes()]
    for image in images:
        assert_alike(decode(image, max_pixels=MAX_PIXELS), np.repeat(grey, 3, axis=2))


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_alpha_is_dropped(suffix: str) -> None:
    bgra = cv2.cvtColor(quadrants(), cv2.COLOR_RGB2BGRA)
    bgra[:, :, 3] = 100
    assert_alike(decode(cv2.imencode(suffix, bgra, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes(), max_pixels=MAX_PIXELS), quadrants())


def test_16_bits_become_8() -> None:
    deep = cv2.cvtColor(quadrants(), cv2.COLOR_RGB2BGR).astype(np.uint16) * 257
    assert_alike(decode(cv2.imencode(".png", deep)[1].tobytes(), max_pixels=MAX_PIXELS), quadrants())


def test_cmyk_becomes_rgb() -> None:
    # Adobe's way, the only one met in practice, stores the ink inverted: 255 is none.
    cmyk = np.dstack([quadrants(), np.full((48, 64), 255, np.uint8)])
    assert_alike(decode(simplejpeg.encode_jpeg(cmyk, 95, "CMYK", colorsubsampling="444"), max_pixels=MAX_PIXELS), quadrants())


@pytest.mark.parametrize("image", [png_declaring(30000, 30000), webp_declaring(16384, 16384), jpeg_declaring(65535, 65535)])
def test_a_declared_size_beyond_the_limit_is_refused_before_decoding(image: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def must_not_run(*_: object, **__: object) -> None:
        pytest.fail("a decoder was called")

    monkeypatch.setattr("handstream.vision.codec.cv2.imdecode", must_not_run)
    monkeypatch.setattr("handstream.vision.codec.simplejpeg.decode_jpeg", must_not_run)
    with pytest.raises(FrameError, match="more than the 1048576") as raised:
        decode(image, max_pixels=MAX_PIXELS)
    assert raised.value.code == "image_too_large"


def test_the_limit_itself_is_allowed() -> None:
    image = encoded(quadrants(), "jpeg")
    assert decode(image, max_pixels=64 * 48).shape == (48, 64, 3)
    with pytest.raises(FrameError):
        decode(image, max_pixels=64 * 48 - 1)


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_picture_that_breaks_off_is_refused(image_format: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8)
    image = encoded(noise, image_format)
    for kept in (len(image) * share // 10 for share in range(1, 10)):
        with pytest.raises(FrameError) as raised:
            decode(image[:kept], max_pixels=MAX_PIXELS)
        assert raised.value.code == "truncated_image"


def test_a_jpeg_that_declares_more_than_it_holds_is_refused() -> None:
    with pytest.raises(FrameError) as raised:
        decode(jpeg_declaring(64, 4000), max_pixels=MAX_PIXELS)
    assert raised.value.code == "truncated_image"


def test_a_jpeg_of_very_many_scans_is_refused() -> None:
    with pytest.raises(FrameError, match="scans") as raised:
        decode(encoded(quadrants(), "jpeg") + b"\xff\xda\x00\x02" * 40, max_pixels=MAX_PIXELS)
    assert raised.value.code == "image_too_large"


SEEDS = [with_orientation(encoded(quadrants(32, 24), image_format), 6) for image_format in FORMATS]


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_no_bytes_raise_anything_but_a_frame_error(data: st.DataObject) -> None:
    image = bytearray(data.draw(st.sampled_from(SEEDS)))
    for position, value in data.draw(st.lists(st.tuples(st.integers(0, len(image) - 1), st.integers(0, 255)), max_size=8)):
        image[position] = value
    del image[data.draw(st.integers(0, len(image))) :]
    assert outcome(bytes(image)) in ("decoded", "empty_message", "not_an_image", "truncated_image", "image_too_large")


def outcome(image: bytes) -> str:
    """What becomes of those bytes: "decoded", or the code of the FrameError."""
    try:
        decode(image, max_pixels=MAX_PIXELS)
    except FrameError as error:
        return error.code
    return "decoded"


def test_encodes_a_jpeg_at_half_colour_resolution() -> None:
    jpeg = encode_jpeg(quadrants(), 90)
    assert simplejpeg.decode_jpeg_header(jpeg) == (48, 64, "YCbCr", "420")
    assert_alike(decode(jpeg, max_pixels=MAX_PIXELS)[:20, :28], quadrants()[:20, :28])


def test_a_lower_quality_makes_fewer_bytes() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8)
    assert len(encode_jpeg(noise, 20)) < len(encode_jpeg(noise, 50)) < len(encode_jpeg(noise, 95))


@pytest.mark.parametrize(
    ("rgb", "quality"),
    [
        (quadrants(), 0),
        (quadrants(), 101),
        (quadrants().astype(np.float32), 50),
        (quadrants()[:, :, 0], 50),
        (quadrants()[:, :, :2], 50),
        (quadrants()[:, ::2], 50),
    ],
)
def test_refuses_to_encode_what_is_not_a_picture(rgb: NDArray[np.uint8], quality: int) -> None:
    with pytest.raises(ValueError, match="must"):
        encode_jpeg(rgb, quality)


DECODE_AND_TELL_MEMORY = """
import resource, sys
from handstream.errors import FrameError
from handstream.vision.codec import decode
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decode(bytes.fromhex(sys.argv[1]), max_pixels=1_000_000)
except FrameError as error:
    print(error.code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no getrusage")
def test_a_png_sets_aside_no_memory_for_what_its_chunks_only_declare() -> None:
    image = png_declaring(8, 8)[:33] + (2**31 - 1).to_bytes(4) + b"IDAT" + bytes(64)
    command = [sys.executable, "-c", DECODE_AND_TELL_MEMORY, image.hex()]
    code, grown_kib = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert code == "truncated_image"
    assert int(grown_kib) < 200_000
