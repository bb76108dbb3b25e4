"""Image files and folders of them: `ImageSource` reads, `image_sink` and `folder_sink` write."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import cv2

from handstream.errors import FrameError, HandstreamError
from handstream.files import Picture
from handstream.files.replacing import replacing, unwritable_told
from handstream.vision.annotate import annotate
from handstream.vision.codec import decode, encode_jpeg

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from handstream.files import Sink
    from handstream.frames import Hand

__all__ = ["IMAGE_SUFFIXES", "ImageSource", "folder_sink", "image_sink", "images_in"]

IMAGE_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp")

_MAX_PIXELS: Final = 200_000_000
"""Larger than any camera's picture, and 600 MB decoded."""

_JPEG_QUALITY: Final = 90


class ImageSource:
    """Images that each stand alone: one, or a folder's."""

    frame_rate = None

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._damaged: list[str] = []

    @property
    def expected_count(self) -> int:
        """How many images there are."""
        return len(self._paths)

    @property
    def damaged(self) -> Sequence[str]:
        """The images that could not be decoded, each with the reason."""
        return self._damaged

    def pictures(self) -> Generator[Picture, None, None]:
        """The images in order. One that cannot be decoded is noted and skipped; its index is left out.

        Raises:
            HandstreamError: None can be decoded.
        """
        found = False
        for index, path in enumerate(self._paths):
            try:
                rgb = decode(path.read_bytes(), max_pixels=_MAX_PIXELS)
            except (FrameError, OSError) as error:
                self._damaged.append(f"{path.name}: {error}")
            else:
                found = True
                yield Picture(index, 0.0, rgb, path.name)
        if not found:
            raise HandstreamError(f"No image can be decoded. {'; '.join(self._damaged[:3])}", code="no_pictures")

    def close(self) -> None:
        """Nothing stays open between two images."""


def images_in(folder: Path) -> list[Path]:
    """A folder's images (not those of folders inside it), in the order in which people count: 2 before 10.

    Raises:
        HandstreamError: There is none.
    """
    paths = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file() and path.name[0] != "."]
    if not paths:
        raise HandstreamError(
            f"The folder {folder} holds no image ({', '.join(IMAGE_SUFFIXES)}). Name another, or a video file.", code="no_pictures"
        )
    return sorted(paths, key=_natural)


@contextmanager
def image_sink(path: Path) -> Iterator[Sink]:
    """Writes the picture with its skeletons to that file; an existing one is replaced.

    Raises:
        HandstreamError: The format is none of `IMAGE_SUFFIXES`, or the file cannot be written.
    """
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        raise HandstreamError(f"Cannot write an image as {path.name}: use one of {', '.join(IMAGE_SUFFIXES)}.", code="unknown_extension")
    with replacing(path) as partial:

        def write(picture: Picture, hands: Sequence[Hand]) -> None:
            with unwritable_told(path):
                _write(partial, picture.rgb, hands)

        yield write


@contextmanager
def folder_sink(folder: Path) -> Iterator[Sink]:
    """Writes each picture with its skeletons into that folder, under its own name.

    The folder is made if it isn't there, and removed again if the block fails before a picture was written.

    Raises:
        HandstreamError: The folder cannot be made or written.
    """
    existed = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HandstreamError(f"Cannot make the folder {folder}: {error.strerror}. Name another.", code="cannot_write") from error

    def write(picture: Picture, hands: Sequence[Hand]) -> None:
        assert picture.name is not None, "a folder's pictures have names"
        with replacing(folder / picture.name) as partial, unwritable_told(folder / picture.name):
            _write(partial, picture.rgb, hands)

    try:
        yield write
    except BaseException:
        if not existed and not any(folder.iterdir()):
            folder.rmdir()
        raise


def _write(path: Path, rgb: NDArray[np.uint8], hands: Sequence[Hand]) -> None:
    annotate(rgb, hands)
    path.write_bytes(_encode(rgb, path.suffix.lower()))


def _encode(rgb: NDArray[np.uint8], suffix: str) -> bytes:
    if suffix in (".jpg", ".jpeg"):
        return encode_jpeg(rgb, _JPEG_QUALITY)
    return cv2.imencode(suffix, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()


def _natural(path: Path) -> list[tuple[int, str]]:
    """Runs of digits by their value, all else by its letters."""
    return [(int(part), "") if part.isdecimal() else (-1, part.casefold()) for part in re.split(r"(\d+)", path.name)]
