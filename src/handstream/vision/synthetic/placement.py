"""A hand before the camera: where it is, how it is turned, and which joints the camera sees where.

Camera space has x to the right, y down and z away from the camera, in palms of the hand (see `anatomy`). Pixel coordinates are
continuous: the picture's left edge is 0, the first pixel's centre 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from handstream.frames import HandLandmark
from handstream.vision.synthetic.anatomy import LANDMARK_OFFSETS, Pose, Skeleton, rotation, skeleton

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from handstream.frames import Handedness

__all__ = ["Camera", "HandTruth", "PlacedHand", "PosedHand", "place", "truth_of"]

_PALM_CENTRE: Final = np.array([0.0, 0.55, 0.05])
_FACING_CAMERA: Final = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera without distortion. The default's field of view, 54 degrees, is that of a common webcam."""

    width_px: int = 640
    height_px: int = 480
    focal_px: float = 620.0

    def enlarged(self, factor: int) -> Camera:
        """The same view with that many times the pixels each way."""
        return Camera(self.width_px * factor, self.height_px * factor, self.focal_px * factor)

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixel coordinates `(n, 2)` of camera-space points `(n, 3)`."""
        return points[:, :2] / points[:, 2:] * self.focal_px + (self.width_px / 2, self.height_px / 2)


@dataclass(frozen=True, slots=True, eq=False)
class PosedHand:
    """One hand as a scene directs it.

    Attributes:
        hand_id: Its identity within the scene.
        side: The person's hand; not MediaPipe's label, which see `HandTruth.label`.
        pose: How it is held.
        centre_px: Where the palm's centre is seen, x and y.
        palm_px: How long the palm (wrist to middle knuckle) would be seen frontally, which sets the hand's distance.
        yaw_deg: Around the picture's vertical: 0 shows the palm, 180 the back.
        pitch_deg: Positive tips the fingers toward the camera.
        roll_deg: In the picture, clockwise; at 0 the fingers point up.
        velocity_px: How far it moves from frame to frame, x and y: the motion blur.
    """

    hand_id: int
    side: Handedness
    pose: Pose
    centre_px: tuple[float, float]
    palm_px: float = 125.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    velocity_px: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class HandTruth:
    """What is known of one hand in one picture, in the middle of the exposure.

    Attributes:
        hand_id: The hand's identity: the same number in all of a scene.
        side: The person's hand.
        joints_px: float64 `(21, 2)`, x and y in pixels, in MediaPipe's order; those out of view lie outside the picture.
        depth_px: float64 `(21,)`, the distance behind the wrist on the scale of x in pixels; smaller is nearer to the camera.
        resolution_wh: The picture's width and height in pixels.
    """

    hand_id: int
    side: Handedness
    joints_px: NDArray[np.float64]
    depth_px: NDArray[np.float64]
    resolution_wh: tuple[int, int]

    @property
    def label(self) -> Handedness:
        """MediaPipe's handedness label for this hand: the other one, since the pictures here are not mirrored."""
        return "Left" if self.side == "Right" else "Right"

    @property
    def landmarks(self) -> NDArray[np.float32]:
        """float32 `(21, 3)` normalised x, y, z as `handstream.frames` defines them."""
        width_px, height_px = self.resolution_wh
        return np.column_stack([self.joints_px / (width_px, height_px), self.depth_px / width_px]).astype(np.float32)

    @property
    def palm_length_px(self) -> float:
        """Distance from the wrist to the middle knuckle in the picture, shortened when the hand is tipped."""
        return float(np.linalg.norm(self.joints_px[HandLandmark.MIDDLE_FINGER_MCP] - self.joints_px[HandLandmark.WRIST]))

    @property
    def joints_in_view(self) -> int:
        """How many of the 21 joints lie inside the picture."""
        return int(((self.joints_px >= 0) & (self.joints_px < self.resolution_wh)).all(axis=1).sum())

    @property
    def is_in_view(self) -> bool:
        """Whether all 21 joints lie inside the picture."""
        return self.joints_in_view == len(self.joints_px)


@dataclass(frozen=True, slots=True, eq=False)
class PlacedHand:
    """A hand's bones in camera space. A point p of the hand's frame lies at `orientation @ p + origin`.

    Attributes:
        skeleton: The hand in its own frame.
        orientation: `(3, 3)`, a rotation, and for a left hand a mirror too.
        origin: `(3,)`, where the wrist is.
        scale_px: Pixels that one palm takes at the hand's distance.
    """

    skeleton: Skeleton
    orientation: NDArray[np.float64]
    origin: NDArray[np.float64]
    scale_px: float

    def in_camera(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Camera-space points `(..., 3)` of points in the hand's frame."""
        return points @ self.orientation.T + self.origin


def place(hand: PosedHand, camera: Camera) -> PlacedHand:
    """Puts the hand at the distance and angle that show it as directed."""
    mirror = np.diag([1.0 if hand.side == "Right" else -1.0, 1.0, 1.0])
    orientation = rotation(2, hand.roll_deg) @ rotation(0, hand.pitch_deg) @ rotation(1, hand.yaw_deg) @ _FACING_CAMERA @ mirror
    distance = camera.focal_px / hand.palm_px
    offset_px = np.array(hand.centre_px) - (camera.width_px / 2, camera.height_px / 2)
    centre = np.array([*(offset_px / hand.palm_px), distance])
    return PlacedHand(skeleton(hand.pose), orientation, centre - orientation @ _PALM_CENTRE, hand.palm_px)


def truth_of(hand: PosedHand, camera: Camera) -> HandTruth:
    """The truth that belongs to a picture of the hand."""
    placed = place(hand, camera)
    joints = placed.in_camera(placed.skeleton.joints + LANDMARK_OFFSETS)
    wrist_depth = joints[HandLandmark.WRIST, 2]
    depth_px = (joints[:, 2] - wrist_depth) * camera.focal_px / wrist_depth
    return HandTruth(hand.hand_id, hand.side, camera.project(joints), depth_px, (camera.width_px, camera.height_px))
