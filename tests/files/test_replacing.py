from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from handstream.errors import HandstreamError
from handstream.files.replacing import replacing


def test_the_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    target.write_text("old")
    with replacing(target) as partial:
        partial.write_text("new")
        assert target.read_text() == "old"
        assert partial.suffix == ".jsonl"
    assert target.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_a_failure_leaves_all_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    target.write_text("old")

    def fail() -> None:
        with replacing(target) as partial:
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with replacing(tmp_path / "link") as partial:
        partial.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "new"


def test_a_pipe_is_written_directly(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[str] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_text()))
    reader.start()
    with replacing(pipe) as partial:
        partial.write_text("straight")
    reader.join()
    assert received == ["straight"]
    assert pipe.is_fifo()


def test_a_missing_folder_is_told_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(HandstreamError, match="Make the folder"), replacing(tmp_path / "nowhere" / "out.mp4"):
        pytest.fail("the block ran")


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(HandstreamError, match="is a folder"), replacing(tmp_path):
        pytest.fail("the block ran")


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="needs /dev/fd")
def test_a_pipe_behind_a_link_is_written_directly() -> None:
    # As /dev/stdout is where a shell has put a pipe: the link leads to "pipe:[...]", which is no path.
    reading, writing = os.pipe()
    with replacing(Path(f"/dev/fd/{writing}")) as path:
        path.write_text("straight")
    os.close(writing)
    with os.fdopen(reading) as received:
        assert received.read() == "straight"


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    with pytest.raises(HandstreamError, match="shorter"), replacing(tmp_path / ("x" * 300)):
        pytest.fail("the block ran")


def test_a_folder_that_takes_the_name_meanwhile_is_told(tmp_path: Path) -> None:
    def write() -> None:
        with replacing(tmp_path / "out"):
            (tmp_path / "out").mkdir()

    with pytest.raises(HandstreamError, match="Cannot write"):
        write()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_told_before_the_work(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(HandstreamError, match=r"Permission denied.*may write"), replacing(tmp_path / "out.mp4"):
        pytest.fail("the block ran")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs Linux's /proc")
def test_a_read_only_file_system_is_told_before_the_work() -> None:
    # Not even root may make a file here.
    with pytest.raises(HandstreamError, match="may write"), replacing(Path("/proc/self") / "out.mp4"):
        pytest.fail("the block ran")
