from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from handstream.vision.codec import decode
from tests.files.clips import every_40_ms, read_video, write_sound, write_video
from tests.vision.pictures import encoded, quadrants

if TYPE_CHECKING:
    from collections.abc import Callable

needs_mediapipe = pytest.mark.skipif(find_spec("mediapipe") is None, reason="mediapipe 0.10.21 is not installed (it has no wheel for 3.13)")

CLIPS = ["asl_hand.25fps.mp4", "book.mkv", "bottle-detection.mp4", "help.mkv", "human_hand_video.mp4", "please.mkv", "sister.mkv"]


def command(*arguments: object) -> list[str]:
    return [str(Path(sys.executable).with_name("handstream")), "track", *map(str, arguments)]


def track(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=280, check=False)


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("engine", ["openvino", pytest.param("mediapipe", marks=needs_mediapipe)])
def test_a_video_gives_an_annotated_video_and_a_line_a_frame(tmp_path: Path, engine: str) -> None:
    clip = write_video(tmp_path / "in.mp4", every_40_ms(12))
    done = track(clip, "--engine", engine, "--output", tmp_path / "out.mp4", "--landmarks", tmp_path / "out.jsonl")
    assert done.returncode == 0, done.stderr
    assert "12 frames, 0 hands, " in done.stderr
    assert "frames/s" in done.stderr
    lines = lines_of(tmp_path / "out.jsonl")
    assert lines == [{"frame": index, "time_s": pytest.approx(0.04 * index), "hands": []} for index in range(12)]
    assert [time_s for time_s, _ in read_video(tmp_path / "out.mp4")] == pytest.approx([0.04 * index for index in range(12)], abs=0.001)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.jsonl", "out.mp4"]


@needs_mediapipe
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_whole_files(tmp_path: Path, stop: signal.Signals) -> None:
    clip = write_video(tmp_path / "in.mp4", every_40_ms(1500))
    arguments = command(clip, "--engine", "mediapipe", "--output", tmp_path / "out.mp4", "--landmarks", tmp_path / "out.jsonl")
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        partial = tmp_path / ".out.partial.jsonl"
        wait_until(lambda: process.poll() is not None or (partial.exists() and partial.stat().st_size > 0))
        process.send_signal(stop)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "stopped after" in errors
    frames = len(lines_of(tmp_path / "out.jsonl"))
    assert 0 < frames < 1500
    assert len(read_video(tmp_path / "out.mp4")) == frames
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.jsonl", "out.mp4"]


