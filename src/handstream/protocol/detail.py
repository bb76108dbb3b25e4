"""How many bytes a picture gets: the ladder of JPEG quality and resolution, and the resolution that the networks can use.

A level of the ladder is a quality and a scale. Going down it, the quality falls to its least value first, and then the scale, step by
step. Bytes are foretold relative to those of another level, by a model that was fitted to six clips of hands of 640 px width: they grow
with the 1.25th power of the scale and, since libjpeg divides by tables that it scales by S(quality), with the inverse root of S. It is
within 15 % for qualities of 20 to 90 and scales of 1/4 to 1; the rest is found by measuring what came out.

The TypeScript twin is web/src/core/detail.ts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Level", "ladder", "quality_at", "relative_bytes", "scales_from", "useful_long_side_px", "useful_scale"]

SCALES = (1.0, 0.75, 0.5, 0.375, 0.25)
"""Of the captured picture's width and height, the largest first. Of 640x480 they leave whole pixels in whole 8x8 blocks, or nearly so."""

QUALITY_STEPS = 4
"""From the quality that was asked for to the least one."""

LANDMARK_INPUT_PX = 224
"""The side of the hand landmark network's input (MediaPipe Hands model card)."""

PALM_INPUT_PX = 192
"""The side of the palm detection network's input, to which the longer side of the whole picture is scaled (the same)."""

LIBJPEG_MIDDLE_QUALITY = 50
"""Where libjpeg's tables are used as they are (jpeg_quality_scaling in jcparam.c)."""

SHRINK_MARGIN = 1.15
"""A smaller scale is taken only if it is useful by so much, so that a hand that breathes does not change the scale back and forth."""


@dataclass(frozen=True, slots=True)
class Level:
    """A step of the ladder.

    Attributes:
        coarseness: 0 is the quality that was asked for, 1 the least.
        scale: Of the captured picture's width and height.
    """

    coarseness: float
    scale: float


def ladder(scales: tuple[float, ...]) -> tuple[Level, ...]:
    """All levels, the finest first.

    Args:
        scales: The scales to choose from, the largest first.

    Raises:
        ValueError: There is none, one is not above 0 and at most 1, or they do not fall.
    """
    if not scales or not all(0 < scale <= 1 for scale in scales) or any(larger <= smaller for larger, smaller in pairwise(scales)):
        raise ValueError(f"scales must fall from at most 1 and stay above 0, not be {scales}")
    qualities = [Level(step / QUALITY_STEPS, scales[0]) for step in range(QUALITY_STEPS + 1)]
    return (*qualities, *(Level(1.0, scale) for scale in scales[1:]))


def scales_from(least: float) -> tuple[float, ...]:
    """The scales that a user allows who wants none below that one, which is the last of them.

    Raises:
        ValueError: It is not above 0 and at most 1.
    """
    if not 0 < least <= 1:
        raise ValueError(f"the least scale must lie above 0 and be at most 1, not {least}")
    return (*(scale for scale in SCALES if scale > least), least)


def quality_at(level: Level, wanted: int, least: int) -> int:
    """The JPEG quality at that level, 1..100. A wanted quality below the least one stays."""
    return math.floor(wanted - (wanted - min(least, wanted)) * level.coarseness + 0.5)


def relative_bytes(quality: int, scale: float) -> float:
    """The bytes of a picture of that quality and scale, in units of one of quality 50 and scale 1."""
    table_scale = 5000 / quality if quality < LIBJPEG_MIDDLE_QUALITY else 200 - 2 * quality
    # Only operations that IEEE 754 rounds correctly, so that the twin finds the same number.
    return scale * math.sqrt(math.sqrt(scale)) / math.sqrt(max(2.0, table_scale) / 100)


def useful_long_side_px(region_share: float | None) -> float:
    """The longer side that a picture must have for the networks to see all that they can see.

    The landmark network sees the hand's region at 224x224 and the palm network the whole picture at 192x192; of a picture with more pixels
    than these they get the same. Measured on the demo clip and on real hands (docs/freshness.md): with just so many the landmarks' mean
    error against the truth is the same within 0.1 % of the palm's length; with 0.9 times as many it is not, with 1.3 times it is no better.

    Args:
        region_share: The side of the hand's region of interest as a share of the picture's longer side; of the smallest hand, if there are
            more. None where no hand is known: every pixel is of use then.
    """
    return math.inf if region_share is None else max(LANDMARK_INPUT_PX / max(1e-3, region_share), PALM_INPUT_PX)


def useful_scale(region_share: float, capture_long_side_px: float, scale: float, scales: tuple[float, ...]) -> float:
    """The least scale at which the networks see all that they can see. For landmarks only: an annotated picture is looked at by a person.

    Args:
        region_share: As of `useful_long_side_px`.
        capture_long_side_px: The longer side of a picture of full scale.
        scale: The scale now, which stays while it is useful and hardly more than that.
        scales: The scales to choose from, the largest first.
    """
    least = useful_long_side_px(region_share) / max(1.0, capture_long_side_px)
    useful = [candidate for candidate in scales if candidate >= (least if candidate >= scale else least * SHRINK_MARGIN)]
    return useful[-1] if useful else scales[0]
