"""The flesh around the bones, and the sleeve: a hand as round cones, the shapes that `surface` joins smoothly.

Lengths are in palms, as in `anatomy`; the cones come out in camera space.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

import numpy as np

from handstream.vision.synthetic.anatomy import FINGER_COUNT, KNUCKLES, Bone

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from handstream.vision.synthetic.placement import PlacedHand

__all__ = ["SLEEVE_START", "Part", "RoundCone", "hand_cones"]

SLEEVE_START: Final = -1.1
"""Where the sleeve ends on the forearm: y in the hand's frame."""

_ARM_LENGTH: Final = 4.5
_SLEEVE_SIDES: Final = (0.16, 0.0, -0.16)

# Radii at the knuckle and the three joints beyond it. MediaPipe's error is least near these; at half of them it is threefold.
_FINGER_RADII: Final = 1.13 * np.array(
    [[0.112, 0.096, 0.086, 0.068], [0.115, 0.099, 0.088, 0.070], [0.108, 0.092, 0.083, 0.066], [0.094, 0.080, 0.072, 0.058]]
)
_THUMB_RADII: Final = 1.13 * np.array([0.15, 0.125, 0.098, 0.074])

# Where the four metacarpal bones meet the wrist.
_CARPUS: Final = np.array([[0.13, 0.10, 0.02], [0.03, 0.08, 0.0], [-0.07, 0.08, 0.0], [-0.16, 0.10, 0.02]])

_TIP_SHARE: Final = 0.97
"""How far along the last bone the fingertip's centre lies: the landmark sits a little inside the fleshy end."""


class Part(Enum):
    """What a cone is part of; cones of one part's group join smoothly, see `RoundCone.group`."""

    ARM = auto()
    PALM = auto()
    DIGIT = auto()
    SLEEVE = auto()


@dataclass(frozen=True, slots=True, eq=False)
class RoundCone:
    """A sphere that changes its radius on its way from `start` to `end`, in camera space.

    Attributes:
        start: `(3,)` the first centre.
        end: `(3,)` the last centre.
        start_radius: The radius at the start.
        end_radius: The radius at the end.
        part: What it is part of.
        blend: How far around a joint with other cones of its group the surfaces flow together.
        group: Cones of one group join smoothly; groups only touch, so that neighbouring fingers do not melt together.
        fades: Whether `blend` shrinks toward the end, as at a finger's root.
        waist: By how much the cone is thinner in its middle.
        bone: The bone inside it, for parts of a digit; its directions in camera space too.
    """

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    start_radius: float
    end_radius: float
    part: Part
    blend: float
    group: int = 0
    fades: bool = False
    waist: float = 0.0
    bone: Bone | None = None


def hand_cones(hand: PlacedHand) -> list[RoundCone]:
    """The cones of a hand with its forearm and sleeve; the order decides how they flow together."""
    return [*_arm(hand), *_palm(hand), *_thumb_root(hand), *_digits(hand), *_sleeve(hand)]


def _arm(hand: PlacedHand) -> list[RoundCone]:
    bones = [(0.13, 0.20, 0.0, 0.155, 0.31), (-0.13, -0.20, 0.0, 0.155, 0.31), (0.0, 0.0, 0.01, 0.155, 0.30)]
    return [
        _cone(hand, (near, -0.02, z), (far, -_ARM_LENGTH, z), (start, end), part=Part.ARM, blend=0.12) for near, far, z, start, end in bones
    ]


def _sleeve(hand: PlacedHand) -> list[RoundCone]:
    group = FINGER_COUNT + 2
    cuff = [
        _cone(hand, (x, SLEEVE_START, 0.0), (x * 1.05, SLEEVE_START - 0.12, 0.0), (0.265, 0.27), part=Part.SLEEVE, blend=0.14, group=group)
        for x in _SLEEVE_SIDES
    ]
    cloth = [
        _cone(hand, (x, SLEEVE_START - 0.05, 0.0), (x * 1.5, -_ARM_LENGTH, 0.0), (0.27, 0.50), part=Part.SLEEVE, blend=0.08, group=group)
        for x in _SLEEVE_SIDES
    ]
    return cuff + cloth


