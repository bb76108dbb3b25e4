"""Makes the picture of posed hands: traces, shades and layers them over the room, with motion blur, a lens and a sensor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from handstream.vision.synthetic.background import room
from handstream.vision.synthetic.flesh import hand_cones
from handstream.vision.synthetic.placement import Camera, place
from handstream.vision.synthetic.shading import shade
from handstream.vision.synthetic.skin import paint_skin
from handstream.vision.synthetic.surface import trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from handstream.vision.synthetic.placement import PosedHand

__all__ = ["SUPERSAMPLING", "render_hands"]

SUPERSAMPLING: Final = 2
"""Rays for each pixel, each way."""

_SHUTTER_SHARE: Final = 0.5
"""The share of a frame's time for which the shutter is open: 180 degrees, in a cinema camera's words."""

_LENS_SIGMA_PX: Final = 0.55
_NOISE: Final = 0.006


def render_hands(
    hands: Sequence[PosedHand], camera: Camera, *, room_seed: int = 1, noise_seed: tuple[int, ...] = (0,)
) -> NDArray[np.uint8]:
    """The picture of hands in the room. Deterministic. Blocks for some tenths of a second.

    Args:
        hands: The hands; the nearer is drawn over the farther.
        camera: Sets the picture's size and view.
        room_seed: Chooses the room behind the hands.
        noise_seed: Chooses the sensor's noise; give each frame its own.

    Returns:
        uint8 `(height, width, 3)`, RGB.
    """
    picture = room(camera.width_px, camera.height_px, room_seed).copy()
    for hand in sorted(hands, key=lambda hand: hand.palm_px):
        layer = _hand_layer(hand, camera)
        if layer is not None:
            picture *= 1.0 - layer[..., 3:]
            picture += layer[..., :3]
    return _develop(picture, np.random.default_rng(noise_seed))


def _hand_layer(hand: PosedHand, camera: Camera) -> NDArray[np.float32] | None:
    """The hand alone as float32 `(height, width, 4)`, colour times coverage and coverage, or None if it is out of view."""
    blur_px = np.array(hand.velocity_px) * _SHUTTER_SHARE
    margin_px = 2 * math.ceil(float(np.abs(blur_px).max()) / 2 + 2)
    # The layer is larger than the picture by what motion can blur into it.
    fine = Camera(camera.width_px + 2 * margin_px, camera.height_px + 2 * margin_px, camera.focal_px).enlarged(SUPERSAMPLING)
    placed = place(hand, camera)
    surface = trace(hand_cones(placed), fine)
    if surface is None or not surface.hit.any():
        return None
    colour = shade(surface, paint_skin(surface, placed), placed.scale_px * SUPERSAMPLING)
    layer = np.zeros((fine.height_px, fine.width_px, 4), np.float32)
    rows, columns = surface.window.slices
    layer[rows, columns, :3] = _bleed(colour, surface.hit) * surface.coverage[..., None]
    layer[rows, columns, 3] = surface.coverage
    coarse = cv2.resize(layer, None, fx=1 / SUPERSAMPLING, fy=1 / SUPERSAMPLING, interpolation=cv2.INTER_AREA)
    layer = _blur_along(np.asarray(coarse, np.float32), blur_px)
    return layer[margin_px : margin_px + camera.height_px, margin_px : margin_px + camera.width_px]


def _bleed(colour: NDArray[np.float32], hit: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The colour, continued a little beyond the outline, where rays that just miss the hand would else bring in nothing."""
    inside = hit.astype(np.float32)
    spread = cv2.GaussianBlur(colour * inside[..., None], (0, 0), 1.2)
    weight = cv2.GaussianBlur(inside, (0, 0), 1.2)
    return np.where(hit[..., None], colour, spread / np.maximum(weight, np.float32(1e-3))[..., None])


def _blur_along(layer: NDArray[np.float32], motion_px: NDArray[np.float64]) -> NDArray[np.float32]:
    """Smears the layer evenly along the motion, centred: the truth is that of the exposure's middle."""
    length_px = math.hypot(*motion_px)
    if length_px < 1.0:
        return layer
    reach = int(length_px / 2) + 2
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for share in np.linspace(-0.5, 0.5, 4 * math.ceil(length_px) + 1):
        _add_point(kernel, reach + motion_px * share)
    return np.asarray(cv2.filter2D(layer, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE), np.float32)


def _add_point(kernel: NDArray[np.float32], position: NDArray[np.float64]) -> None:
    """Adds a point at x and y between pixel centres, shared among the four around it."""
    (left, top), (right_share, lower_share) = np.floor(position).astype(int), position % 1.0
    kernel[top, left] += (1 - right_share) * (1 - lower_share)
    kernel[top, left + 1] += right_share * (1 - lower_share)
    kernel[top + 1, left] += (1 - right_share) * lower_share
    kernel[top + 1, left + 1] += right_share * lower_share


def _develop(light: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    """What lens and sensor make of the light: a soft shoulder instead of clipped white, a little blur, a little noise."""
    picture = np.clip(light, 0.0, 1.5)
    picture = np.asarray(cv2.GaussianBlur(picture / (1.0 + 0.12 * picture**3), (0, 0), _LENS_SIGMA_PX), np.float32)
    picture += rng.standard_normal(picture.shape[:2], np.float32)[..., None] * np.float32(_NOISE)
    return (np.clip(picture, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
