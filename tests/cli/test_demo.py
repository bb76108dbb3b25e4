"""`handstream demo`: the camera's file, and errors that say what to do."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from handstream.cli.demo import app
from handstream.demo import frames
from handstream.demo.camera import write_camera_file
from handstream.demo.clip import write_clip
from handstream.errors import HandstreamError
from handstream.vision.codec import decode
from handstream.vision.synthetic import framecode

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FRAME_COUNT = 12


def pictures_of(path: Path) -> list[NDArray[np.uint8]]:
    """The JPEGs of a motion JPEG file: each begins with SOI and an APP0 segment, which entropy-coded data cannot hold."""
    starts = [match.start() for match in re.finditer(rb"\xff\xd8\xff\xe0", path.read_bytes())]
    data = path.read_bytes()
    return [decode(data[start:end], max_pixels=10**6) for start, end in zip(starts, [*starts[1:], len(data)], strict=True)]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "short.webm"
    write_clip(path, frames(0, FRAME_COUNT), resolution_wh=(640, 480), frames_per_second=30)
    return path


def camera(out: Path, clip: Path, *options: str) -> list[NDArray[np.uint8]]:
    result = CliRunner().invoke(app, ["camera", "--out", str(out), "--clip", str(clip), *options])
    assert result.exit_code == 0, result.output
    return pictures_of(out)


def test_a_camera_file_holds_every_picture_with_its_number(tmp_path: Path, clip: Path) -> None:
    shown = camera(tmp_path / "camera.mjpeg", clip)
    assert [framecode.read(picture) for picture in shown] == list(range(FRAME_COUNT))
    assert {picture.shape for picture in shown} == {(480, 640, 3)}


def test_without_codes_the_picture_is_whole(tmp_path: Path, clip: Path) -> None:
    shown = camera(tmp_path / "camera.mjpeg", clip, "--no-codes")
    assert framecode.read(shown[0]) is None
    assert np.abs(shown[0].astype(int) - next(frames()).astype(int)).mean() < 3


def test_mirrored_pictures_keep_readable_codes(tmp_path: Path, clip: Path) -> None:
    shown = camera(tmp_path / "camera.mjpeg", clip, "--mirror")
    assert framecode.read(shown[3]) == 3
    assert np.abs(shown[0][:400, ::-1].astype(int) - next(frames())[:400].astype(int)).mean() < 3


@pytest.mark.parametrize(("rate", "numbers"), [(15, [0, 0, 1, 1, 2, 2, 3, 3]), (60, [0, 2]), (25, [0, 0, 1, 2, 3])])
def test_another_rate_becomes_thirty_a_second(tmp_path: Path, rate: int, numbers: list[int]) -> None:
    path = tmp_path / "clip.webm"
    write_clip(path, frames(0, 4), resolution_wh=(640, 480), frames_per_second=rate)
    count = write_camera_file(tmp_path / "camera.mjpeg", path, codes=True, mirror=False, on_frame=lambda: None)
    assert [framecode.read(picture) for picture in pictures_of(tmp_path / "camera.mjpeg")] == numbers
    assert count == len(numbers)


@pytest.mark.parametrize("content", [None, b"", b"not a video at all"])
def test_a_clip_that_cannot_be_read_is_a_clear_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "clip.webm"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(HandstreamError, match="cannot turn"):
        write_camera_file(tmp_path / "camera.mjpeg", path, codes=True, mirror=False, on_frame=lambda: None)
    assert not (tmp_path / "camera.mjpeg").exists()


def test_a_sound_without_pictures_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 8000, 0, Fraction(1, 8000)
        container.mux([*stream.encode(frame), *stream.encode(None)])
    with pytest.raises(HandstreamError, match="holds no video"):
        write_camera_file(tmp_path / "camera.mjpeg", path, codes=True, mirror=False, on_frame=lambda: None)


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HandstreamError, match="cannot turn"):
        write_camera_file(tmp_path / "file" / "camera.mjpeg", clip, codes=True, mirror=False, on_frame=lambda: None)
    result = CliRunner().invoke(app, ["render", "--out", str(tmp_path / "file" / "demo")])
    assert isinstance(result.exception, HandstreamError)
    assert "choose another folder" in str(result.exception)


def test_the_clip_is_not_written_over(clip: Path) -> None:
    before = clip.read_bytes()
    with pytest.raises(HandstreamError, match="over the clip itself"):
        write_camera_file(clip, clip, codes=True, mirror=False, on_frame=lambda: None)
    assert clip.read_bytes() == before
