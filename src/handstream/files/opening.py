"""Chooses by what a path is: `open_source` and `open_output`; `check_distinct` keeps them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handstream.errors import FrameError, HandstreamError
from handstream.files.images import ImageSource, folder_sink, image_sink, images_in
from handstream.files.video import VideoSource, video_sink
from handstream.vision.codec import probe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from handstream.files import Sink, Source

__all__ = ["check_distinct", "open_output", "open_source"]


def open_source(path: Path) -> Source:
    """A folder of images, an image (JPEG, PNG or WebP, by its first bytes), or a video in any format that ffmpeg reads.

    Raises:
        HandstreamError: It isn't there, cannot be read, or is none of these.
    """
    try:
        if path.is_dir():
            return ImageSource(images_in(path))
        if not path.exists():
            raise HandstreamError(f"There is no file or folder {path.absolute()}. Check the name.", code="no_such_file")
        return ImageSource([path]) if _is_image(path) else VideoSource(path)
    except OSError as error:
        raise HandstreamError(f"Cannot read {path}: {error.strerror}.", code="cannot_read") from error


def open_output(path: Path, source: Source, source_path: Path) -> AbstractContextManager[Sink]:
    """What writes the annotated pictures of that source: a video for a video, an image for an image, a folder for a folder.

    Raises:
        HandstreamError: From the block that enters it, when it cannot be written.
    """
    if source_path.is_dir():
        return folder_sink(path)
    if source.frame_rate is None:
        return image_sink(path)
    return video_sink(path, source.frame_rate)


def check_distinct(source: Path, outputs: Sequence[Path]) -> None:
    """Refuses to write over the source, or twice into one file.

    Raises:
        HandstreamError: Two of the paths lead to the same file or folder.
    """
    taken = {source.resolve(): "the source itself"}
    for path in outputs:
        resolved = path.resolve()
        if resolved in taken:
            raise HandstreamError(f"The output {path} is {taken[resolved]}. Name another.", code="same_file")
        taken[resolved] = "another output too"


def _is_image(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(32)
    try:
        probe(head)
    except FrameError as error:
        return error.code == "truncated_image"
    return True
