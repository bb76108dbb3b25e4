"""Video files through the ffmpeg libraries (PyAV): `VideoSource` reads any that they know, `video_sink` writes H.264."""

from __future__ import annotations

from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import av
import cv2
import numpy as np
from av.stream import Disposition
from av.video.reformatter import ColorRange, Colorspace

from handstream.errors import HandstreamError
from handstream.files import Picture
from handstream.files.replacing import replacing, unwritable_told
from handstream.vision.annotate import annotate

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from av.container import InputContainer, OutputContainer
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from handstream.files import Sink
    from handstream.frames import Hand

__all__ = ["VIDEO_SUFFIXES", "VideoSource", "video_sink"]

VIDEO_SUFFIXES: Final = (".mp4", ".mov", ".mkv")
"""The containers that we write."""

_TEXT_FORMATS: Final = frozenset({"tty"})
"""libavformat "plays" text files as pictures of a terminal; nobody who names one wants that."""

_TIME_BASE: Final = Fraction(1, 90_000)
"""The clock of the written video: fine enough for any frame rate, and the usual one (MPEG-2 systems, ISO/IEC 13818-1)."""

_FALLBACK_RATE: Final = Fraction(30)
_ENCODER_OPTIONS: Final = {"preset": "veryfast", "crf": "20"}
"""x264's constant quality 20 looks like the source; "veryfast" leaves the cores to the tracking."""

_BT709: Final = 1
"""BT.709 in the numbering that H.264 uses for primaries, transfer and matrix (ITU-T H.273)."""


