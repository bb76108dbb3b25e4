"""Small videos and sounds for the tests of what reads them."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
import numpy as np

from tests.vision.pictures import quadrants

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from av.video.stream import VideoStream
    from numpy.typing import NDArray

TICK = Fraction(1, 1000)


def write_video(
    path: Path, times_ms: Sequence[int], *, size_wh: tuple[int, int] = (64, 48), codec: str = "libx264", title: str = ""
) -> Path:
    """A video that shows four coloured quadrants, and a grey square that moves, at those times."""
    with av.open(str(path), "w") as container:
        container.metadata["title"] = title
        stream = cast("VideoStream", container.add_stream(codec, rate=25, options={"crf": "10"} if codec == "libx264" else {}))
        stream.width, stream.height, stream.pix_fmt = *size_wh, "yuv420p"
        stream.codec_context.time_base = TICK
        for index, time_ms in enumerate(times_ms):
            rgb = quadrants(*size_wh)
            rgb[4:12, index % 40 : index % 40 + 8] = 128
            frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = time_ms, TICK
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def every_40_ms(count: int) -> list[int]:
    return [40 * index for index in range(count)]


def turn_clockwise(mp4: Path) -> None:
    """Declares that the picture is to be shown turned by 90 degrees, as a telephone held upright does (ISO/IEC 14496-12, tkhd)."""
    data = bytearray(mp4.read_bytes())
    struct.pack_into(">9i", data, data.index(b"tkhd") + 44, 0, 1 << 16, 0, -(1 << 16), 0, 0, 48 << 16, 0, 1 << 30)
    mp4.write_bytes(data)


def write_sound(path: Path, *, cover: bool = False) -> Path:
    """A tenth of a second of silence, with a picture as its cover if asked for."""
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac" if not cover else "flac", rate=44100, layout="mono")
        if cover:
            picture = container.add_stream("png", rate=1)
            picture.width, picture.height, picture.pix_fmt = 64, 48, "rgb24"
            picture.disposition = av.stream.Disposition.attached_pic
            container.mux(picture.encode(av.VideoFrame.from_ndarray(quadrants(), "rgb24")))
            container.mux(picture.encode(None))
        silence = av.AudioFrame(format=sound.format.name, layout="mono", samples=1024)
        for plane in silence.planes:
            plane.update(bytes(plane.buffer_size))
        silence.sample_rate, silence.pts = 44100, 0
        container.mux(sound.encode(silence))
        container.mux(sound.encode(None))
    return path


def read_video(path: Path) -> list[tuple[float, NDArray[np.uint8]]]:
    """Each picture's time in seconds and its RGB pixels, read without the code under test."""
    with av.open(str(path)) as container:
        return [(frame.time, np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)) for frame in container.decode(video=0)]
