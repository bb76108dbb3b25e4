"""The colours of `mediapipe.solutions.drawing_styles` for hands: a spec for each landmark and for each connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handstream.frames import HAND_CONNECTIONS, HandLandmark
from handstream.solutions.drawing_utils import DrawingSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["get_default_hand_connections_style", "get_default_hand_landmarks_style"]

# Blue, green, red, as MediaPipe's default style has them. The fingers go from the thumb to the pinky.
_PALM_LANDMARK_COLOR = (48, 48, 255)
_PALM_CONNECTION_COLOR = (128, 128, 128)
_FINGER_COLORS = ((180, 229, 255), (128, 64, 128), (0, 204, 255), (48, 255, 48), (192, 101, 21))

_LANDMARK_RADIUS_PX = 5
_FILLED = -1
_PALM_CONNECTION_THICKNESS_PX = 3
_FINGER_CONNECTION_THICKNESS_PX = 2


def get_default_hand_landmarks_style() -> Mapping[int, DrawingSpec]:
    """A new mapping from each `HandLandmark` to its drawing spec: the palm's landmarks red, each finger's in the finger's colour."""
    return {
        landmark: DrawingSpec(
            color=_PALM_LANDMARK_COLOR if _is_on_palm(landmark) else _FINGER_COLORS[_finger(landmark)],
            thickness=_FILLED,
            circle_radius=_LANDMARK_RADIUS_PX,
        )
        for landmark in HandLandmark
    }


def get_default_hand_connections_style() -> Mapping[tuple[int, int], DrawingSpec]:
    """A new mapping from each of `HAND_CONNECTIONS` to its drawing spec: the palm's grey and thicker, each finger's in its colour."""
    return {connection: _connection_spec(*connection) for connection in HAND_CONNECTIONS}


def _connection_spec(start: int, end: int) -> DrawingSpec:
    if start != HandLandmark.WRIST and _finger(start) == _finger(end):
        return DrawingSpec(color=_FINGER_COLORS[_finger(start)], thickness=_FINGER_CONNECTION_THICKNESS_PX)
    return DrawingSpec(color=_PALM_CONNECTION_COLOR, thickness=_PALM_CONNECTION_THICKNESS_PX)


def _finger(landmark: int) -> int:
    """The finger, 0 the thumb, that a landmark other than the wrist belongs to: each has four, from its root to its tip."""
    return (landmark - 1) // 4


def _is_on_palm(landmark: int) -> bool:
    """Whether it is the wrist or a finger's root."""
    return landmark == HandLandmark.WRIST or (landmark - 1) % 4 == 0
