from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from handstream.errors import HandstreamError
from handstream.files import Picture
from handstream.files.images import ImageSource, folder_sink, image_sink, images_in
from handstream.vision.codec import decode
from tests.files.fakes import HAND
from tests.vision.pictures import encoded, quadrants, with_orientation

if TYPE_CHECKING:
    from pathlib import Path


def test_images_come_in_the_order_in_which_people_count(tmp_path: Path) -> None:
    for name in ("b10.png", "b9.JPG", "B1.webp", "a.jpeg", "notes.txt", ".hidden.png"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "c.png").mkdir()
    assert [path.name for path in images_in(tmp_path)] == ["a.jpeg", "B1.webp", "b9.JPG", "b10.png"]


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HandstreamError, match="holds no image"):
        images_in(tmp_path)


def test_reads_upright_pictures_with_their_names(tmp_path: Path) -> None:
    path = tmp_path / "one.jpg"
    path.write_bytes(with_orientation(encoded(quadrants(), "jpeg"), 6))
    (picture,) = ImageSource([path]).pictures()
    assert (picture.index, picture.time_s, picture.name) == (0, 0.0, "one.jpg")
    assert picture.rgb.shape == (64, 48, 3)


def test_an_image_that_cannot_be_decoded_is_skipped_and_told(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"not an image")
    (tmp_path / "2.png").write_bytes(encoded(quadrants(), "png"))
    source = ImageSource([tmp_path / "1.png", tmp_path / "2.png", tmp_path / "3.png"])
    assert source.expected_count == 3
    assert [(picture.index, picture.name) for picture in source.pictures()] == [(1, "2.png")]
    assert [text.split(":")[0] for text in source.damaged] == ["1.png", "3.png"]


def test_where_none_can_be_decoded_the_reason_is_told(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"not an image")
    with pytest.raises(HandstreamError, match=r"No image can be decoded. 1.png: This is not a JPEG"):
        list(ImageSource([tmp_path / "1.png"]).pictures())


@pytest.mark.parametrize("name", ["out.jpg", "out.jpeg", "out.PNG", "out.webp"])
def test_writes_an_image_with_its_skeleton(tmp_path: Path, name: str) -> None:
    with image_sink(tmp_path / name) as sink:
        sink(Picture(0, 0.0, quadrants(), "in.png"), [HAND])
    rgb = decode((tmp_path / name).read_bytes(), max_pixels=10_000)
    assert np.abs(rgb[8:16, 8:24].astype(int) - (255, 0, 0)).max() <= 20, "the colours are right"
    assert (np.abs(rgb[28:45, 38:60].astype(int) - 255) > 60).any(), "the hand is drawn"


def test_an_unknown_image_extension_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HandstreamError, match=r"out.mp4: use one of .jpg"), image_sink(tmp_path / "out.mp4"):
        pytest.fail("the block ran")


def test_writes_a_folder_of_images_under_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    with folder_sink(folder) as sink:
        sink(Picture(0, 0.0, quadrants(), "a.jpg"), [])
        sink(Picture(1, 0.0, quadrants(), "b.png"), [HAND])
    assert sorted(path.name for path in folder.iterdir()) == ["a.jpg", "b.png"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(HandstreamError, match="Cannot make the folder"), folder_sink(tmp_path / "file" / "inside"):
        pytest.fail("the block ran")


@pytest.mark.parametrize("existed", [False, True])
def test_a_failure_leaves_no_empty_folder_behind(tmp_path: Path, existed: bool) -> None:
    folder = tmp_path / "out"
    if existed:
        folder.mkdir()
    with pytest.raises(HandstreamError, match="nothing to write"), folder_sink(folder):
        raise HandstreamError("nothing to write")
    assert folder.exists() == existed
