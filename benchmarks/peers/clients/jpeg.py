"""Numbered pictures as JPEG, up and down: `packed` and `number_of`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from benchmarks.peers.numbered import HEIGHT_PX, WIDTH_PX, read_number

from handstream.vision.codec import decode, encode_jpeg

if TYPE_CHECKING:
    from benchmarks.peers.numbered import NumberedClip

__all__ = ["JPEG_QUALITY", "number_of", "packed"]

JPEG_QUALITY = 80
"""Of the frames that are sent: `handstream.client`'s default."""


def packed(clip: NumberedClip, number: int) -> bytes:
    """The clip's picture of a tick as a JPEG. Takes about 3 ms."""
    rgb = cv2.cvtColor(clip.picture(number), cv2.COLOR_YUV2RGB_I420)
    return encode_jpeg(np.asarray(rgb, np.uint8), JPEG_QUALITY)


def number_of(jpeg: bytes) -> int | None:
    """Decodes a returned picture and reads its number. Green is nearly luma where there is no colour."""
    return read_number(decode(jpeg, max_pixels=WIDTH_PX * HEIGHT_PX)[..., 1])
