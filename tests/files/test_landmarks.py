from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from handstream.errors import HandstreamError
from handstream.files import Picture
from handstream.files.landmarks import landmarks_sink
from tests.files.fakes import HAND
from tests.vision.pictures import quadrants


def written(path: Path, picture: Picture, *, with_world_landmarks: bool = False) -> dict[str, Any]:
    with landmarks_sink(path, with_world_landmarks=with_world_landmarks) as sink:
        sink(picture, [HAND])
        sink(picture, [])
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[1]["hands"] == []
    first: dict[str, Any] = lines[0]
    return first


def test_writes_one_object_a_frame(tmp_path: Path) -> None:
    line = written(tmp_path / "out.jsonl", Picture(3, 0.12, quadrants()))
    (hand,) = line.pop("hands")
    assert line == {"frame": 3, "time_s": 0.12}
    landmarks = hand.pop("landmarks")
    assert hand == {"hand_id": 7, "handedness": "Left", "score": 0.98}
    assert len(landmarks) == 21
    assert landmarks[0] == [0.6, 0.6, 0.0]
    assert landmarks == [pytest.approx(point, abs=1e-6) for point in HAND.landmarks.tolist()]


def test_an_image_is_named(tmp_path: Path) -> None:
    assert written(tmp_path / "out.jsonl", Picture(0, 0.0, quadrants(), "a.jpg"))["file"] == "a.jpg"


def test_world_landmarks_are_written_when_asked_for(tmp_path: Path) -> None:
    line = written(tmp_path / "out.jsonl", Picture(0, 0.0, quadrants()), with_world_landmarks=True)
    assert line["hands"][0]["world_landmarks"] == [[0.01, 0.01, 0.01]] * 21


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("count", [1, 100])
def test_a_full_disk_is_told(count: int) -> None:
    def write() -> None:
        with landmarks_sink(Path("/dev/full")) as sink:
            for index in range(count):
                sink(Picture(index, 0.0, quadrants()), [HAND])

    with pytest.raises(HandstreamError, match=r"Cannot write /dev/full: No space left.*Make room"):
        write()


@pytest.mark.parametrize("name", ["in.jpg", "out.MP4"])
def test_a_name_of_a_picture_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(HandstreamError, match="jsonl"), landmarks_sink(tmp_path / name):
        pytest.fail("the block ran")
    assert (tmp_path / name).read_text() == "precious"
