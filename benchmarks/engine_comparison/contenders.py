"""The engines that are compared, behind one small interface: `contenders`."""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from handstream.frames import Hand
from handstream.vision.engines import open_engine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from handstream.vision.engines import TrackerOptions

__all__ = ["OURS", "REFERENCE", "TASKS", "Contender", "Session", "contender", "contenders", "ours", "solutions", "tasks"]

OURS = "handstream"
REFERENCE = "mp.solutions"
TASKS = "MediaPipe Tasks"


class Session(Protocol):
    """One stream of pictures through an engine."""

    def process(self, rgb: NDArray[np.uint8]) -> Any:
        """The engine's own result. This alone is timed."""

    def hands(self, result: Any) -> list[Hand]:
        """The hands in a result, the same form for all engines."""

    def close(self) -> None:
        """Ends the stream."""


@dataclass(frozen=True, slots=True)
class Contender:
    """An engine under its name.

    Attributes:
        name: As it stands in the tables.
        version: Of the engine's package.
        complexities: The model complexities that it can run.
        open: Opens a session.
    """

    name: str
    version: str
    complexities: tuple[int, ...]
    open: Callable[[TrackerOptions], Session]


def contenders(task_bundle: Path | None = None) -> list[Contender]:
    """Ours first, then those of MediaPipe's that this machine has; MediaPipe Tasks only where a `hand_landmarker.task` is given."""
    return [ours(), *filter(None, [solutions(), tasks(task_bundle) if task_bundle else None])]


def ours(threads: int | None = None) -> Contender:
    """Our engine with at most that many threads an inference; None lets it decide."""
    return Contender(OURS, version("handstream"), (0, 1), partial(_OurSession, open_engine("openvino", threads=threads)))


def solutions() -> Contender | None:
    """MediaPipe's legacy Hands solution, None where it is not installed."""
    module = _module("mediapipe.python.solutions.hands")
    return Contender(REFERENCE, version("mediapipe"), (0, 1), partial(_SolutionsSession, module)) if module else None


def tasks(task_bundle: Path) -> Contender | None:
    """MediaPipe Tasks with the bundle's models, which are the full ones; None where it cannot be imported."""
    module = _module("mediapipe.tasks.python.vision")
    return Contender(TASKS, version("mediapipe"), (1,), partial(_TasksSession, module, task_bundle)) if module else None


def contender(name: str) -> Contender:
    """Ours or the reference by name, without loading the other. Raises ValueError if it is not installed."""
    found = ours() if name == OURS else solutions()
    if found is None or found.name != name:
        raise ValueError(f"There is no contender {name!r} on this machine")
    return found


class _OurSession:
    def __init__(self, engine: Any, options: TrackerOptions) -> None:
        self._tracker = engine.open_tracker(options)
        self.process = self._tracker.process
        self.close = self._tracker.close

    def hands(self, result: list[Hand]) -> list[Hand]:
        return result


class _SolutionsSession:
    def __init__(self, solutions: Any, options: TrackerOptions) -> None:
        hands = solutions.Hands(
            static_image_mode=options.static_image_mode,
            max_num_hands=options.max_hands,
            model_complexity=options.model_complexity,
            min_detection_confidence=options.min_detection_confidence,
            min_tracking_confidence=options.min_tracking_confidence,
        )
        self.process = hands.process
        self.close = hands.close

    def hands(self, result: Any) -> list[Hand]:
        classes = [handedness.classification[0] for handedness in result.multi_handedness or ()]
        return [
            Hand(item.label, min(item.score, 1.0), _points(hand.landmark))
            for hand, item in zip(result.multi_hand_landmarks or (), classes, strict=True)
        ]


class _TasksSession:
    def __init__(self, vision: Any, task_bundle: Path, options: TrackerOptions) -> None:
        base = importlib.import_module("mediapipe.tasks.python.core.base_options")
        self._mediapipe = importlib.import_module("mediapipe")
        self._is_static = options.static_image_mode
        self._landmarker = vision.HandLandmarker.create_from_options(
            vision.HandLandmarkerOptions(
                base_options=base.BaseOptions(model_asset_path=str(task_bundle)),
                running_mode=vision.RunningMode.IMAGE if self._is_static else vision.RunningMode.VIDEO,
                num_hands=options.max_hands,
                min_hand_detection_confidence=options.min_detection_confidence,
                min_hand_presence_confidence=options.min_tracking_confidence,
                min_tracking_confidence=options.min_tracking_confidence,
            )
        )
        self.close = self._landmarker.close

    def process(self, rgb: NDArray[np.uint8]) -> Any:
        image = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=rgb)
        return (
            self._landmarker.detect(image)
            if self._is_static
            else self._landmarker.detect_for_video(image, time.monotonic_ns() // 1_000_000)
        )

    def hands(self, result: Any) -> list[Hand]:
        found = zip(result.hand_landmarks, result.handedness, strict=True)
        return [Hand(classes[0].category_name, min(classes[0].score, 1.0), _points(landmarks)) for landmarks, classes in found]


def _points(landmarks: Any) -> NDArray[np.float32]:
    return np.array([(landmark.x, landmark.y, landmark.z) for landmark in landmarks], np.float32)


def _module(name: str) -> Any:
    """The module, or None where it cannot be imported."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
