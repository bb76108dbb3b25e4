"""Pictures from files and back into files: videos, images, folders of images, and landmarks as JSON lines.

This module is the contract between what reads (`open_source`), what follows the hands (`tracking`) and what writes (the sinks).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from fractions import Fraction

    import numpy as np
    from numpy.typing import NDArray

    from handstream.frames import Hand

__all__ = ["Picture", "Sink", "Source"]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One decoded picture of a source.

    Attributes:
        index: Its place in the source, from 0.
        time_s: When it is shown, in seconds from the source's first picture; 0 for an image, which has no time.
        rgb: uint8 `(height, width, 3)`, RGB, C-contiguous, upright. Whoever holds the picture may draw into it.
        name: The file's name for an image, None for a picture of a video.
    """

    index: int
    time_s: float
    rgb: NDArray[np.uint8]
    name: str | None = None


class Source(Protocol):
    """Gives the pictures of a file or a folder, in order, once. Reading blocks."""

    @property
    def frame_rate(self) -> Fraction | None:
        """Pictures a second, in the mean; None where each picture stands alone."""

    @property
    def expected_count(self) -> int | None:
        """How many pictures there are, as far as the file tells; None if it doesn't."""

    @property
    def damaged(self) -> Sequence[str]:
        """What was skipped so far because it could not be decoded, in words."""

    def pictures(self) -> Generator[Picture, None, None]:
        """The pictures. Raises HandstreamError where none can be had."""

    def close(self) -> None:
        """Closes the file."""


class Sink(Protocol):
    """Takes each picture with the hands found in it, in order. It may draw into the picture. Writing blocks."""

    def __call__(self, picture: Picture, hands: Sequence[Hand]) -> None:
        """Raises HandstreamError if it cannot be written."""
