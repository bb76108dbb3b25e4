"""A scene: hands that move before a camera for some seconds. `render` makes its pictures, `truths` says where each joint is in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from handstream.vision.synthetic.picture import render_hands
from handstream.vision.synthetic.placement import Camera, HandTruth, PosedHand, truth_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from handstream.vision.synthetic.motion import Track

__all__ = ["Chapter", "Scene", "render", "truths"]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A named part of a scene, from its first frame on until the next chapter begins."""

    name: str
    first_frame: int


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be seen.

    Attributes:
        name: The scene's name.
        tracks: The hands and how they move; a hand that leaves and comes back has a track for each stay.
        chapters: The scene's parts, in order; the first begins at frame 0.
        frame_count: How many frames it has.
        frames_per_second: How many of them make a second.
        camera: The picture's size and view.
        room_seed: Chooses the room behind the hands and the sensor's noise.
    """

    name: str
    tracks: tuple[Track, ...]
    chapters: tuple[Chapter, ...]
    frame_count: int
    frames_per_second: int = 30
    camera: Camera = field(default_factory=Camera)
    room_seed: int = 1

    def hands(self, frame_index: int) -> list[PosedHand]:
        """The hands of one frame, in the order of the tracks, whether they are in view or not.

        Raises:
            IndexError: The scene has no such frame.
        """
        if not 0 <= frame_index < self.frame_count:
            raise IndexError(f"scene {self.name!r} has the frames 0 to {self.frame_count - 1}, not {frame_index}")
        frame_s = 1.0 / self.frames_per_second
        hands = (track.at(frame_index * frame_s, frame_s) for track in self.tracks)
        return [hand for hand in hands if hand is not None]


def render(scene: Scene, frame_index: int) -> tuple[NDArray[np.uint8], list[HandTruth]]:
    """One frame of the scene and its truth. The same arguments give the same frame. Blocks for about half a second.

    Returns:
        The picture, uint8 `(height, width, 3)` RGB, and the truth of each hand that has a joint in view.

    Raises:
        IndexError: The scene has no such frame.
    """
    picture = render_hands(scene.hands(frame_index), scene.camera, room_seed=scene.room_seed, noise_seed=(scene.room_seed, frame_index))
    return picture, truths(scene, frame_index)


def truths(scene: Scene, frame_index: int) -> list[HandTruth]:
    """The truth of one frame without its picture: of each hand that has a joint in view. Takes well under a millisecond.

    Raises:
        IndexError: The scene has no such frame.
    """
    known = (truth_of(hand, scene.camera) for hand in scene.hands(frame_index))
    return [truth for truth in known if truth.joints_in_view]
