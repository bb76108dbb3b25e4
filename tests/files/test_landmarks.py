from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from handstream.files import Picture
from handstream.files.landmarks import landmarks_sink
from tests.files.fakes import HAND
from tests.vision.pictures import quadrants

if TYPE_CHECKING:
    from pathlib import Path


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
