"""The demo clip that comes with handstream, and its ground truth: 19 seconds of one and two synthetic hands, 640x480, 30 frames/s.

The page plays it, the tests and benchmarks measure trackers with it: `frames()` are its pictures and `truth()` says where the joints
are. `handstream demo render` makes both anew (`recording`).
"""

from __future__ import annotations

import functools
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from handstream.demo.clip import CLIP_NAME, TRUTH_NAME, read_frames
from handstream.demo.truth import ClipTruth

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ClipTruth", "clip_path", "frames", "truth"]


def clip_path() -> Path:
    """The clip's file: WebM with VP9, a key frame each second."""
    return Path(str(files(__name__).joinpath(CLIP_NAME)))


@functools.cache
def truth() -> ClipTruth:
    """The clip's truth, read once."""
    return ClipTruth.from_json(files(__name__).joinpath(TRUTH_NAME).read_text(encoding="utf-8"))


def frames(start: int = 0, stop: int | None = None) -> Iterator[NDArray[np.uint8]]:
    """The clip's pictures from one frame to before another, decoded as they are asked for; about a millisecond each.

    Yields:
        uint8 `(480, 640, 3)`, RGB.
    """
    return read_frames(clip_path(), start, stop)
