"""The values that travel through handstream: a frame, the hands found in it, and what it cost.

Every room speaks in these types. They are frozen, checked once when they are made, and own no resource.

Coordinates are MediaPipe's: `x` and `y` are normalised to the picture's width and height (0, 0 is the top left corner, and a
joint outside the picture lies outside 0..1), `z` is the depth relative to the wrist on the scale of `x`, smaller is nearer to the
camera. World landmarks are in metres around the hand's geometric centre.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "HAND_CONNECTIONS",
    "LANDMARK_COUNT",
    "Frame",
    "FrameResult",
    "Hand",
    "HandLandmark",
    "Handedness",
    "Output",
    "Stage",
    "landmark_array",
]

LANDMARK_COUNT = 21
"""Landmarks of one hand, as in MediaPipe's hand model card."""

Handedness = Literal["Left", "Right"]
"""MediaPipe's label. It assumes a mirrored (selfie) picture: in a picture that is not mirrored, a person's right hand is "Left"."""


class HandLandmark(IntEnum):
    """The 21 landmarks in order, named as in MediaPipe's `HandLandmark`."""

    WRIST = 0
    THUMB_CMC = 1
    THUMB_MCP = 2
    THUMB_IP = 3
    THUMB_TIP = 4
    INDEX_FINGER_MCP = 5
    INDEX_FINGER_PIP = 6
    INDEX_FINGER_DIP = 7
    INDEX_FINGER_TIP = 8
    MIDDLE_FINGER_MCP = 9
    MIDDLE_FINGER_PIP = 10
    MIDDLE_FINGER_DIP = 11
    MIDDLE_FINGER_TIP = 12
    RING_FINGER_MCP = 13
    RING_FINGER_PIP = 14
    RING_FINGER_DIP = 15
    RING_FINGER_TIP = 16
    PINKY_MCP = 17
    PINKY_PIP = 18
    PINKY_DIP = 19
    PINKY_TIP = 20


HAND_CONNECTIONS: tuple[tuple[int, int], ...] = (
    # The palm, then the thumb and the four fingers from their roots to their tips: MediaPipe's 21 connections.
    (0, 1), (0, 5), (9, 13), (13, 17), (5, 9), (0, 17),
    (1, 2), (2, 3), (3, 4),
    (5, 6), (6, 7), (7, 8),
    (9, 10), (10, 11), (11, 12),
    (13, 14), (14, 15), (15, 16),
    (17, 18), (18, 19), (19, 20),
)  # fmt: skip
"""Pairs of landmark indices that a skeleton joins with a line, as MediaPipe's `HAND_CONNECTIONS`."""


class Stage(StrEnum):
    """The stages of one frame, in order, each a span of time. The wire, the metrics, the page and the docs follow this list."""

    CAPTURE = "capture"
    HOLD = "hold"
    PACK = "pack"
    NETWORK_UP = "network_up"
    RECEIVE = "receive"
    QUEUE = "queue"
    DECODE = "decode"
    TRACK = "track"
    ANNOTATE = "annotate"
    ENCODE = "encode"
    SEND = "send"
    NETWORK_DOWN = "network_down"
    UNPACK = "unpack"
    RENDER = "render"
    PRESENT = "present"


