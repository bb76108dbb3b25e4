"""Where the weights come from, and what happens when they are not what they should be. No network: the wheel is one that the test makes."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import stat
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from handstream.errors import HandstreamError
from handstream.vision import models

if TYPE_CHECKING:
    from collections.abc import Callable

CONTENT = {model.file_name: model.file_name.encode() * 1000 for model in models.MODELS}
PINNED = [
    replace(model, sha256=hashlib.sha256(CONTENT[model.file_name]).hexdigest(), size_bytes=len(CONTENT[model.file_name]))
    for model in models.MODELS
]


def write_wheel(folder: Path) -> Path:
    path = folder / "mediapipe-0.10.21-cp311-cp311-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for model in PINNED:
            wheel.writestr(f"{model.wheel_folder}/{model.file_name}", CONTENT[model.file_name])
    return path


def pretend(monkeypatch: pytest.MonkeyPatch, cache: Path, download: Callable[[Path], Path]) -> None:
    """Makes this process one of a machine with that cache, without mediapipe, where other models are pinned and that is the download."""
    monkeypatch.setenv("HANDSTREAM_CACHE_DIR", str(cache))
    monkeypatch.setattr(models, "find_spec", lambda _: None)
    monkeypatch.setattr(models, "downloaded_wheel", download)
    monkeypatch.setattr(models, "MODELS", tuple(PINNED))
    for name, model in zip(("PALM_LITE", "LANDMARK_LITE", "PALM_FULL", "LANDMARK_FULL"), PINNED, strict=True):
        monkeypatch.setattr(models, name, model)


@pytest.fixture
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A machine with an empty cache, where the download is a wheel of the test's own. Lists the downloads."""
    made: list[Path] = []

    def download(folder: Path) -> Path:
        made.append(folder)
        return write_wheel(folder)

    pretend(monkeypatch, tmp_path / "cache", download)
    return made


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_first_time_downloads_once_and_later_times_do_not(downloads: list[Path]) -> None:
    for model_complexity, kind in ((0, "lite"), (1, "full"), (0, "lite")):
        files = models.find_models(model_complexity)
        assert files.palm.read_bytes() == CONTENT[f"palm_detection_{kind}.tflite"]
        assert files.landmark.read_bytes() == CONTENT[f"hand_landmark_{kind}.tflite"]
    assert len(downloads) == 1
    assert names(models.models_dir()) == {*CONTENT, ".lock"}


def test_what_a_killed_process_left_is_swept_and_never_taken_for_a_model(downloads: list[Path]) -> None:
    folder = models.models_dir()
    (folder / "unfinished-abc").mkdir(parents=True)
    (folder / "unfinished-abc" / "mediapipe.whl").write_bytes(b"half")
    (folder / "unfinished-xyz").write_bytes(b"half")
    models.fetch_models()
    assert names(folder) == {*CONTENT, ".lock"}


@pytest.mark.parametrize("content", [b"", b"cut short", CONTENT["hand_landmark_full.tflite"]])
def test_a_broken_file_in_the_cache(downloads: list[Path], content: bytes) -> None:
    broken = models.find_models(0).landmark
    broken.write_bytes(content)
    with pytest.raises(HandstreamError) as raised:
        models.find_models(0)
    for part in (
        str(broken),
        hashlib.sha256(content).hexdigest(),
        hashlib.sha256(CONTENT[broken.name]).hexdigest(),
        "handstream models fetch",
    ):
        assert part in str(raised.value)
    assert raised.value.code == "model_corrupt"
    models.fetch_models()
    assert models.find_models(0).landmark.read_bytes() == CONTENT[broken.name]


def test_a_wheel_with_other_models_is_refused(downloads: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONTENT, "hand_landmark_lite.tflite", b"changed on the way")
    with pytest.raises(HandstreamError, match="not the one expected") as raised:
        models.find_models(0)
    assert raised.value.code == "model_corrupt"
    assert not (models.models_dir() / "hand_landmark_lite.tflite").exists()