def wait_until(is_so: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@needs_mediapipe
def test_an_image_gives_an_annotated_image(tmp_path: Path, data_dir: Path) -> None:
    hands = data_dir / "stills" / "hands.jpg"
    done = track(hands, "--engine", "mediapipe", "-o", tmp_path / "out.png", "-l", tmp_path / "out.jsonl", "--world-landmarks")
    assert done.returncode == 0, done.stderr
    (line,) = lines_of(tmp_path / "out.jsonl")
    assert (line["frame"], line["time_s"], line["file"]) == (0, 0.0, "hands.jpg")
    # MediaPipe says "Left" for a right hand that is not mirrored; these two are left hands.
    assert [hand["handedness"] for hand in line["hands"]] == ["Right", "Right"]
    assert all(len(hand["landmarks"]) == len(hand["world_landmarks"]) == 21 for hand in line["hands"])
    before = decode(hands.read_bytes(), max_pixels=1 << 20)
    after = decode((tmp_path / "out.png").read_bytes(), max_pixels=1 << 20)
    for x, y, _ in line["hands"][0]["landmarks"]:
        column, row = int(x * before.shape[1]), int(y * before.shape[0])
        assert (before[row, column] != after[row, column]).any()


@needs_mediapipe
def test_a_folder_gives_a_folder(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for name in ("10.png", "9.jpg"):
        (images / name).write_bytes(encoded(quadrants(), "png" if name.endswith("png") else "jpeg"))
    (images / "11.png").write_bytes(b"broken")
    done = track(images, "--engine", "mediapipe", "-o", tmp_path / "out", "-l", tmp_path / "out.jsonl")
    assert done.returncode == 0, done.stderr
    assert [(line["frame"], line["file"]) for line in lines_of(tmp_path / "out.jsonl")] == [(0, "9.jpg"), (1, "10.png")]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["10.png", "9.jpg"]
    assert "skipped 11.png: This is not a JPEG, PNG or WebP image: it begins with 62 72 6f 6b 65 6e." in done.stderr


def refused(folder: Path, *arguments: object) -> str:
    """What the command says when it refuses; nothing may be left behind."""
    before = sorted(folder.rglob("*"))
    done = track(*arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert sorted(folder.rglob("*")) == before
    return done.stderr


def test_a_missing_source_is_told(tmp_path: Path) -> None:
    assert "There is no file or folder" in refused(tmp_path, tmp_path / "nowhere.mp4")


def test_sound_alone_is_told(tmp_path: Path) -> None:
    sound = write_sound(tmp_path / "song.m4a")
    assert "no moving picture" in refused(tmp_path, sound, "-o", tmp_path / "out.mp4")


def test_what_is_no_video_is_told(tmp_path: Path) -> None:
    (tmp_path / "in.mp4").write_bytes(b"not a video")
    assert "cannot be read as a video" in refused(tmp_path, tmp_path / "in.mp4", "-o", tmp_path / "out.mp4")


def test_an_unknown_extension_is_told(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "in.mp4", every_40_ms(2))
    assert "use one of .mp4" in refused(tmp_path, clip, "-o", tmp_path / "out.xyz")


def test_the_source_is_not_overwritten(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "in.mp4", every_40_ms(2))
    assert "is the source itself" in refused(tmp_path, clip, "-o", clip)
    unnamed = clip.rename(tmp_path / "clip")
    assert "is the source itself" in refused(tmp_path, unnamed, "-l", unnamed)
    assert len(read_video(unnamed)) == 2


def test_ctrl_c_before_the_first_picture_leaves_older_files(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "in.mp4", every_40_ms(2))
    for name in ("out.mp4", "out.jsonl"):
        (tmp_path / name).write_text("old")
    # The signal comes when the tracking begins, as it would if the models took long to load.
    program = """
import os, signal, sys
from handstream.cli import track
from handstream.cli.app import app
begin = track.track_source
def interrupted(*arguments, **options):
    os.kill(os.getpid(), signal.SIGINT)
    return begin(*arguments, **options)
track.track_source = interrupted
app()
"""
    arguments = [sys.executable, "-c", program, *command(clip, "-o", tmp_path / "out.mp4", "-l", tmp_path / "out.jsonl")[1:]]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 130, done.stderr
    assert "nothing was written" in done.stderr
    assert {path.name: path.read_bytes() == b"old" for path in tmp_path.iterdir()} == {"in.mp4": False, "out.mp4": True, "out.jsonl": True}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "in.mp4", every_40_ms(2))
    assert "Make the folder" in refused(tmp_path, clip, "-o", tmp_path / "nowhere" / "out.mp4")
    assert "Cannot write" in refused(tmp_path, clip, "-l", "/proc/self/out.jsonl")


@needs_mediapipe
def test_an_image_that_cannot_be_decoded_is_told(tmp_path: Path) -> None:
    (tmp_path / "in.jpg").write_bytes(encoded(quadrants(), "jpeg")[:-200])
    message = refused(tmp_path, tmp_path / "in.jpg", "-o", tmp_path / "out.jpg", "-l", tmp_path / "out.jsonl", "--engine", "mediapipe")
    assert "in.jpg: The JPEG image breaks off" in message


@pytest.mark.slow
def test_a_recording_gives_the_same_in_every_run(data_dir: Path, tmp_path: Path) -> None:
    for run in ("first", "second"):
        done = track(data_dir / "clips" / "sister.mkv", "-l", tmp_path / run)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "first").read_text() == (tmp_path / "second").read_text()


@needs_mediapipe
@pytest.mark.slow
@pytest.mark.parametrize("name", CLIPS)
def test_tracks_each_clip_of_real_hands(name: str, data_dir: Path, tmp_path: Path) -> None:
    done = track(data_dir / "clips" / name, "--engine", "mediapipe", "-o", tmp_path / "out.mp4", "-l", tmp_path / "out.jsonl")
    assert done.returncode == 0, done.stderr
    lines = lines_of(tmp_path / "out.jsonl")
    assert f"{len(lines)} frames" in done.stderr
    assert any(line["hands"] for line in lines)
    assert len(read_video(tmp_path / "out.mp4")) == len(lines)


@needs_mediapipe
@pytest.mark.slow
def test_agrees_with_mediapipes_own_recording(data_dir: Path, tmp_path: Path) -> None:
    options = ["--engine", "mediapipe", "--max-hands", 1, "--model-complexity", 1]
    done = track(data_dir / "clips" / "asl_hand.25fps.mp4", *options, "-l", tmp_path / "out.jsonl")
    assert done.returncode == 0, done.stderr
    golden_px = np.array(json.loads((data_dir / "golden" / "asl_hand.full.json").read_text()))[:, :, :2]
    found = np.array([line["hands"][0]["landmarks"] for line in lines_of(tmp_path / "out.jsonl")])
    found_px = found[:, :, :2] * (620, 1080)
    error_px = np.linalg.norm(found_px - golden_px, axis=2).mean(axis=1)
    palm_px = np.linalg.norm(golden_px[:, 9] - golden_px[:, 0], axis=1)
    assert np.median(error_px / palm_px) < 0.01
