"""What the clients of a benchmark send: `encoded_pictures`, the demo clip's parts with one hand in view, encoded beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from handstream.demo import frames, truth
from handstream.vision.codec import encode_jpeg

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["JPEG_QUALITY", "encoded_pictures"]

JPEG_QUALITY = 80
"""Of the pictures sent, what the Python client encodes at by default. The demo clip's are 640x480 and about 16 KB then."""

_CHAPTERS = ("still", "gestures", "turning")
"""The clip's parts with one hand in view, one after another."""


def encoded_pictures(size_wh: tuple[int, int] = (640, 480)) -> list[bytes]:
    """The pictures as JPEG, to be sent round and round. Blocks for a second.

    They go forward and back again, so that the hand moves without a jump where the round closes: a jump would be a search for a lost hand
    that no camera causes. Another aspect is cut out of the middle.
    """
    parts = [truth().frames_of(chapter) for chapter in _CHAPTERS]
    forward = [encode_jpeg(_resized(rgb, size_wh), JPEG_QUALITY) for rgb in frames(parts[0].start, parts[-1].stop)]
    return forward + forward[-2:0:-1]


def _resized(rgb: NDArray[np.uint8], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    height_px, width_px = rgb.shape[:2]
    if (width_px, height_px) == size_wh:
        return rgb
    scale = max(size_wh[0] / width_px, size_wh[1] / height_px)
    cut_width_px, cut_height_px = round(size_wh[0] / scale), round(size_wh[1] / scale)
    left_px, top_px = (width_px - cut_width_px) // 2, (height_px - cut_height_px) // 2
    cut = rgb[top_px : top_px + cut_height_px, left_px : left_px + cut_width_px]
    return np.ascontiguousarray(cv2.resize(cut, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