class Output(StrEnum):
    """What a session wants back for each frame."""

    ANNOTATED = "annotated"
    """The picture with the skeletons drawn into it."""
    LANDMARKS = "landmarks"
    """The landmarks alone, for the client to draw."""
    BOTH = "both"
    """The annotated picture and the landmarks."""

    @property
    def has_image(self) -> bool:
        """Whether results carry the annotated picture."""
        return self is not Output.LANDMARKS

    @property
    def has_landmarks(self) -> bool:
        """Whether results carry the landmarks."""
        return self is not Output.ANNOTATED


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """One hand in one picture.

    Attributes:
        handedness: MediaPipe's label, see `Handedness`.
        score: How sure the model is of the handedness, 0..1 (MediaPipe's `classification[0].score`).
        landmarks: float32 `(21, 3)`, normalised x, y, z as the module's docstring defines; read-only. An engine always gives all 21;
            a result that came over the wire with `Output.ANNOTATED` has left them out, and holds `(0, 3)`.
        world_landmarks: float32 `(21, 3)` in metres, or None where the engine or the wire left them out; read-only.
        hand_id: The hand's identity within its tracker: the same number as long as the hand is followed without a break, never used
            again for another.
    """

    handedness: Handedness
    score: float
    landmarks: NDArray[np.float32]
    world_landmarks: NDArray[np.float32] | None = None
    hand_id: int = 0

    def __post_init__(self) -> None:
        if self.handedness not in ("Left", "Right"):
            raise ValueError(f"handedness must be 'Left' or 'Right', not {self.handedness!r}")
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"score must lie in 0..1, not {self.score!r}")
        object.__setattr__(self, "landmarks", _points(self.landmarks, "landmarks"))
        if self.world_landmarks is not None:
            object.__setattr__(self, "world_landmarks", _points(self.world_landmarks, "world_landmarks"))

    def landmarks_px(self, width_px: int, height_px: int) -> NDArray[np.float32]:
        """The landmarks in pixels of a picture of that size: float32 `(21, 3)`, z on the scale of x."""
        return self.landmarks * np.array([width_px, height_px, width_px], np.float32)


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded picture on its way in.

    Attributes:
        frame_id: The sender's number of the frame, 0..2**32-1.
        image: The encoded picture (JPEG, PNG or WebP).
        capture_time_ns: When the sender captured it, on the sender's own clock. Only echoed, never compared with a clock of ours.
        receive_time_ns: When its last byte arrived, on our monotonic clock.
    """

    frame_id: int
    image: bytes
    capture_time_ns: int = 0
    receive_time_ns: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """What the server found in one frame.

    Attributes:
        frame_id: Echo of the frame's number.
        capture_time_ns: Echo of the frame's capture time.
        width_px: Width of the frame's picture after its EXIF orientation.
        height_px: Height of the same.
        hands: The hands, in a stable order: a hand keeps its place while it is followed.
        image: The annotated picture as JPEG, or None if the session did not ask for it.
        stages_ns: How long each of our stages took, in nanoseconds; stages that did not run are absent.
        receive_time_ns: When the frame's last byte arrived, on the server's monotonic clock.
        send_time_ns: When the result was handed to the socket, on the same clock; 0 until then.
        dropped: How many of the session's frames had been dropped when this result left.
        region_px: The side of the region in which the smallest hand is looked for in the next frame, in pixels of that picture: what the
            landmark network sees at 224x224. 0 where there is no hand, or it is not known.
    """

    frame_id: int
    capture_time_ns: int
    width_px: int
    height_px: int
    hands: tuple[Hand, ...]
    image: bytes | None = None
    stages_ns: Mapping[Stage, int] = field(default_factory=dict)
    receive_time_ns: int = 0
    send_time_ns: int = 0
    dropped: int = 0
    region_px: int = 0

    @property
    def region_share(self) -> float | None:
        """`region_px` as a share of the picture's longer side; None where there is no hand."""
        return self.region_px / max(1, self.width_px, self.height_px) if self.region_px else None


def landmark_array(values: Sequence[float]) -> NDArray[np.float32]:
    """Landmarks that came as one flat row of x, y, z, x, y, z, ...: float32 `(n, 3)`; `(0, 3)` for an empty row."""
    return np.array(values, np.float32).reshape(-1, 3)


def _points(values: ArrayLike, name: str) -> NDArray[np.float32]:
    """A read-only float32 `(21, 3)` or `(0, 3)` array; raises ValueError for another shape or a value that is not finite."""
    points = np.array(values, np.float32)
    if points.shape not in ((LANDMARK_COUNT, 3), (0, 3)):
        raise ValueError(f"{name} must have shape ({LANDMARK_COUNT}, 3), not {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError(f"{name} must be finite numbers")
    points.flags.writeable = False
    return points
