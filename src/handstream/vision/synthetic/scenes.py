"""The scenes that exist: `DEMO`, the clip on the page, which is also the ground truth of the tests and the benchmarks.

It avoids what MediaPipe itself sees badly on this hand (curled fingers from the back, fists turned by 25 degrees), so that an error
says something about the tracker under test. Its last frame leads into its first, so that a player may loop it.
"""

from __future__ import annotations

from typing import Final

from handstream.vision.synthetic.motion import Key, Track
from handstream.vision.synthetic.scene import Chapter, Scene

__all__ = ["DEMO"]

_RIGHT: Final = Track(
    hand_id=0,
    side="Right",
    keys=(
        # A still hand.
        Key(0.0, "open", 290, 275, 135, yaw_deg=-8, roll_deg=3, sway=0),
        Key(1.5, "open", 290, 275, 135, yaw_deg=-8, roll_deg=3, sway=0),
        # It waves, and makes some gestures.
        Key(1.9, "open", 285, 272, 135, yaw_deg=-6, roll_deg=-12),
        Key(2.3, "open", 295, 272, 135, yaw_deg=-6, roll_deg=14),
        Key(2.7, "open", 287, 272, 135, yaw_deg=-6, roll_deg=-10),
        Key(3.15, "fist", 292, 275, 135, yaw_deg=-6, roll_deg=2),
        Key(3.55, "fist", 292, 275, 135, yaw_deg=-6, roll_deg=3),
        Key(3.95, "pointing", 290, 290, 135, yaw_deg=-6, roll_deg=2),
        Key(4.5, "pointing", 285, 290, 135, yaw_deg=-6, roll_deg=-4),
        Key(4.95, "peace", 290, 290, 135, yaw_deg=-6, roll_deg=2),
        Key(5.45, "peace", 293, 288, 135, yaw_deg=-6, roll_deg=6),
        Key(5.9, "pinch", 290, 280, 130, yaw_deg=-14, pitch_deg=-20, roll_deg=2),
        Key(6.35, "pinch", 290, 278, 130, yaw_deg=-14, pitch_deg=-20, roll_deg=0),
        Key(6.8, "open", 300, 275, 128, roll_deg=2),
        # It turns its back to the camera, and its palm again.
        Key(8.1, "flat", 300, 275, 125, yaw_deg=-172, roll_deg=2),
        Key(8.5, "open", 300, 275, 125, yaw_deg=-172, roll_deg=-2),
        Key(9.7, "open", 270, 275, 122, yaw_deg=0, roll_deg=2),
        # It makes room for the other hand; they play together.
        Key(10.5, "open", 185, 270, 112, yaw_deg=-4, roll_deg=-4),
        Key(11.1, "open", 185, 272, 112, yaw_deg=-4, roll_deg=-4),
        Key(11.6, "fist", 185, 275, 112, yaw_deg=-4, roll_deg=-2),
        Key(12.1, "open", 185, 270, 112, yaw_deg=-4, roll_deg=-4),
        Key(12.6, "pointing", 190, 275, 112, yaw_deg=-4, roll_deg=6),
        Key(13.0, "pointing", 190, 275, 112, yaw_deg=-4, roll_deg=4),
        Key(13.4, "relaxed", 205, 270, 116, yaw_deg=-4, roll_deg=0),
        Key(13.9, "open", 175, 265, 112, yaw_deg=-4, roll_deg=-6),
        # Alone again it sweeps through the picture, up to 50 pixels a frame, and leaves.
        Key(14.7, "flat", 150, 270, 110, yaw_deg=-4, roll_deg=-6),
        Key(15.12, "flat", 480, 270, 110, yaw_deg=-4, roll_deg=6),
        Key(15.28, "flat", 484, 268, 110, yaw_deg=-4, roll_deg=6),
        Key(15.7, "flat", 150, 270, 110, yaw_deg=-4, roll_deg=-6),
        Key(15.86, "flat", 150, 268, 110, yaw_deg=-4, roll_deg=-4),
        Key(16.28, "open", 470, 235, 110, yaw_deg=-4, roll_deg=10),
        Key(16.8, "open", 230, 270, 112, yaw_deg=-4, roll_deg=0),
        Key(17.0, "open", 230, 270, 112, yaw_deg=-4, roll_deg=2),
        Key(17.7, "open", -190, 300, 115, yaw_deg=-4, roll_deg=16),
    ),
)

_RIGHT_RETURNS: Final = Track(
    hand_id=0,
    side="Right",
    keys=(
        Key(17.8, "open", 330, 790, 128, yaw_deg=-8, roll_deg=3),
        Key(18.8, "open", 290, 275, 135, yaw_deg=-8, roll_deg=3, sway=0),
        Key(19.0, "open", 290, 275, 135, yaw_deg=-8, roll_deg=3, sway=0),
    ),
)

_LEFT: Final = Track(
    hand_id=1,
    side="Left",
    keys=(
        Key(9.7, "open", 850, 330, 112, yaw_deg=4, roll_deg=-20),
        Key(10.6, "open", 455, 270, 112, yaw_deg=4, roll_deg=4),
        Key(11.1, "open", 455, 268, 112, yaw_deg=4, roll_deg=4),
        Key(11.6, "open", 455, 268, 112, yaw_deg=4, roll_deg=8),
        Key(12.1, "fist", 455, 272, 112, yaw_deg=4, roll_deg=2),
        Key(12.6, "peace", 450, 275, 112, yaw_deg=4, roll_deg=-4),
        Key(13.0, "peace", 450, 275, 112, yaw_deg=4, roll_deg=-6),
        Key(13.4, "relaxed", 435, 270, 116, yaw_deg=4, roll_deg=0),
        Key(13.9, "open", 465, 265, 112, yaw_deg=4, roll_deg=6),
        Key(14.7, "open", 850, 320, 112, yaw_deg=4, roll_deg=-16),
    ),
)

DEMO: Final = Scene(
    name="demo",
    tracks=(_RIGHT, _RIGHT_RETURNS, _LEFT),
    chapters=(
        Chapter("still", 0),
        Chapter("gestures", 45),
        Chapter("turning", 204),
        Chapter("two_hands", 291),
        Chapter("sweep", 441),
        Chapter("leaving_and_entering", 510),
    ),
    frame_count=570,
)
"""19 seconds: one hand still, gesturing and turning, two hands, a fast sweep, a hand that leaves and comes back."""
