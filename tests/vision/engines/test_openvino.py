"""The project's own engine against MediaPipe's published output."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from handstream.frames import HandLandmark
from handstream.vision.engines import TrackerOptions
from handstream.vision.engines.openvino import OpenVINOEngine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def engine() -> Iterator[OpenVINOEngine]:
    with OpenVINOEngine() as engine:
        yield engine


@pytest.mark.slow
def test_golden_clip(engine: OpenVINOEngine, data_dir: Path) -> None:
    """MediaPipe's own output on 325 frames of one hand, full model: nothing lost, the same landmarks."""
    golden_px = np.array(json.loads((data_dir / "golden/asl_hand.full.json").read_text()), np.float64)
    golden_world = np.array(json.loads((data_dir / "golden/asl_hand_3d.full.json").read_text()), np.float64)
    tracker = engine.open_tracker(TrackerOptions(max_hands=1, model_complexity=1, min_detection_confidence=0.5))
    errors, world_errors, identities = [], [], set()
    with av.open(str(data_dir / "clips/asl_hand.25fps.mp4")) as clip:
        for expected, expected_world, frame in zip(golden_px, golden_world, clip.decode(video=0), strict=True):
            (hand,) = tracker.process(frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False))
            found = hand.landmarks_px(frame.width, frame.height)[:, :2]
            palm = np.hypot(*(expected[HandLandmark.WRIST, :2] - expected[HandLandmark.MIDDLE_FINGER_MCP, :2]))
            errors.append(np.hypot(*(found - expected[:, :2]).T).mean() / palm)
            assert hand.world_landmarks is not None
            world_errors.append(np.abs(hand.world_landmarks - expected_world).mean())
            identities.add((hand.hand_id, hand.handedness))
    assert np.median(errors) <= 0.002
    assert np.percentile(errors, 95) <= 0.006
    assert np.median(world_errors) <= 0.0005
    assert len(identities) == 1
