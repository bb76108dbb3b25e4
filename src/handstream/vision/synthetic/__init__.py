"""A procedural hand with known joints: the demo clip on the page, and the ground truth of the tests and the benchmarks.

`render(scene, frame_index)` gives a picture and the truth of each hand in it. The way there, a module a step: `anatomy` (bones and
poses), `placement` (before the camera), `flesh` (cones around the bones), `surface` (what the camera sees of them), `skin` (colour),
`shading` (light), `picture` (layers over the `background`), `motion` (from key to key), `scene` and `scenes`. `framecode` marks
pictures so that they are known again after a lossy way. docs/synthetic-hand.md says what the truth is worth.
"""

from __future__ import annotations

from handstream.vision.synthetic.anatomy import POSES, Pose
from handstream.vision.synthetic.motion import Key, Track
from handstream.vision.synthetic.picture import render_hands
from handstream.vision.synthetic.placement import Camera, HandTruth, PosedHand, truth_of
from handstream.vision.synthetic.scene import Chapter, Scene, render, truths
from handstream.vision.synthetic.scenes import DEMO

__all__ = [
    "DEMO",
    "POSES",
    "Camera",
    "Chapter",
    "HandTruth",
    "Key",
    "Pose",
    "PosedHand",
    "Scene",
    "Track",
    "render",
    "render_hands",
    "truth_of",
    "truths",
]
