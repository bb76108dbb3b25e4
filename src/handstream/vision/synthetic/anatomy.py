"""The hand's bones: poses, and the 21 joints that follow from them.

Lengths are in palms: 1 is the distance from the wrist to the middle finger's knuckle. The hand's own frame, for a right hand, has x
toward the thumb's side, y toward the fingertips and z out of the palm. A left hand is the same hand mirrored, see `placement`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from handstream.frames import LANDMARK_COUNT, HandLandmark

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "FINGER_COUNT",
    "KNUCKLES",
    "LANDMARK_OFFSETS",
    "POSES",
    "THUMB_ROOT",
    "Bone",
    "Pose",
    "Skeleton",
    "blend",
    "rotation",
    "skeleton",
]

FINGER_COUNT: Final = 4
"""Fingers besides the thumb: index, middle, ring, little."""

THUMB_ROOT: Final = np.array([0.25, 0.27, 0.12])
"""The thumb's carpometacarpal joint. This and the two below: medians of MediaPipe's world landmarks over open hands, in palms, rounded."""

KNUCKLES: Final = np.array([[0.25, 0.99, 0.03], [0.0, 1.0, 0.0], [-0.21, 0.92, 0.0], [-0.385, 0.775, 0.04]])
"""The four fingers' metacarpophalangeal joints."""

_PHALANGES: Final = np.array([[0.37, 0.25, 0.22], [0.41, 0.275, 0.23], [0.38, 0.265, 0.225], [0.30, 0.195, 0.20]])
_THUMB_BONES: Final = np.array([0.36, 0.36, 0.28])

# A finger that flexes turns toward the scaphoid bone (Kapandji, The Physiology of the Joints, volume 1): its spread shrinks, and it leans
# and twists by these degrees when it is fully bent.
_FULLY_BENT_DEG: Final = 80.0
_BENT_SPREAD: Final = 0.2
_BENT_LEAN_DEG: Final = (3.6, 0.6, -2.4, -5.4)
_BENT_TWIST_DEG: Final = (-8.0, -1.0, 5.0, 10.0)

