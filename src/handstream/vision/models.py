"""The weights: `find_models` says where they are on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from handstream.errors import HandstreamError


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The files of one model complexity."""

    palm: Path
    landmark: Path


def find_models(model_complexity: int, *, source: Path | None = None) -> ModelFiles:
    """The files of a model complexity, from an installed mediapipe."""
    kind = ("lite", "full")[model_complexity]
    spec = find_spec("mediapipe")
    if source is None and spec is not None and spec.origin:
        modules = Path(spec.origin).parent / "modules"
        return ModelFiles(
            modules / "palm_detection" / f"palm_detection_{kind}.tflite", modules / "hand_landmark" / f"hand_landmark_{kind}.tflite"
        )
    raise HandstreamError("The hand models were not found: install mediapipe 0.10.21", code="models_missing")
