"""Draws landmarks as `mediapipe.solutions.drawing_utils` does: `draw_landmarks` into a picture, `plot_landmarks` in space.

Every pixel is the same as MediaPipe's. Colours are blue, green, red, and pictures BGR, because that is what OpenCV shows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import cv2

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from types import ModuleType

    from numpy.typing import NDArray

    from handstream.solutions.messages import LandmarkList, NormalizedLandmark, NormalizedLandmarkList, Point


__all__ = [
    "BLACK_COLOR",
    "BLUE_COLOR",
    "GREEN_COLOR",
    "RED_COLOR",
    "WHITE_COLOR",
    "DrawingSpec",
    "draw_landmarks",
    "plot_landmarks",
]

KeyT = TypeVar("KeyT")

# MediaPipe's colours, as blue, green, red.
WHITE_COLOR = (224, 224, 224)
BLACK_COLOR = (0, 0, 0)
RED_COLOR = (0, 0, 255)
GREEN_COLOR = (0, 128, 0)
BLUE_COLOR = (255, 0, 0)

_LEAST_VISIBILITY = 0.5
_LEAST_PRESENCE = 0.5


@dataclass
class DrawingSpec:
    """How a landmark or a connection is drawn.

    Attributes:
        color: Blue, green, red, each 0..255.
        thickness: Of a line or of a circle's edge, in pixels; negative fills the circle.
        circle_radius: Of a landmark's circle, in pixels.
    """

    color: tuple[int, int, int] = WHITE_COLOR
    thickness: int = 2
    circle_radius: int = 2


def draw_landmarks(  # noqa: PLR0917 - MediaPipe's signature
    image: NDArray[Any],
    landmark_list: NormalizedLandmarkList | None,
    connections: Collection[tuple[int, int]] | None = None,
    landmark_drawing_spec: DrawingSpec | Mapping[int, DrawingSpec] | None = DrawingSpec(color=RED_COLOR),  # noqa: B008 - never changed
    connection_drawing_spec: DrawingSpec | Mapping[tuple[int, int], DrawingSpec] = DrawingSpec(),  # noqa: B008 - never changed
    is_drawing_landmarks: bool = True,  # noqa: FBT001, FBT002 - MediaPipe's signature
) -> None:
    """Draws the connections and, above them, the landmarks, into the picture itself.

    Landmarks outside the picture, or with a visibility or presence that is set and below 0.5, are left out with their connections.

    Args:
        image: uint8 `(height, width, 3)`, BGR, written to.
        landmark_list: The landmarks, normalised; nothing is drawn for None.
        connections: Pairs of landmark indices to join with a line, such as `HAND_CONNECTIONS`.
        landmark_drawing_spec: One for all landmarks, or one for each index; None draws no landmarks.
        connection_drawing_spec: One for all connections, or one for each pair.
        is_drawing_landmarks: False draws the connections alone.

    Raises:
        ValueError: The picture has not three channels, or a connection names a landmark that is not there.
    """
    if not landmark_list:
        return
    if image.shape[2] != 3:  # noqa: PLR2004 - blue, green, red
        raise ValueError("Input image must contain three channel bgr data.")
    points = _points_px(landmark_list.landmark, image.shape[1], image.shape[0])
    for connection in _checked(connections or (), len(landmark_list.landmark)):
        start, end = points.get(connection[0]), points.get(connection[1])
        if start and end:
            spec = _spec(connection_drawing_spec, connection)
            cv2.line(image, start, end, spec.color, spec.thickness)
    if is_drawing_landmarks and landmark_drawing_spec:
        for index, point in points.items():
            _draw_landmark(image, point, _spec(landmark_drawing_spec, index))


def plot_landmarks(  # noqa: PLR0917 - MediaPipe's signature
    landmark_list: NormalizedLandmarkList | LandmarkList | None,
    connections: Collection[tuple[int, int]] | None = None,
    landmark_drawing_spec: DrawingSpec = DrawingSpec(color=RED_COLOR, thickness=5),  # noqa: B008 - never changed
    connection_drawing_spec: DrawingSpec = DrawingSpec(color=BLACK_COLOR, thickness=5),  # noqa: B008 - never changed
    elevation: int = 10,
    azimuth: int = 10,
) -> None:
    """Shows the landmarks in a window of matplotlib, in three dimensions. Blocks until the window is closed.

    Args:
        landmark_list: The landmarks, of the picture or of the world; nothing is shown for None.
        connections: Pairs of landmark indices to join with a line.
        landmark_drawing_spec: The landmarks' colour and width of line, in points.
        connection_drawing_spec: The same for the connections.
        elevation: The eye's height above the horizon, in degrees.
        azimuth: The eye's angle around the vertical, in degrees.

    Raises:
        ValueError: A connection names a landmark that is not there.
        ImportError: matplotlib is not installed.
    """
    if not landmark_list:
        return
    axes = _axes_3d(elevation, azimuth)
    # The camera's axes (right, down, away) are turned into the plot's (towards the eye, right, up).
    points = {index: (-mark.z, mark.x, -mark.y) for index, mark in enumerate(landmark_list.landmark) if _is_visible(mark)}
    for point in points.values():
        axes.scatter3D(*([value] for value in point), color=_rgb(landmark_drawing_spec), linewidth=landmark_drawing_spec.thickness)
    for start, end in _checked(connections or (), len(landmark_list.landmark)):
        if start in points and end in points:
            ends = zip(points[start], points[end], strict=True)
            axes.plot3D(*ends, color=_rgb(connection_drawing_spec), linewidth=connection_drawing_spec.thickness)
    _pyplot().show()


def _points_px(landmarks: Sequence[NormalizedLandmark], width_px: int, height_px: int) -> dict[int, tuple[int, int]]:
    """The pixels of the landmarks that are to be seen, by index."""
    points = {}
    for index, landmark in enumerate(landmarks):
        if _is_visible(landmark) and (point := _normalized_to_pixel_coordinates(landmark.x, landmark.y, width_px, height_px)):
            points[index] = point
    return points


def _is_visible(landmark: Point) -> bool:
    is_hidden = landmark.HasField("visibility") and landmark.visibility < _LEAST_VISIBILITY
    is_absent = landmark.HasField("presence") and landmark.presence < _LEAST_PRESENCE
    return not (is_hidden or is_absent)


def _normalized_to_pixel_coordinates(
    normalized_x: float, normalized_y: float, image_width: int, image_height: int
) -> tuple[int, int] | None:
    """The pixel of a normalised point, or None outside the picture. The name is MediaPipe's: scripts use it although it is private."""
    if not (_is_normalized(normalized_x) and _is_normalized(normalized_y)):
        return None
    return min(math.floor(normalized_x * image_width), image_width - 1), min(math.floor(normalized_y * image_height), image_height - 1)


