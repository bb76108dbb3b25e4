"""Engines find hands. This module is their contract; each engine is a module beside it, and `open_engine` chooses one by name."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Literal, Protocol, Self, get_args

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from handstream.frames import Hand

__all__ = ["DEFAULT_ENGINE", "ENGINE_NAMES", "Engine", "EngineName", "Precision", "Tracker", "TrackerOptions", "is_number", "open_engine"]

EngineName = Literal["openvino", "mediapipe"]
"""The engines, by the names that the command line and the settings know them under."""

ENGINE_NAMES: tuple[EngineName, ...] = get_args(EngineName)
DEFAULT_ENGINE: EngineName = "openvino"

# OpenVINO's package openvino-telemetry tells its maker of each import, under an identity that it keeps in the user's home, and fails where
# there is no home. OpenVINO works as well without it, so it counts as not installed, unless the application has imported it before.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None ends an import with ModuleNotFoundError

Precision = Literal["f32", "auto"]
"""`f32` is the judge of parity and the default. `auto` computes in less where the processor has instructions for it and parity holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerOptions:
    """What a tracker is asked for, in MediaPipe's words and with the defaults of MediaPipe's legacy Hands solution unless noted.

    Attributes:
        max_hands: The most hands reported in one picture, 1 or more (MediaPipe's `max_num_hands`).
        model_complexity: 0 is the lite model, 1 the full one. The default is 0: the lite model is what live video wants.
        min_detection_confidence: The least score of a palm detection, 0..1. Default 0.7, the original system's choice.
        min_tracking_confidence: The least hand presence for a hand to be followed into the next picture, 0..1.
        static_image_mode: Each picture stands alone: the palm detector runs on each and no hand is followed.
    """

    max_hands: int = 2
    model_complexity: int = 0
    min_detection_confidence: float = 0.7
    min_tracking_confidence: float = 0.5
    static_image_mode: bool = False

    def __post_init__(self) -> None:
        if not is_number(self.max_hands, Integral) or self.max_hands < 1:
            raise ValueError(f"max_hands must be a whole number, 1 or more, not {self.max_hands!r}")
        if self.model_complexity not in (0, 1):
            raise ValueError(f"model_complexity must be 0 (lite) or 1 (full), not {self.model_complexity!r}")
        for name in ("min_detection_confidence", "min_tracking_confidence"):
            value = getattr(self, name)
            if not is_number(value, Real) or not 0.0 <= value <= 1.0:
                raise ValueError(f"{name} must be a number in 0..1, not {value!r}")


def is_number(value: object, kind: type) -> bool:
    """Options come from scripts that no type checker has seen: numpy's numbers pass, texts and truth values don't."""
    return isinstance(value, kind) and not isinstance(value, bool)


class Tracker(Protocol):
    """Finds and follows the hands of one stream of pictures. It belongs to one session and is used by one thread at a time."""

    def process(self, rgb: NDArray[np.uint8]) -> list[Hand]:
        """Finds the hands in the stream's next picture. Blocks for as long as the networks take; never call it on an event loop.

        Args:
            rgb: uint8 `(height, width, 3)`, RGB, C-contiguous.

        Returns:
            At most `max_hands` hands, in a stable order, none twice.

        Raises:
            ValueError: The array is not of that shape or dtype.
            RuntimeError: The tracker was closed.
        """

    def reset(self) -> None:
        """Forgets the hands, as before the first picture.

        Raises:
            RuntimeError: The tracker was closed.
        """

    def close(self) -> None:
        """Gives the tracker's resources back to its engine. A second call does nothing."""


class Engine(Protocol):
    """Holds what all trackers share (weights, compiled models, pools) and opens trackers. Safe to use from many threads."""

    @property
    def name(self) -> str:
        """The engine's name, as given on the command line."""

    def open_tracker(self, options: TrackerOptions) -> Tracker:
        """A tracker for one session. May block the first time that a model is needed.

        Raises:
            handstream.errors.HandstreamError: Its models cannot be had.
        """

    def close(self) -> None:
        """Releases everything. Trackers that are still open become unusable."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def open_engine(
    name: str = DEFAULT_ENGINE,
    *,
    threads: int | None = None,
    at_once: int | None = None,
    models: Path | None = None,
    precision: Precision = "f32",
) -> Engine:
    """The engine of that name. May block for a second or two: an engine loads its library here.

    Args:
        name: One of `ENGINE_NAMES`.
        threads: The most threads for one picture in the openvino engine; None lets it decide by the load. MediaPipe decides by itself.
        at_once: The most pictures that the openvino engine processes at the same time; None is one for each core.
        models: Where the openvino engine takes its models from: a folder or a `.task` bundle; None for the cache. MediaPipe brings its own.
        precision: What the openvino engine's networks compute in, see `handstream.vision.engines.precision`. MediaPipe computes in f32.

    Raises:
        HandstreamError: There is no such engine, it is not installed, or its models cannot be had; the text says what to do.
    """
    # Each engine is imported where it is opened: either library takes most of a second, and mediapipe is an optional extra.
    if name == "openvino":
        from handstream.vision.engines.openvino import OpenVINOEngine  # noqa: PLC0415 - see above

        return OpenVINOEngine(threads=threads, at_once=at_once, models=models, precision=precision)
    if name == "mediapipe":
        from handstream.vision.engines.mediapipe import MediaPipeEngine  # noqa: PLC0415 - see above

        return MediaPipeEngine()
    raise HandstreamError(f"There is no engine named {name!r}. Choose one of: {', '.join(ENGINE_NAMES)}.", code="unknown_engine")