LANDMARK_OFFSETS: Final = np.zeros((LANDMARK_COUNT, 3))
"""Where MediaPipe's landmark lies relative to the joint's centre: people who label pictures put the wrist and the thumb's root a little
further up the hand. Measured on this hand, open and frontal."""
LANDMARK_OFFSETS[HandLandmark.WRIST] = (0.0, 0.065, 0.0)
LANDMARK_OFFSETS[HandLandmark.THUMB_CMC] = (0.07, -0.01, 0.0)
LANDMARK_OFFSETS[HandLandmark.THUMB_MCP] = (0.05, 0.03, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """How a hand is held.

    Attributes:
        fingers: `(4, 4)` degrees, a row for each finger: abduction (toward the thumb is positive), then flexion of its three joints.
        thumb: `(3, 3)` directions of the thumb's three bones in the hand's frame; they need not be of unit length.
        thumb_back: `(3,)` the direction that the thumb's nail faces.
    """

    fingers: NDArray[np.float64]
    thumb: NDArray[np.float64]
    thumb_back: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Bone:
    """One bone of a finger in the hand's frame: the joints that it joins, and the unit directions of its side and of its inner face."""

    digit: int
    segment: int
    start: int
    end: int
    lateral: NDArray[np.float64]
    palmar: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Skeleton:
    """A posed hand's joints, `(21, 3)` in the hand's frame, and the bones of its five digits (0 is the thumb)."""

    joints: NDArray[np.float64]
    bones: tuple[Bone, ...]


def skeleton(pose: Pose) -> Skeleton:
    """The joints and bones of a hand held in that pose."""
    joints = np.zeros((LANDMARK_COUNT, 3))
    bones = _place_thumb(pose, joints)
    for finger in range(FINGER_COUNT):
        bones += _place_finger(finger, pose.fingers[finger], joints)
    return Skeleton(joints, tuple(bones))


def blend(start: Pose, end: Pose, progress: float) -> Pose:
    """The pose between two, at 0..1 of the way. The little finger leads and the index finger follows, as when a hand opens or closes."""
    lead = np.linspace(-0.12, 0.12, FINGER_COUNT)[:, None] * np.sin(np.pi * progress)
    fingers = np.clip(progress + lead, 0.0, 1.0)
    return Pose(
        start.fingers + (end.fingers - start.fingers) * fingers,
        start.thumb + (end.thumb - start.thumb) * progress,
        start.thumb_back + (end.thumb_back - start.thumb_back) * progress,
    )


def rotation(axis: int, angle_deg: float) -> NDArray[np.float64]:
    """The `(3, 3)` matrix that turns by that angle around axis 0 (x), 1 (y) or 2 (z), by the right-hand rule."""
    sine, cosine = np.sin(np.radians(angle_deg)), np.cos(np.radians(angle_deg))
    matrix = np.eye(3)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix[first, first] = matrix[second, second] = cosine
    matrix[second, first], matrix[first, second] = sine, -sine
    return matrix


def _place_thumb(pose: Pose, joints: NDArray[np.float64]) -> list[Bone]:
    bones = []
    joints[HandLandmark.THUMB_CMC] = THUMB_ROOT
    for segment, length in enumerate(_THUMB_BONES):
        direction = _unit(pose.thumb[segment])
        start = HandLandmark.THUMB_CMC + segment
        joints[start + 1] = joints[start] + direction * length
        back = _unit(pose.thumb_back - direction * (pose.thumb_back @ direction))
        bones.append(Bone(0, segment, start, start + 1, np.cross(direction, back), -back))
    return bones


def _place_finger(finger: int, angles_deg: NDArray[np.float64], joints: NDArray[np.float64]) -> list[Bone]:
    bones = []
    abduction, *flexions = angles_deg
    bent = min(1.0, flexions[0] / _FULLY_BENT_DEG)
    spread = abduction * (1.0 - (1.0 - _BENT_SPREAD) * bent) + _BENT_LEAN_DEG[finger] * bent
    root = rotation(2, -spread) @ rotation(1, _BENT_TWIST_DEG[finger] * bent)
    knuckle = HandLandmark.INDEX_FINGER_MCP + 4 * finger
    joints[knuckle] = KNUCKLES[finger]
    for segment, flexion in enumerate(np.cumsum(flexions)):
        axes = root @ rotation(0, flexion)
        start = knuckle + segment
        joints[start + 1] = joints[start] + axes[:, 1] * _PHALANGES[finger, segment]
        bones.append(Bone(finger + 1, segment, start, start + 1, axes[:, 0], axes[:, 2]))
    return bones


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return vector / np.linalg.norm(vector)


def _pose(fingers: ArrayLike, thumb: ArrayLike, thumb_back: ArrayLike) -> Pose:
    return Pose(np.array(fingers, float), np.array(thumb, float), np.array(thumb_back, float))


# Chosen by eye and by MediaPipe's own error on them: see docs/synthetic-hand.md for what that means for comparisons.
POSES: Final = {
    "open": _pose(
        [[9, 4, 6, 4], [1, 2, 5, 4], [-7, 3, 6, 4], [-17, 6, 8, 5]],
        [[0.74, 0.62, 0.20], [0.66, 0.74, 0.14], [0.60, 0.80, 0.02]],
        [0.70, -0.45, -0.55],
    ),
    "flat": _pose(
        [[2, 4, 6, 4], [0, 2, 5, 4], [-2, 3, 6, 4], [-6, 6, 8, 5]],
        [[0.62, 0.74, 0.22], [0.40, 0.90, 0.14], [0.25, 0.96, 0.02]],
        [0.75, -0.25, -0.60],
    ),
    "relaxed": _pose(
        [[7, 18, 25, 14], [1, 20, 28, 16], [-6, 22, 30, 18], [-13, 24, 30, 18]],
        [[0.62, 0.68, 0.40], [0.42, 0.84, 0.34], [0.25, 0.92, 0.26]],
        [0.78, -0.25, -0.55],
    ),
    "fist": _pose(
        [[4, 80, 90, 40], [1, 82, 92, 40], [-3, 82, 92, 40], [-8, 80, 90, 40]],
        [[0.50, 0.78, 0.38], [0.05, 0.92, 0.38], [-0.25, 0.95, 0.15]],
        [0.90, 0.20, 0.40],
    ),
    "pointing": _pose(
        [[5, 2, 5, 4], [1, 82, 104, 64], [-3, 70, 103, 52], [-8, 68, 100, 50]],
        [[0.34, 0.68, 0.65], [-0.38, 0.64, 0.66], [-0.90, 0.25, 0.36]],
        [0.15, 0.60, 0.75],
    ),
    "peace": _pose(
        [[12, 2, 5, 4], [-6, 2, 5, 4], [-3, 70, 103, 52], [-8, 68, 100, 50]],
        [[0.20, 0.66, 0.72], [-0.62, 0.45, 0.64], [-0.95, -0.05, 0.30]],
        [0.10, 0.45, 0.88],
    ),
    "pinch": _pose(
        [[1, 42, 54, 28], [1, 22, 26, 14], [-7, 16, 22, 12], [-15, 14, 18, 10]],
        [[0.29, 0.63, 0.72], [-0.04, 0.85, 0.52], [0.0, 0.91, 0.41]],
        [0.90, -0.10, -0.40],
    ),
    "thumb_out": _pose(
        [[4, 68, 100, 50], [1, 70, 103, 52], [-3, 70, 103, 52], [-8, 68, 100, 50]],
        [[0.70, 0.58, 0.40], [0.88, 0.44, 0.14], [0.97, 0.22, -0.05]],
        [0.15, -0.30, -0.90],
    ),
}
"""Named poses; `blend` gives those between."""