def _is_normalized(value: float) -> bool:
    return 0 <= value <= 1 or math.isclose(0, value) or math.isclose(1, value)


def _checked(connections: Collection[tuple[int, int]], landmark_count: int) -> Iterator[tuple[int, int]]:
    for connection in connections:
        start, end = connection
        if not (0 <= start < landmark_count and 0 <= end < landmark_count):
            raise ValueError(f"Landmark index is out of range. Invalid connection from landmark #{start} to landmark #{end}.")
        yield connection


def _spec(specs: DrawingSpec | Mapping[KeyT, DrawingSpec], key: KeyT) -> DrawingSpec:
    return specs[key] if isinstance(specs, Mapping) else specs


def _draw_landmark(image: NDArray[Any], point: tuple[int, int], spec: DrawingSpec) -> None:
    """A disc of the landmark's colour with a white rim, at least one pixel wide."""
    rim_radius = max(spec.circle_radius + 1, int(spec.circle_radius * 1.2))
    cv2.circle(image, point, rim_radius, WHITE_COLOR, spec.thickness)
    cv2.circle(image, point, spec.circle_radius, spec.color, spec.thickness)


def _rgb(spec: DrawingSpec) -> tuple[float, ...]:
    return tuple(channel / 255 for channel in reversed(spec.color))


def _axes_3d(elevation: int, azimuth: int) -> Any:
    """Empty axes in a new square figure. Typed loosely: matplotlib names the methods of its projections only at run time."""
    axes: Any = _pyplot().figure(figsize=(10, 10)).add_subplot(projection="3d")
    axes.view_init(elev=elevation, azim=azimuth)
    return axes


def _pyplot() -> ModuleType:
    try:
        from matplotlib import pyplot as plt  # noqa: PLC0415 - only those who plot need it
    except ImportError as error:
        raise ImportError("plot_landmarks needs matplotlib, which handstream does not install: pip install matplotlib") from error
    return plt
