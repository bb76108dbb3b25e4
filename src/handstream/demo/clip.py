"""Writes and reads the clip: RGB pictures to VP9 in WebM and back, through PyAV."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import av
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["CLIP_NAME", "TRUTH_NAME", "read_frames", "write_clip"]

CLIP_NAME: Final = "hands.webm"
TRUTH_NAME: Final = "hands.truth.json"

# VP9 plays in Chromium (with or without proprietary codecs), Firefox and Safari 16. Constant quality; one thread and no frame
# parallelism, because the encoder's output depends on how many threads share it.
_ENCODER_OPTIONS: Final = {
    "crf": "25",
    "b": "0",
    "deadline": "good",
    "cpu-used": "1",
    "row-mt": "0",
    "tile-columns": "0",
    "frame-parallel": "0",
}
_SMPTE_170M: Final = 6  # the colour matrix, primaries and transfer that browsers assume for pictures of this size, said explicitly
_LIMITED_RANGE: Final = 1


def write_clip(path: Path, pictures: Iterable[NDArray[np.uint8]], *, resolution_wh: tuple[int, int], frames_per_second: int) -> None:
    """Encodes pictures, uint8 `(height, width, 3)` RGB, as they come. The same pictures give the same bytes. Blocks.

    Raises:
        OSError: The file cannot be written.
    """
    with av.open(str(path), "w", format="webm", options={"fflags": "bitexact"}) as container:
        stream = container.add_stream("libvpx-vp9", rate=frames_per_second, options=_ENCODER_OPTIONS)
        stream.width, stream.height = resolution_wh
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1
        # A key frame each second: a player can seek, and the page's loop restarts at once.
        stream.gop_size = frames_per_second
        stream.codec_context.colorspace = _SMPTE_170M
        stream.codec_context.color_primaries = _SMPTE_170M
        stream.codec_context.color_trc = _SMPTE_170M
        stream.codec_context.color_range = _LIMITED_RANGE
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, frames_per_second)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def read_frames(path: Path, start: int = 0, stop: int | None = None) -> Iterator[NDArray[np.uint8]]:
    """Decodes a video file's pictures from one frame to before another: uint8 `(height, width, 3)` RGB.

    Raises:
        OSError: The file cannot be read.
    """
    with av.open(str(path)) as container:
        for frame in itertools.islice(container.decode(video=0), start, stop):
            yield np.ascontiguousarray(frame.to_ndarray(format="rgb24"), np.uint8)
