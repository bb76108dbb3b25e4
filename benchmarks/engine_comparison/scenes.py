"""What the engines are shown: `scenes` of the demo clip and of the folder of real hands, and `stills`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np

from handstream import demo
from handstream.demo.clip import read_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Scene", "golden_points", "scenes", "stills"]


@dataclass(frozen=True, slots=True)
class Scene:
    """A run of pictures.

    Attributes:
        name: As it stands in the tables.
        hands_in_view: How many hands are in nearly every picture; None where it changes.
        frames: The pictures, uint8 `(height, width, 3)` RGB, decoded anew at each call.
        truth_px: For each picture the joints of each hand, `(21, 2)` pixels; None where they are not known.
    """

    name: str
    hands_in_view: int | None
    frames: Callable[[], Iterator[NDArray[np.uint8]]]
    truth_px: tuple[tuple[NDArray[np.float64], ...], ...] | None = None


_DEMO_PARTS = (("demo, one hand", 1, 0, 291), ("demo, two hands", 2, 325, 425), ("demo, fast and leaving", None, 441, 570))
"""Name, hands in view, first frame and the one after the last: the chapters of `handstream.vision.synthetic.scenes.DEMO`, the second
without the hand's coming and going."""

_CLIPS = (
    ("human_hand_video.mp4", 1),
    ("asl_hand.25fps.mp4", 1),
    ("please.mkv", 1),
    ("book.mkv", 2),
    ("sister.mkv", 2),
    ("help.mkv", 2),
    ("bottle-detection.mp4", None),
)


def scenes(data: Path | None, frame_limit: int) -> list[Scene]:
    """The demo's parts and, where there is the folder of real hands, its clips; each with at most that many frames."""
    found = [_demo_scene(name, hands, start, min(stop, start + frame_limit)) for name, hands, start, stop in _DEMO_PARTS]
    for file_name, hands in _CLIPS if data else ():
        path = data / "clips" / file_name if data else None
        if path and path.exists():
            found.append(Scene(file_name.split(".")[0], hands, partial(read_frames, path, 0, frame_limit)))
    return found


def stills(data: Path | None) -> list[NDArray[np.uint8]]:
    """The photographs of the folder of real hands, uint8 `(height, width, 3)` RGB."""
    pictures = []
    for path in sorted((data / "stills").glob("*.jpg")) if data else ():
        bgr = cv2.imread(str(path))
        assert bgr is not None, f"{path} is not a picture"
        pictures.append(np.ascontiguousarray(bgr[:, :, ::-1], np.uint8))
    return pictures


def golden_points(data: Path | None) -> NDArray[np.float64] | None:
    """MediaPipe's own published landmarks of the clip `asl_hand`, full model, one hand: `(frames, 21, 2)` pixels."""
    path = data / "golden" / "asl_hand.full.json" if data else None
    return np.array(json.loads(path.read_text()))[:, :, :2] if path and path.exists() else None


def _demo_scene(name: str, hands_in_view: int | None, start: int, stop: int) -> Scene:
    truth = tuple(tuple(hand.joints_px for hand in frame) for frame in demo.truth().frames[start:stop])
    return Scene(name, hands_in_view, partial(demo.frames, start, stop), truth)
