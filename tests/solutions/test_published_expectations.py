"""What MediaPipe's own test of its Hands solution expects (`mediapipe/python/solutions/hands_test.py`) holds through the drop-in."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from handstream.solutions import hands as mp_hands

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from handstream.solutions.messages import LandmarkList, NormalizedLandmarkList

TOLERANCE_PX = {0: 25, 1: 20}
"""MediaPipe's `LITE_MODEL_DIFF_THRESHOLD` and `FULL_MODEL_DIFF_THRESHOLD`; its picture is this one."""


def points(hand: NormalizedLandmarkList | LandmarkList) -> NDArray[np.float64]:
    return np.array([(landmark.x, landmark.y, landmark.z) for landmark in hand.landmark])


def expected_points(prototxt: Path) -> NDArray[np.float64]:
    """The x and y of a text protobuf of normalised landmarks: `(21, 2)`."""
    numbers = re.findall(r"[xy]: (\S+)", prototxt.read_text())
    return np.array(numbers, np.float64).reshape(21, 2)


def rgb_frames(clip: Path) -> Iterator[NDArray[np.uint8]]:
    capture = cv2.VideoCapture(str(clip))
    while (read := capture.read())[0]:
        yield cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
    capture.release()


def test_invalid_image_shape() -> None:
    with mp_hands.Hands() as hands, pytest.raises(ValueError, match=r"^Input image must contain three channel rgb data\.$"):
        hands.process(np.arange(36, dtype=np.uint8).reshape(3, 3, 4))


def test_blank_image() -> None:
    with mp_hands.Hands() as hands:
        results = hands.process(np.full((100, 100, 3), 255, np.uint8))
    assert results.multi_hand_landmarks is None
    assert results.multi_hand_world_landmarks is None
    assert results.multi_handedness is None


@pytest.mark.parametrize(("static_image_mode", "frame_count"), [(True, 5), (False, 10)], ids=["static", "video"])
@pytest.mark.parametrize("model_complexity", [0, 1], ids=["lite", "full"])
def test_multi_hands(data_dir: Path, static_image_mode: bool, frame_count: int, model_complexity: int) -> None:
    image = cv2.imread(str(data_dir / "stills" / "hands.jpg"))
    assert image is not None
    expected = [expected_points(data_dir / "golden" / f"expected_left_{side}_hand_landmarks.prototxt") for side in ("down", "up")]
    with mp_hands.Hands(static_image_mode, 2, model_complexity, min_detection_confidence=0.5) as hands:
        for _ in range(frame_count):
            results = hands.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
            assert results.multi_handedness is not None
            assert results.multi_hand_landmarks is not None
            assert [len(handedness.classification) for handedness in results.multi_handedness] == [1, 1]
            errors = np.array([points(hand)[:, :2] for hand in results.multi_hand_landmarks]) - expected
            assert np.abs(errors * (image.shape[1], image.shape[0])).max() < TOLERANCE_PX[model_complexity]


@pytest.mark.slow
def test_on_video(data_dir: Path) -> None:
    expected = np.array(json.loads((data_dir / "golden" / "asl_hand.full.json").read_text()))
    expected_world = np.array(json.loads((data_dir / "golden" / "asl_hand_3d.full.json").read_text()))
    found, found_world = [], []
    with mp_hands.Hands(static_image_mode=False, max_num_hands=1, model_complexity=1, min_detection_confidence=0.5) as hands:
        for frame in rgb_frames(data_dir / "clips" / "asl_hand.25fps.mp4"):
            results = hands.process(image=frame)
            assert results.multi_hand_landmarks is not None
            assert results.multi_hand_world_landmarks is not None
            found.append(points(results.multi_hand_landmarks[0])[:, :2] * (frame.shape[1], frame.shape[0]))
            found_world.append(points(results.multi_hand_world_landmarks[0]))
    np.testing.assert_allclose(found, expected[..., :2], rtol=0.1)
    np.testing.assert_array_almost_equal(found_world, expected_world, decimal=1)
