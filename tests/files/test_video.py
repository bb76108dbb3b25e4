from __future__ import annotations

import sys
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from handstream.errors import HandstreamError
from handstream.files import Picture
from handstream.files.video import VideoSource, video_sink
from tests.files.clips import every_40_ms, read_video, turn_clockwise, write_sound, write_video
from tests.files.fakes import HAND
from tests.vision.pictures import quadrants

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def read(path: Path) -> list[Picture]:
    source = VideoSource(path)
    try:
        return list(source.pictures())
    finally:
        source.close()


def corners(rgb: NDArray[np.uint8]) -> list[str]:
    """The colours of the corners, clockwise from the top left."""
    names = {(1, 0, 0): "red", (0, 0, 1): "blue", (0, 1, 0): "green", (1, 1, 1): "white"}
    height_px, width_px = rgb.shape[:2]
    places = [(2, 2), (2, width_px - 3), (height_px - 3, width_px - 3), (height_px - 3, 2)]
    return [names[tuple(int(value > 127) for value in rgb[place])] for place in places]  # type: ignore[index]  # three values


def test_reads_the_pictures_with_their_times(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", every_40_ms(10))
    source = VideoSource(path)
    assert source.expected_count == 10
    assert float(source.frame_rate) == pytest.approx(25, rel=0.1)
    pictures = list(source.pictures())
    assert [picture.index for picture in pictures] == list(range(10))
    assert [picture.time_s for picture in pictures] == pytest.approx([0.04 * index for index in range(10)])
    assert all(picture.rgb.shape == (48, 64, 3) and picture.rgb.flags.c_contiguous and picture.rgb.flags.writeable for picture in pictures)
    assert corners(pictures[0].rgb) == ["red", "blue", "white", "green"]
    source.close()


def test_times_count_from_the_first_picture_and_keep_a_varying_rate(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mkv", [500, 533, 900, 910, 2000])
    assert [picture.time_s for picture in read(path)] == pytest.approx([0, 0.033, 0.4, 0.41, 1.5])


def test_a_raw_stream_without_times_is_read_at_its_rate(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.m4v", every_40_ms(5), codec="mpeg4")
    times = [picture.time_s for picture in read(path)]
    assert times == sorted(set(times))


def test_a_turned_video_is_read_upright(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", every_40_ms(2))
    turn_clockwise(path)
    (picture, _) = read(path)
    assert picture.rgb.shape == (64, 48, 3)
    assert corners(picture.rgb) == ["green", "red", "blue", "white"]


def overwrite_packets(mp4: Path, start: float, end: float) -> None:
    """Fills that share of the coded pictures with zeros; the index stays whole."""
    data = bytearray(mp4.read_bytes())
    begin = data.index(b"mdat") + 4
    length = data.index(b"moov") - 4 - begin
    first, last = begin + int(start * length), begin + int(end * length)
    data[first:last] = bytes(last - first)
    mp4.write_bytes(data)


def test_damaged_packets_are_skipped_and_told(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", every_40_ms(30), codec="mpeg4")
    overwrite_packets(path, 0.5, 0.9)
    source = VideoSource(path)
    pictures = list(source.pictures())
    assert 0 < len(pictures) < 30
    assert len(source.damaged) > 0
    assert source.damaged[0].startswith("clip.mp4: ")
    source.close()


@pytest.mark.parametrize("cover", [False, True])
def test_sound_alone_is_refused(tmp_path: Path, cover: bool) -> None:
    path = write_sound(tmp_path / ("song.flac" if cover else "song.m4a"), cover=cover)
    with pytest.raises(HandstreamError, match=r"holds no moving picture, only: audio"):
        VideoSource(path)


@pytest.mark.parametrize("content", [b"", b"not a video at all", bytes(5000)])
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(HandstreamError, match=r"clip.mp4 cannot be read"):
        VideoSource(path)


def test_a_title_that_is_not_utf8_is_read_or_told(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mkv", every_40_ms(2), title="Caf? Paris")
    path.write_bytes(path.read_bytes().replace(b"Caf? Paris", b"Caf\xe9 Paris"))
    if int(av.__version__.split(".")[0]) >= 19:
        assert len(read(path)) == 2
    else:
        with pytest.raises(HandstreamError, match="not UTF-8"):
            VideoSource(path)


def test_a_text_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello\n" * 100)
    with pytest.raises(HandstreamError, match="text file"):
        VideoSource(path)


def test_a_video_without_pictures_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", every_40_ms(5))
    overwrite_packets(path, 0, 1)
    with pytest.raises(HandstreamError, match="no picture that can be decoded"):
        read(path)


def write(path: Path, pictures: list[Picture], rate: int = 25) -> None:
    with video_sink(path, Fraction(rate)) as sink:
        for picture in pictures:
            sink(picture, [])


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_writes_pictures_at_their_times_in_their_colours(tmp_path: Path, suffix: str) -> None:
    times_s = [0.0, 0.04, 0.08, 0.5, 0.51]
    path = tmp_path / f"out{suffix}"
    write(path, [Picture(index, time_s, quadrants()) for index, time_s in enumerate(times_s)])
    written = read(path)
    assert [picture.time_s for picture in written] == pytest.approx(times_s, abs=0.001)
    assert np.abs(written[0].rgb[8:16, 8:24].astype(int) - (255, 0, 0)).max() <= 12


def test_an_odd_size_gets_one_more_row_and_column(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    write(path, [Picture(index, index / 25, quadrants(63, 47)) for index in range(3)])
    (_, rgb) = read_video(path)[0]
    assert rgb.shape == (48, 64, 3)
    assert corners(rgb) == ["red", "blue", "white", "green"]


def test_times_that_do_not_grow_are_moved_on(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    write(path, [Picture(index, 0.0, quadrants()) for index in range(4)])
    assert len(read_video(path)) == 4


def test_draws_the_hands(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with video_sink(path, Fraction(25)) as sink:
        sink(Picture(0, 0.0, np.zeros((48, 64, 3), np.uint8)), [HAND])
    assert read_video(path)[0][1].max() > 60


def test_an_unknown_extension_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(HandstreamError, match=r"out.avi: use one of .mp4, .mov, .mkv"), video_sink(tmp_path / "out.avi", Fraction(25)):
        pytest.fail("the block ran")


def test_a_failure_leaves_no_file(tmp_path: Path) -> None:
    def fail() -> None:
        with video_sink(tmp_path / "out.mp4", Fraction(25)) as sink:
            sink(Picture(0, 0.0, quadrants()), [])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_change_of_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HandstreamError, match="changes its size"):
        write(tmp_path / "out.mp4", [Picture(0, 0.0, quadrants()), Picture(1, 0.04, quadrants(128, 96))])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    import resource  # noqa: PLC0415 - only where there is one

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, limits[1]))
    try:
        with pytest.raises(HandstreamError, match=r"Cannot write .*out\.mp4: .*Make room"):
            write(tmp_path / "out.mp4", [Picture(0, 0.0, quadrants())])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []
