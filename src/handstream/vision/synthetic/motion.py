"""How a hand moves: keys in time, and what lies between them.

Between two keys a hand moves as people do when they reach for something: along the smoothest way there is, the one of minimum jerk
(Flash and Hogan, "The coordination of arm movements", 1985), at rest in each key. A hand that is held up also sways a little, unless
its keys keep it still.
"""

from __future__ import annotations

import bisect
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from handstream.vision.synthetic.anatomy import POSES, blend
from handstream.vision.synthetic.placement import PosedHand

if TYPE_CHECKING:
    from handstream.frames import Handedness

__all__ = ["Key", "Track"]

_SWAY_PX: Final = 2.5
_SWAY_DEG: Final = 1.5


@dataclass(frozen=True, slots=True)
class Key:
    """Where a hand is at one time; see `PosedHand` for the terms.

    Attributes:
        time_s: Seconds since the scene began.
        pose: A name from `POSES`.
        x_px: Where the palm's centre is seen.
        y_px: The same, downward.
        palm_px: The palm's length when seen frontally.
        yaw_deg: 0 shows the palm, 180 the back.
        pitch_deg: Positive tips the fingers toward the camera.
        roll_deg: Clockwise in the picture.
        sway: How much of the unrest of a living hand there is, 0..1.
    """

    time_s: float
    pose: str
    x_px: float
    y_px: float
    palm_px: float
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    sway: float = 1.0

    def place(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """All but time and pose as one array: x, y, palm, yaw, pitch, roll, sway."""
        return np.array([self.x_px, self.y_px, self.palm_px, self.yaw_deg, self.pitch_deg, self.roll_deg, self.sway])


@dataclass(frozen=True, slots=True)
class Track:
    """One hand's keys, in the order of time. Before the first key and after the last there is no hand."""

    hand_id: int
    side: Handedness
    keys: tuple[Key, ...]

    def __post_init__(self) -> None:
        times = [key.time_s for key in self.keys]
        if len(times) < 2 or any(later <= earlier for earlier, later in itertools.pairwise(times)):
            raise ValueError(f"a track needs two keys or more, each later than the one before, not {times}")

    def at(self, time_s: float, frame_s: float) -> PosedHand | None:
        """The hand at that time, with the velocity of a frame of that length, or None where the track has no hand."""
        if not self.keys[0].time_s <= time_s <= self.keys[-1].time_s:
            return None
        start, end, progress = self._between(time_s)
        x_px, y_px, palm_px, yaw_deg, pitch_deg, roll_deg, sway = self._place(time_s)
        unrest_deg = sway * _SWAY_DEG * np.sin([2.3 * time_s + self.hand_id, 1.9 * time_s + 1.0, 2.9 * time_s + 2.0])
        velocity_px = self._place(time_s + frame_s / 2)[:2] - self._place(time_s - frame_s / 2)[:2]
        return PosedHand(
            self.hand_id,
            self.side,
            blend(POSES[start.pose], POSES[end.pose], progress),
            (x_px, y_px),
            palm_px,
            yaw_deg + unrest_deg[0],
            pitch_deg + unrest_deg[1],
            roll_deg + unrest_deg[2],
            (float(velocity_px[0]), float(velocity_px[1])),
        )

    def _place(self, time_s: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        start, end, progress = self._between(time_s)
        place = start.place() * (1.0 - progress) + end.place() * progress
        place[:2] += place[6] * _SWAY_PX * np.sin([2.1 * time_s + self.hand_id, 2.7 * time_s + 0.5])
        return place

    def _between(self, time_s: float) -> tuple[Key, Key, float]:
        """The keys around that time, and how much of the way between them is done."""
        index = bisect.bisect_right(self.keys, time_s, key=lambda key: key.time_s) - 1
        index = min(max(index, 0), len(self.keys) - 2)
        start, end = self.keys[index], self.keys[index + 1]
        share = min(max((time_s - start.time_s) / (end.time_s - start.time_s), 0.0), 1.0)
        return start, end, share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
