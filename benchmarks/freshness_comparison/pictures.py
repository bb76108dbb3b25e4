"""What the cameras show: `pictures`, the first seconds of the demo clip."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from handstream.demo import frames
from handstream.vision.codec import encode_jpeg

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FRAMES_PER_SECOND", "JPEG_QUALITY", "Picture", "pictures"]

FRAMES_PER_SECOND = 30
JPEG_QUALITY = 70
"""Of the pictures sent: the page's default."""

CLIP_FRAMES = 150


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, as the camera gives it and as it travels.

    Attributes:
        rgb: uint8 `(480, 640, 3)`, RGB.
        jpeg: The same at `JPEG_QUALITY`.
    """

    rgb: NDArray[np.uint8]
    jpeg: bytes


@cache
def pictures() -> tuple[Picture, ...]:
    """The clip's pictures, read once a process; 140 MB."""
    return tuple(Picture(rgb, encode_jpeg(rgb, JPEG_QUALITY)) for rgb in frames(0, CLIP_FRAMES))