class VideoSource:
    """A video file's pictures, upright, with the times at which they are shown."""

    def __init__(self, path: Path) -> None:
        """Opens the file and reads its headers.

        Raises:
            HandstreamError: It cannot be read, is no video, or holds sound alone.
        """
        self._path = path
        self._container = _open_container(path)
        self._stream = _video_stream(self._container, path)
        self._stream.thread_type = "AUTO"
        self._damaged: list[str] = []

    @property
    def frame_rate(self) -> Fraction:
        """Pictures a second, in the mean; 30 if the file doesn't tell."""
        rate = self._stream.average_rate
        return Fraction(rate.numerator, rate.denominator) if rate else _FALLBACK_RATE

    @property
    def expected_count(self) -> int | None:
        """As the file tells, or as its duration suggests."""
        if self._stream.frames:
            return self._stream.frames
        if self._container.duration is None:
            return None
        return round(self._container.duration / av.time_base * self.frame_rate)

    @property
    def damaged(self) -> Sequence[str]:
        """What was skipped so far because it could not be decoded."""
        return self._damaged

    def pictures(self) -> Generator[Picture, None, None]:
        """The pictures in the order in which they are shown.

        Raises:
            HandstreamError: Not one picture can be decoded.
        """
        index = -1
        first_time_s, time_s = None, 0.0
        for index, frame in enumerate(self._frames()):
            # Raw streams carry no times.
            shown_s = float(index / self.frame_rate) if frame.pts is None else frame.time
            first_time_s = shown_s if first_time_s is None else first_time_s
            time_s = max(time_s, shown_s - first_time_s)
            yield Picture(index, time_s, _upright_rgb(frame))
        if index < 0:
            raise HandstreamError(
                f"{self._path} holds no picture that can be decoded. Is the file whole, and what its name says?", code="no_pictures"
            )

    def close(self) -> None:
        """Closes the file."""
        self._container.close()

    def _frames(self) -> Iterator[av.VideoFrame]:
        """The decoded frames; a packet that cannot be decoded is noted and skipped, as players do."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                frames = packet.decode()
            except av.FFmpegError as error:
                self._damaged.append(f"{self._path.name}: {error.strerror}")
                if isinstance(error, av.EOFError | av.OSError):
                    return
                continue
            yield from frames


def _open_container(path: Path) -> InputContainer:
    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError) as error:
        raise HandstreamError(
            f"{path} cannot be read as a video or an image: {error.strerror}. Is the file whole?", code="not_a_video"
        ) from error
    except UnicodeDecodeError as error:  # PyAV 19 reads such a file.
        text = f"{path} holds text (a title, a name) that is not UTF-8. Remove it: ffmpeg -i {path.name} -map_metadata -1 -c copy ..."
        raise HandstreamError(text, code="not_a_video") from error
    if container.format.name in _TEXT_FORMATS:
        container.close()
        raise HandstreamError(f"{path} is a text file. Name a video, an image or a folder of images.", code="not_a_video")
    return container


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The first stream of moving pictures: the cover of a song is a video stream as well."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
    container.close()
    raise HandstreamError(
        f"{path} holds no moving picture, only: {kinds}. Name a video, an image or a folder of images.", code="not_a_video"
    )


def _upright_rgb(frame: av.VideoFrame) -> NDArray[np.uint8]:
    rgb = frame.to_ndarray(format="rgb24")
    quarter_turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb, quarter_turns), np.uint8)


@contextmanager
def video_sink(path: Path, frame_rate: Fraction) -> Iterator[Sink]:
    """Writes pictures with their skeletons as H.264 (yuv420p, which every player and browser shows), without sound.

    The file takes its name when the block ends without an error, and then holds all pictures that were given until then.

    Args:
        path: Where to write; an existing file is replaced.
        frame_rate: Pictures a second, in the mean. Each picture is shown at its own time.

    Raises:
        HandstreamError: The container is none of `VIDEO_SUFFIXES`, or the file cannot be written.
    """
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        raise HandstreamError(f"Cannot write a video as {path.name}: use one of {', '.join(VIDEO_SUFFIXES)}.", code="unknown_extension")
    with replacing(path) as partial:
        with unwritable_told(path):
            container = av.open(str(partial), "w")
        try:
            writer = _VideoWriter(container, path, frame_rate)
            yield writer
            writer.flush()
        finally:
            # The index and the last pictures are written only now, so a full disk may show itself here.
            with unwritable_told(path):
                container.close()


class _VideoWriter:
    """Encodes annotated pictures into a container. The first picture decides the size."""

    def __init__(self, container: OutputContainer, path: Path, frame_rate: Fraction) -> None:
        self._container = container
        self._path = path
        self._frame_rate = frame_rate
        self._stream: Any = None
        self._resolution_wh = (0, 0)
        self._last_time = -1

    def __call__(self, picture: Picture, hands: Sequence[Hand]) -> None:
        annotate(picture.rgb, hands)
        resolution_wh = picture.rgb.shape[1], picture.rgb.shape[0]
        if self._stream is None:
            self._open_stream(resolution_wh)
        if resolution_wh != self._resolution_wh:
            text = (
                f"The video changes its size from {self._resolution_wh} to {resolution_wh} at picture {picture.index}; a file has one size."
            )
            raise HandstreamError(text, code="size_changes")
        self._last_time = max(self._last_time + 1, round(picture.time_s / _TIME_BASE))
        self._mux(self._frame_of(picture.rgb))

    def flush(self) -> None:
        """Writes what the encoder still holds."""
        if self._stream is not None:
            self._mux(None)

    def _open_stream(self, resolution_wh: tuple[int, int]) -> None:
        self._resolution_wh = resolution_wh
        self._stream = self._container.add_stream("libx264", rate=self._frame_rate, options=_ENCODER_OPTIONS)
        context = self._stream.codec_context
        # yuv420p halves the colours' resolution, so an odd width or height gets one more column or row.
        context.width, context.height = (side + side % 2 for side in resolution_wh)
        context.pix_fmt = "yuv420p"
        context.time_base = _TIME_BASE
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = ColorRange.MPEG

    def _frame_of(self, rgb: NDArray[np.uint8]) -> av.VideoFrame:
        height_px, width_px = rgb.shape[:2]
        if height_px % 2 or width_px % 2:
            rgb = np.asarray(cv2.copyMakeBorder(rgb, 0, height_px % 2, 0, width_px % 2, cv2.BORDER_REPLICATE), np.uint8)
        frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
        frame.pts, frame.time_base = self._last_time, _TIME_BASE
        return frame

    def _mux(self, frame: av.VideoFrame | None) -> None:
        try:
            with unwritable_told(self._path):
                self._container.mux(self._stream.encode(frame))
        except av.FFmpegError as error:
            raise HandstreamError(f"The video {self._path} cannot be written: {error.strerror}.", code="cannot_write") from error
