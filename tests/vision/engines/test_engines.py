from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from handstream.errors import HandstreamError
from handstream.vision.engines import DEFAULT_ENGINE, ENGINE_NAMES, TrackerOptions, open_engine

if TYPE_CHECKING:
    from pathlib import Path


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


@pytest.mark.parametrize("module", ["handstream.vision.engines.openvino", "handstream.doctor.installation"])
@pytest.mark.parametrize("before", ["pass", "import pathlib; del pathlib.Path.home"])
def test_openvino_is_imported_without_its_telemetry_and_without_a_home(tmp_path: Path, module: str, before: str) -> None:
    """In a process of its own, since a library is imported once."""
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | {"HOME": str(tmp_path)}
    code = f"{before}; import sys, {module}; sys.exit(bool(sys.modules['openvino_telemetry']) or 'openvino' not in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == [], "it would keep an identity there"
