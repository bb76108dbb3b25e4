"""`HandTracker`, as a script uses it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import handstream
from handstream.demo import frames, truth
from handstream.errors import HandstreamError
from handstream.tracking import HandTracker, Smoothing

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    return next(frames(truth().frames_of("still")[0]))


def test_importing_handstream_is_light_and_its_tracker_is_there() -> None:
    script = "import sys, handstream; assert not {'numpy', 'cv2', 'openvino'} & set(sys.modules); handstream.HandTracker"
    subprocess.run([sys.executable, "-c", script], check=True)
    assert handstream.HandTracker is HandTracker


def test_a_stream(picture: NDArray[np.uint8]) -> None:
    with HandTracker(max_hands=1) as tracker:
        (first,), (second,) = tracker.process(picture), tracker.process(picture)
        assert first.hand_id == second.hand_id
        tracker.reset()
        (third,) = tracker.process(picture)
        assert third.hand_id != first.hand_id
        for wrong in (0.5, "now", True):
            with pytest.raises(ValueError, match="time_ns must be a whole number of nanoseconds"):
                tracker.process(picture, time_ns=wrong)  # type: ignore[arg-type]  # the mistake that is tested
    for use in (lambda: tracker.process(picture), tracker.reset):
        with pytest.raises(RuntimeError, match="closed"):
            use()


@pytest.mark.parametrize("view", [np.s_[:, ::-1], np.s_[::2, ::2], np.s_[20:-20, 20:-20]])
def test_views_are_as_good_as_copies(picture: NDArray[np.uint8], view: tuple[slice, ...]) -> None:
    with HandTracker(max_hands=1, static_image_mode=True) as tracker:
        (of_view,), (of_copy,) = tracker.process(picture[view]), tracker.process(picture[view].copy())
    assert of_view.landmarks == pytest.approx(of_copy.landmarks, abs=1e-4)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"max_hands": 0}, "max_hands"),
        ({"max_hands": 2.5}, "max_hands"),
        ({"max_hands": "2"}, "max_hands"),
        ({"min_detection_confidence": "0.5"}, "min_detection_confidence"),
        ({"min_tracking_confidence": None}, "min_tracking_confidence"),
        ({"smoothing": 1}, "smoothing"),
        ({"model_complexity": 2}, "model_complexity"),
        ({"min_detection_confidence": 1.1}, "min_detection_confidence"),
        ({"min_detection_confidence": float("nan")}, "min_detection_confidence"),
        ({"min_tracking_confidence": -0.1}, "min_tracking_confidence"),
        ({"search": "sometimes"}, "search must be one of background, synchronous, not 'sometimes'"),
        ({"search_interval_ms": -1}, "search_interval_ms"),
        ({"search_interval_ms": float("nan")}, "search_interval_ms"),
        ({"search_interval_ms": "100"}, "search_interval_ms"),
        ({"precision": "int4"}, "int4"),
    ],
)
def test_arguments_out_of_range(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        HandTracker(**wrong)


def test_models_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(HandstreamError, match="has no palm_detection_lite"):
        HandTracker(models=tmp_path)


def test_smoothing_holds_a_noisy_still_hand_still(picture: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(0)
    noisy = [np.clip(picture + rng.normal(0, 12, picture.shape), 0, 255).astype(np.uint8) for _ in range(20)]

    def jitter(smoothing: Smoothing | None) -> float:
        with HandTracker(max_hands=1, smoothing=smoothing) as tracker:
            found = [tracker.process(rgb, time_ns=index * 33_333_333)[0].landmarks for index, rgb in enumerate(noisy)]
        return float(np.std(found[5:], axis=0).mean())

    assert jitter(Smoothing()) < 0.6 * jitter(None)