def _palm(hand: PlacedHand) -> list[RoundCone]:
    metacarpals = [
        _cone(
            hand,
            _CARPUS[finger],
            KNUCKLES[finger] - (0.0, 0.02, -0.005),
            (0.15, 0.113 if finger == FINGER_COUNT - 1 else 0.125),
            blend=0.10,
        )
        for finger in range(FINGER_COUNT)
    ]
    pads = [
        _cone(hand, (0.20, 0.86, 0.07), (-0.30, 0.70, 0.09), (0.085, 0.085), blend=0.10),
        _cone(hand, (0.17, 0.26, 0.12), (0.27, 0.55, 0.16), (0.165, 0.10), blend=0.12),
        _cone(hand, (-0.20, 0.22, 0.10), (-0.27, 0.52, 0.09), (0.14, 0.11), blend=0.12),
    ]
    beyond_knuckle = np.array([0.0, 0.10, 0.02])
    webs = [
        _cone(hand, KNUCKLES[finger] + beyond_knuckle, KNUCKLES[finger + 1] + beyond_knuckle, (0.07, 0.07), blend=0.06)
        for finger in range(FINGER_COUNT - 1)
    ]
    return metacarpals + pads + webs


def _thumb_root(hand: PlacedHand) -> list[RoundCone]:
    """The thumb's metacarpal, which is part of the palm, and the web from it to the index finger."""
    root, knuckle = hand.skeleton.joints[1:3]
    web = knuckle * 0.62 + root * 0.38
    return [
        _cone(hand, root, knuckle, (_THUMB_RADII[0], _THUMB_RADII[1]), blend=0.14),
        _cone(hand, web, KNUCKLES[0] * 0.78 + (0.02, 0.0, 0.02), (0.085, 0.075), blend=0.16),
    ]


def _digits(hand: PlacedHand) -> list[RoundCone]:
    cones = []
    for bone in hand.skeleton.bones:
        root_segment = 1 if bone.digit == 0 else 0
        if bone.segment >= root_segment:
            if bone.segment == root_segment:
                # The root appears twice: here it flows into the palm, below it carries its own digit.
                cones.append(_phalanx(hand, bone, group=0, blend=0.09 if bone.digit == 0 else 0.07, fades=True, waist=0.005))
            is_tip = bone.segment == 2
            cones.append(_phalanx(hand, bone, group=bone.digit + 1, blend=0.025, waist=-0.004 if is_tip else 0.005))
    return cones


def _phalanx(hand: PlacedHand, bone: Bone, *, group: int, blend: float, waist: float, fades: bool = False) -> RoundCone:
    radii = _THUMB_RADII if bone.digit == 0 else _FINGER_RADII[bone.digit - 1]
    start, end = hand.skeleton.joints[[bone.start, bone.end]]
    if bone.segment == 2:
        end = start + (end - start) * _TIP_SHARE
    turned = replace(bone, lateral=hand.orientation @ bone.lateral, palmar=hand.orientation @ bone.palmar)
    return RoundCone(
        hand.in_camera(start),
        hand.in_camera(end),
        radii[bone.segment],
        radii[bone.segment + 1],
        Part.DIGIT,
        blend,
        group,
        fades,
        waist,
        turned,
    )


def _cone(
    hand: PlacedHand,
    start: ArrayLike,
    end: ArrayLike,
    radii: tuple[float, float],
    *,
    blend: float,
    part: Part = Part.PALM,
    group: int = 0,
) -> RoundCone:
    return RoundCone(hand.in_camera(np.asarray(start)), hand.in_camera(np.asarray(end)), *radii, part, blend, group)
