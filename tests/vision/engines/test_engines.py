from __future__ import annotations

from typing import Any

import pytest

from handstream.errors import HandstreamError
from handstream.vision.engines import DEFAULT_ENGINE, ENGINE_NAMES, TrackerOptions, open_engine


def test_the_default_is_one_of_the_names() -> None:
    assert DEFAULT_ENGINE in ENGINE_NAMES


def test_an_unknown_engine_is_refused_with_the_names() -> None:
    with pytest.raises(HandstreamError, match=r"'tensorflow'.*openvino, mediapipe"):
        open_engine("tensorflow")


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_hands": 0},
        {"model_complexity": 2},
        {"min_detection_confidence": -0.1},
        {"min_tracking_confidence": 1.1},
        {"min_tracking_confidence": float("nan")},
    ],
)
def test_options_out_of_range_are_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        TrackerOptions(**wrong)
