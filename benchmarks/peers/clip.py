"""Prepares the clip once for a whole run, so that no client pays for decoding it: `prepare`."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import cv2
import numpy as np
from av.error import FFmpegError
from benchmarks.peers.numbered import HEIGHT_PX, WIDTH_PX

from handstream import demo
from handstream.demo.clip import read_frames
from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["prepare"]

_FRAMES = 290
"""The demo clip's part with one hand in view; of another clip as many at the most."""


def prepare(clip: Path | None, file: Path) -> None:
    """Writes the pictures of a video, cut to 4:3 around the centre and scaled, as a `.npy`: uint8 `(frames, 720, 640)`, I420. Blocks.

    Args:
        clip: A video file; None is the demo clip.
        file: Where to write.

    Raises:
        HandstreamError: The clip cannot be read, or holds no picture.
    """
    pictures = demo.frames(0, _FRAMES) if clip is None else islice(read_frames(clip), _FRAMES)
    try:
        frames = [cv2.cvtColor(_fitted(rgb), cv2.COLOR_RGB2YUV_I420) for rgb in pictures]
    except FFmpegError as error:
        raise HandstreamError(f"{clip} cannot be read: {error.strerror}. Give another video.") from error
    if not frames:
        raise HandstreamError(f"{clip} has no picture that can be decoded. Give another video.")
    np.save(file, np.stack(frames))


def _fitted(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture's middle at 640x480."""
    height, width = rgb.shape[:2]
    cut_width, cut_height = min(width, height * WIDTH_PX // HEIGHT_PX), min(height, width * HEIGHT_PX // WIDTH_PX)
    top, left = (height - cut_height) // 2, (width - cut_width) // 2
    middle = rgb[top : top + cut_height, left : left + cut_width]
    return np.asarray(cv2.resize(middle, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA), np.uint8)
