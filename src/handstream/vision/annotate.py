"""Draws the skeletons of hands into a picture: `annotate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from handstream.frames import HandLandmark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from handstream.frames import Hand

__all__ = ["annotate"]

_DARK: Final = (20, 22, 27)
"""Under every line and around every joint, so that the skeleton stands out from any background."""

_CHAINS: Final = (
    # The palm, then the fingers from their roots to their tips: together they are HAND_CONNECTIONS. The colours, in RGB, are those of the
    # page: one a finger, from a palette that people with any colour vision tell apart (IBM Design, "Color blind safe").
    ((244, 241, 234), (0, 5, 9, 13, 17, 0)),
    ((255, 176, 0), (0, 1, 2, 3, 4)),
    ((254, 97, 0), (5, 6, 7, 8)),
    ((240, 56, 138), (9, 10, 11, 12)),
    ((157, 133, 255), (13, 14, 15, 16)),
    ((94, 160, 255), (17, 18, 19, 20)),
)

_CHAIN_JOINTS: Final = tuple(np.array(chain) for _, chain in _CHAINS)
"""The same chains as arrays, by which numpy picks their joints sooner."""

_DOTS: Final = (
    (_CHAINS[0][0], slice(0, 1)),
    *((color, slice(root, root + 4)) for (color, _), root in zip(_CHAINS[1:], range(1, 21, 4), strict=True)),
)
"""The colour of each joint: the wrist has the palm's, the others have their finger's."""

_LINE_SHARE_OF_PALM: Final = 0.04
"""Lines follow the hand's size, so that a distant hand is not buried under its skeleton."""

_SUBPIXEL_BITS: Final = 4
"""OpenCV draws in fixed point: with 4 bits a skeleton moves in sixteenths of a pixel and does not jitter on a still hand."""

_MAX_COORDINATE_PX: Final = 32_767
"""Joints may lie far outside the picture; OpenCV's fixed point must not overflow there."""


def annotate(rgb: NDArray[np.uint8], hands: Iterable[Hand]) -> None:
    """Draws each hand's bones and joints into the picture, in place. Blocks for a fraction of a millisecond.

    The joints are full dots on a hand labelled "Left" and rings on one labelled "Right", so that the two differ by shape as well. Nothing
    is written: the picture may be shown mirrored.

    Args:
        rgb: uint8 `(height, width, 3)`, RGB, C-contiguous, writable.
        hands: What was found in it. A hand whose landmarks were left out is skipped.
    """
    height_px, width_px = rgb.shape[:2]
    for hand in hands:
        if len(hand.landmarks):
            joints_px = hand.landmarks_px(width_px, height_px)[:, :2]
            line_px = _line_width_px(joints_px, min(width_px, height_px))
            joints = _fixed_point(joints_px)
            _draw_bones(rgb, joints, line_px)
            _draw_joints(rgb, joints, line_px, are_rings=hand.handedness == "Right")


def _line_width_px(joints_px: NDArray[np.float32], short_side_px: int) -> int:
    """1 or more, in proportion to the palm, but no hand's lines are thicker than what suits the picture."""
    palm_px = float(np.linalg.norm(joints_px[HandLandmark.INDEX_FINGER_MCP] - joints_px[HandLandmark.WRIST]))
    return max(1, round(min(palm_px * _LINE_SHARE_OF_PALM, short_side_px / 80)))


def _fixed_point(joints_px: NDArray[np.float32]) -> NDArray[np.int32]:
    # OpenCV's coordinates are those of pixel centres; ours begin at the picture's edge, half a pixel before the first centre.
    centred = np.clip(joints_px - 0.5, -_MAX_COORDINATE_PX, _MAX_COORDINATE_PX)
    fixed: NDArray[np.int32] = np.rint(centred * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    return fixed


def _draw_bones(rgb: NDArray[np.uint8], joints: NDArray[np.int32], line_px: int) -> None:
    chains = [joints[chain] for chain in _CHAIN_JOINTS]
    cv2.polylines(rgb, chains, False, _DARK, line_px + max(2, line_px // 2 * 2), cv2.LINE_AA, _SUBPIXEL_BITS)
    for points, (color, _) in zip(chains, _CHAINS, strict=True):
        cv2.polylines(rgb, [points], False, color, line_px, cv2.LINE_AA, _SUBPIXEL_BITS)


def _draw_joints(rgb: NDArray[np.uint8], joints: NDArray[np.int32], line_px: int, *, are_rings: bool) -> None:
    dots = list(joints[:, None])
    outer_px, inner_px = round(3.8 * line_px), round(2.2 * line_px)
    if are_rings:
        _draw_colored_dots(rgb, dots, outer_px)
        _draw_dots(rgb, dots, _DARK, inner_px)
    else:
        _draw_dots(rgb, dots, _DARK, outer_px)
        _draw_colored_dots(rgb, dots, inner_px)


def _draw_colored_dots(rgb: NDArray[np.uint8], dots: list[NDArray[np.int32]], diameter_px: int) -> None:
    for color, joints in _DOTS:
        _draw_dots(rgb, dots[joints], color, diameter_px)


def _draw_dots(rgb: NDArray[np.uint8], dots: list[NDArray[np.int32]], color: tuple[int, int, int], diameter_px: int) -> None:
    """A closed line through one point is a dot as wide as the line. So many are one call, where `cv2.circle` would need one each."""
    cv2.polylines(rgb, dots, True, color, diameter_px, cv2.LINE_AA, _SUBPIXEL_BITS)
