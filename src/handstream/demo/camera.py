"""Makes the file that Chromium takes for a camera: motion JPEG, 30 pictures a second, each marked with its number if wished.

Start Chromium with `--use-fake-device-for-media-stream --use-fake-ui-for-media-stream --use-file-for-fake-video-capture=FILE`; the page's
`getUserMedia` then plays the file in a loop.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import av

from handstream.demo.clip import read_frames
from handstream.errors import HandstreamError
from handstream.vision.codec import encode_jpeg
from handstream.vision.synthetic import framecode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from fractions import Fraction
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["write_camera_file"]

_CAMERA_RATE: Final = 30  # Chromium plays motion JPEG at this rate (media/capture/video/file_video_capture_device.cc)
_QUALITY: Final = 90


def write_camera_file(path: Path, clip: Path, *, codes: bool, mirror: bool, on_frame: Callable[[], None]) -> int:
    """Turns a video file into a camera's. Blocks for some seconds.

    Args:
        path: The file to write.
        clip: Any video file that FFmpeg reads. Pictures are repeated or left out where its rate is not 30 frames/s.
        codes: Whether each picture carries its number in the clip, see `handstream.vision.synthetic.framecode`.
        mirror: Whether pictures are mirrored, as a phone's selfie camera does it. The codes are not.
        on_frame: Called after each picture.

    Returns:
        How many pictures were written.

    Raises:
        HandstreamError: The clip cannot be read, holds no picture, or the file cannot be written.
    """
    if path.resolve() == clip.resolve():
        raise HandstreamError(f"the camera file {path} would be written over the clip itself; name another")
    count = 0
    try:
        pictures = _at_camera_rate(read_frames(clip), _frame_rate(clip))
        with path.open("wb") as file:
            for number, picture in pictures:
                upright = picture[:, ::-1] if mirror else picture
                marked = framecode.stamp(upright, number) if codes else upright.copy()
                file.write(encode_jpeg(marked, _QUALITY))
                count += 1
                on_frame()
    except (OSError, av.FFmpegError) as error:
        reason = f"cannot turn {clip} into the camera file {path}: {error}"
        raise HandstreamError(f"{reason}; name a video file that can be read and a folder that can be written") from error
    return count


def _frame_rate(clip: Path) -> Fraction:
    with av.open(str(clip)) as container:
        if not container.streams.video or not container.streams.video[0].average_rate:
            raise HandstreamError(f"{clip} holds no video; name a video file")
        return container.streams.video[0].average_rate


def _at_camera_rate(pictures: Iterator[NDArray[np.uint8]], rate: Fraction) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The pictures with their numbers, each as often as the camera shows it while the clip would."""
    for number, picture in enumerate(pictures):
        first, last = math.ceil(number * _CAMERA_RATE / rate), math.ceil((number + 1) * _CAMERA_RATE / rate)
        for _ in range(first, last):
            yield number, picture
