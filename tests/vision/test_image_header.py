from __future__ import annotations

import pytest

from handstream.errors import FrameError
from handstream.vision.image_header import ImageHeader, probe
from tests.vision.pictures import FORMATS, encoded, exif_block, png_declaring, quadrants, webp_declaring, with_orientation


@pytest.mark.parametrize("image_format", FORMATS)
def test_tells_format_and_size(image_format: str) -> None:
    header = probe(encoded(quadrants(62, 47), image_format))
    assert header == ImageHeader(image_format, 62, 47, 1)  # type: ignore[arg-type]  # the names are the formats
    assert header.pixels == 62 * 47


@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", FORMATS)
def test_tells_the_orientation(image_format: str, orientation: int, byte_order: str) -> None:
    image = with_orientation(encoded(quadrants(), image_format), orientation, byte_order=byte_order)
    assert probe(image) == ImageHeader(image_format, 64, 48, orientation)  # type: ignore[arg-type]  # the names are the formats


def test_fill_bytes_before_a_marker_are_skipped() -> None:
    jpeg = encoded(quadrants(), "jpeg")
    assert probe(jpeg[:2] + b"\xff\xff" + jpeg[2:]) == ImageHeader("jpeg", 64, 48, 1)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_turns_nothing(orientation: int) -> None:
    assert probe(with_orientation(encoded(quadrants(), "jpeg"), orientation)).orientation == 1


@pytest.mark.parametrize("kept", range(len(exif_block(6)) - 10))
def test_a_broken_exif_block_turns_nothing(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.vision.pictures.exif_block", lambda *_: exif_block(6)[:kept])
    assert probe(with_orientation(encoded(quadrants(), "png"), 6)) == ImageHeader("png", 64, 48, 1)


def test_reads_the_size_that_is_declared_however_large() -> None:
    assert probe(png_declaring(30000, 30000)).pixels == 900_000_000
    assert probe(webp_declaring(2**24, 2**24)).pixels == 2**48


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (b"", "empty_message"),
        (b"\0", "not_an_image"),
        (b"GIF89a" + b"\0" * 100, "not_an_image"),
        (b"RIFF\0\0\0\0WAVEfmt ", "not_an_image"),
        (b"\xff\xd8\xff", "truncated_image"),
        (b"\xff\xd8\xff\xd9", "truncated_image"),
        (b"\xff\xd8\xff\xe0\x00\x02", "truncated_image"),
        (b"\xff\xd8\xff\xc0\x00\x11\x08\x00", "truncated_image"),
        (b"\x89PNG\r\n\x1a\n", "truncated_image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "truncated_image"),
        (b"RIFF\0\0\0\0WEBPABCD" + b"\0" * 20, "truncated_image"),
        (png_declaring(0, 10), "truncated_image"),
    ],
)
def test_refuses_what_tells_no_size(image: bytes, code: str) -> None:
    with pytest.raises(FrameError) as raised:
        probe(image)
    assert raised.value.code == code


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_header_may_break_off_anywhere(image_format: str) -> None:
    image = with_orientation(encoded(quadrants(), image_format), 6)
    codes = {code_of(image[:kept]) for kept in range(1, 800)}
    assert codes == {"truncated_image", "not_an_image", "64x48"}


def code_of(image: bytes) -> str:
    try:
        header = probe(image)
    except FrameError as error:
        return error.code
    return f"{header.width_px}x{header.height_px}"
