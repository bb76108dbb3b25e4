"""Lights a hand: a window as the key light, the room around, a lamp behind, and skin that lets some of the light through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from handstream.vision.synthetic.surface import dot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from handstream.vision.synthetic.skin import Skin
    from handstream.vision.synthetic.surface import Surface

__all__ = ["shade"]


def _direction(*vector: float) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = (np.array(vector) / np.linalg.norm(vector)).astype(np.float32)
    return unit


# Directions point toward the light (x right, y down, z away from the camera); colours are red, green, blue.
_KEY: Final = _direction(-0.55, -0.70, -0.75)
_KEY_RGB: Final = np.array([0.92, 0.87, 0.80], np.float32)
_FILL: Final = _direction(0.6, 0.15, -0.6)
_FILL_RGB: Final = np.array([0.14, 0.15, 0.18], np.float32)
_AMBIENT_RGB: Final = np.array([0.37, 0.37, 0.39], np.float32)
_RIM: Final = _direction(0.85, -0.25, 0.55)
_RIM_RGB: Final = np.array([0.42, 0.34, 0.26], np.float32)
_WRAP: Final = 0.35
"""How far light reaches around the skin past the terminator, in place of real scattering below the surface."""


def shade(surface: Surface, skin: Skin, scale_px: float) -> NDArray[np.float32]:
    """The light that reaches the camera from each point.

    Args:
        surface: The hand's surface.
        skin: Its colour.
        scale_px: Pixels that one palm takes, the scale of the shadows.

    Returns:
        float32 `(height, width, 3)` RGB, 1 for white, beyond it where it would be overexposed.
    """
    facing_key = dot(_KEY, surface.normals)
    occlusion, shadow = _ambient_occlusion(surface, scale_px), _cast_shadow(surface, scale_px)
    bare = np.where(skin.cloth, np.float32(0.1), np.float32(1.0))
    light = _diffuse_light(surface, facing_key, occlusion, shadow, bare)
    colour = skin.albedo * light
    colour += _reflections(surface, skin.nail, bare, occlusion, shadow) * _KEY_RGB.reshape(3, 1, 1)
    return np.ascontiguousarray(colour.transpose(1, 2, 0))


def _diffuse_light(
    surface: Surface,
    facing_key: NDArray[np.float32],
    occlusion: NDArray[np.float32],
    shadow: NDArray[np.float32],
    bare: NDArray[np.float32],
) -> NDArray[np.float32]:
    key = np.clip((facing_key + _WRAP) / (1.0 + _WRAP), 0.0, 1.0) ** 1.25 * shadow
    sky = (0.65 - 0.35 * surface.normals[1]) * occlusion
    fill = np.clip((dot(_FILL, surface.normals) + 0.3) / 1.3, 0.0, 1.0) * occlusion
    rim = np.clip(dot(_RIM, surface.normals), 0.0, 1.0) ** 1.5 * occlusion
    sources = ((key, _KEY_RGB), (sky, _AMBIENT_RGB), (fill, _FILL_RGB), (rim, _RIM_RGB))
    light: NDArray[np.float32] = np.sum([strength * rgb.reshape(3, 1, 1) for strength, rgb in sources], axis=0)
    # Red light travels furthest below the skin, so the edge of the shadow is reddish.
    scattered = np.exp(-np.square((facing_key + 0.05) / 0.28)) * 0.10 * bare
    light *= np.stack([1.0 + scattered, 1.0 - 0.1 * scattered, 1.0 - 0.25 * scattered])
    return light


def _reflections(
    surface: Surface,
    nail: NDArray[np.float32],
    bare: NDArray[np.float32],
    occlusion: NDArray[np.float32],
    shadow: NDArray[np.float32],
) -> NDArray[np.float32]:
    """The shine of skin and nails (Blinn's half vector) and the pale edge that surfaces show at a grazing angle."""
    half = _KEY.reshape(3, 1, 1) - surface.rays
    half /= np.sqrt((half * half).sum(axis=0))
    facing_half = np.clip((surface.normals * half).sum(axis=0), 0.0, 1.0)
    facing_camera = np.clip(-(surface.normals * surface.rays).sum(axis=0), 0.0, 1.0)
    shine = (0.09 * facing_half**14 + 0.35 * nail * facing_half**40) * shadow * bare
    edge = 0.06 * (1.0 - facing_camera) ** 3 * occlusion
    return np.asarray(shine + edge, np.float32)


def _ambient_occlusion(surface: Surface, scale_px: float) -> NDArray[np.float32]:
    """Less light in hollows: where the depth lies behind the depth around it, at two scales."""
    depth, hit = _filled_depth(surface), surface.hit.astype(np.float32)
    occlusion = np.ones_like(depth)
    for radius, strength in ((0.05, 3.8), (0.16, 1.8)):
        around = _blur(depth, radius * scale_px)
        hollow = np.clip(surface.depth - around, 0.0, 0.25) * _blur(hit, radius * scale_px)
        occlusion *= 1.0 - np.clip(strength * hollow, 0.0, 0.5)
    return occlusion


def _cast_shadow(surface: Surface, scale_px: float) -> NDArray[np.float32]:
    """A soft shadow: at three distances toward the key light, is there something nearer to the camera than the way to the light?"""
    depth = _filled_depth(surface)
    shadow = np.ones_like(depth)
    height, width = depth.shape
    for distance in (0.06, 0.12, 0.2):
        shift_x, shift_y = -_KEY[:2] * np.float32(distance * scale_px)
        shifted = cv2.warpAffine(
            depth, np.array([[1, 0, shift_x], [0, 1, shift_y]], np.float32), (width, height), borderMode=cv2.BORDER_REPLICATE
        )
        gap = surface.depth - shifted
        occluded = np.clip((gap + _KEY[2] * distance - 0.02) * 8.0, 0.0, 1.0) * (gap < 0.7)
        shadow -= 0.16 * _blur(occluded.astype(np.float32), 0.03 * scale_px + 1.0)
    return shadow


def _filled_depth(surface: Surface) -> NDArray[np.float32]:
    """The depth, with what lies beside the hand put a little behind it."""
    behind = surface.depth[surface.hit].max(initial=0.0) + 0.1
    return np.where(surface.hit, surface.depth, np.float32(behind))


def _blur(picture: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.float32)