def test_an_installed_mediapipe_is_used_in_place(downloads: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for model in PINNED:
        path = tmp_path.joinpath("site-packages", *model.wheel_folder.split("/"), model.file_name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENT[model.file_name])
    origin = str(tmp_path / "site-packages" / "mediapipe" / "__init__.py")
    monkeypatch.setattr(models, "find_spec", lambda _: type("Spec", (), {"origin": origin}))
    assert models.find_models(0).palm.is_relative_to(tmp_path / "site-packages")
    assert downloads == []


def test_a_mediapipe_that_carries_other_models_is_passed_over(
    downloads: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = str(tmp_path / "mediapipe" / "__init__.py")
    monkeypatch.setattr(models, "find_spec", lambda _: type("Spec", (), {"origin": origin}))
    models.find_models(0)
    assert len(downloads) == 1


def test_a_folder_that_the_user_names(downloads: list[Path], tmp_path: Path) -> None:
    for name, content in CONTENT.items():
        (tmp_path / name).write_bytes(content)
    assert models.find_models(1, source=tmp_path).landmark == tmp_path / "hand_landmark_full.tflite"
    (tmp_path / "hand_landmark_full.tflite").write_bytes(b"x")
    with pytest.raises(HandstreamError, match="not the one expected"):
        models.find_models(1, source=tmp_path)
    (tmp_path / "hand_landmark_full.tflite").unlink()
    with pytest.raises(HandstreamError, match="has no hand_landmark_full"):
        models.find_models(1, source=tmp_path)
    assert downloads == []


def test_a_task_bundle(downloads: list[Path], tmp_path: Path) -> None:
    bundle = tmp_path / "hand_landmarker.task"
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("hand_detector.tflite", b"palm")
        archive.writestr("hand_landmarks_detector.tflite", b"landmark")
    for _ in range(2):
        files = models.find_models(0, source=bundle)
        assert (files.palm.read_bytes(), files.landmark.read_bytes()) == (b"palm", b"landmark")
    assert downloads == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short"])
def test_what_is_no_bundle(downloads: list[Path], tmp_path: Path, content: bytes) -> None:
    bundle = tmp_path / "hand_landmarker.task"
    bundle.write_bytes(content)
    with pytest.raises(HandstreamError, match=r"not a whole \.task bundle"):
        models.find_models(0, source=bundle)
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("pose_detector.tflite", b"another task")
    with pytest.raises(HandstreamError, match=r"hand_detector\.tflite"):
        models.find_models(0, source=bundle)
    with pytest.raises(HandstreamError, match="no folder and no"):
        models.find_models(0, source=tmp_path / "absent.task")


def test_a_cache_that_cannot_be_written(downloads: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("HANDSTREAM_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(HandstreamError, match="HANDSTREAM_CACHE_DIR") as raised:
        models.find_models(0)
    assert raised.value.code == "models_unavailable"


def test_a_bundle_with_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("HANDSTREAM_CACHE_DIR", str(tmp_path / "file"))
    bundle = tmp_path / "hand_landmarker.task"
    with zipfile.ZipFile(bundle, "w") as archive:
        for member in models.BUNDLE_MEMBERS:
            archive.writestr(member, b"network")
    with pytest.raises(HandstreamError, match="HANDSTREAM_CACHE_DIR"):
        models.find_models(0, source=bundle)


@pytest.mark.parametrize("content", [b"not a zip", None])
def test_a_download_that_is_another_wheel(downloads: list[Path], monkeypatch: pytest.MonkeyPatch, content: bytes | None) -> None:
    def download(folder: Path) -> Path:
        wheel = folder / "mediapipe-0.10.21-cp311-cp311-any.whl"
        if content is None:
            zipfile.ZipFile(wheel, "w").close()
        else:
            wheel.write_bytes(content)
        return wheel

    monkeypatch.setattr(models, "downloaded_wheel", download)
    with pytest.raises(HandstreamError, match="not the wheel of mediapipe") as caught:
        models.fetch_models()
    assert caught.value.code == "model_corrupt"
    assert names(models.models_dir()) == {".lock"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs the permissions of Unix")
def test_the_cache_can_be_read_by_others(downloads: list[Path]) -> None:
    before = os.umask(0o022)
    try:
        files = models.fetch_models()
    finally:
        os.umask(before)
    assert {stat.filemode(path.stat().st_mode) for path in files} == {"-rw-r--r--"}


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that not even root can read from its beginning")
def test_a_file_that_cannot_be_read(downloads: list[Path]) -> None:
    palm, *_ = models.fetch_models()
    palm.unlink()
    palm.symlink_to("/proc/self/mem")
    with pytest.raises(HandstreamError, match="Let this user read it"):
        models.find_models(0)


def _fetch_in_a_process(cache: Path, log: Path) -> None:
    def download(folder: Path) -> Path:
        with log.open("a") as lines:
            lines.write("download\n")
        return write_wheel(folder)

    pretend(pytest.MonkeyPatch(), cache, download)
    assert all(path.read_bytes() == CONTENT[path.name] for path in models.fetch_models())


def test_two_processes_that_start_at_once_download_once(tmp_path: Path) -> None:
    # Not forked: this process may have threads, of which a fork would keep nothing but the locks that they hold.
    start = multiprocessing.get_context("spawn").Process
    processes = [start(target=_fetch_in_a_process, args=(tmp_path / "cache", tmp_path / "log")) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert (tmp_path / "log").read_text() == "download\n"
