"""The colour of each point of a hand before light falls on it: skin with its creases, knuckles, nails and mottling, and the sleeve's cloth.

None of it moves a landmark, yet MediaPipe needs some of it: in flat colour a third of the hands is found, and creases and nails
tell it a palm from a back (docs/synthetic-hand.md).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from handstream.vision.synthetic.anatomy import KNUCKLES
from handstream.vision.synthetic.flesh import SLEEVE_START, Part
from handstream.vision.synthetic.surface import cone_coordinates, dot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from handstream.vision.synthetic.anatomy import Bone
    from handstream.vision.synthetic.flesh import RoundCone
    from handstream.vision.synthetic.placement import PlacedHand
    from handstream.vision.synthetic.surface import Surface

__all__ = ["Skin", "paint_skin", "value_noise"]

_SKIN_RGB: Final = np.array([209, 155, 128], np.float32) / 255
_CLOTH_RGB: Final = np.array([58, 74, 104], np.float32) / 255
_TEXTURE_PX: Final = 256
_NAIL_POWER: Final = 2.6  # a superellipse: nails are rounder than rectangles and squarer than ellipses

# Where the palm's texture lies in the hand's frame: from this corner on, by this width and height, in palms.
_PALM_CORNER: Final = (-0.7, -0.1)
_PALM_EXTENT: Final = (1.4, 1.3)

# The palm's creases as quadratic Bezier curves: three points, how dark, how wide in texture pixels.
_PALM_CREASES: Final = (
    ((0.36, 0.72), (0.10, 0.62), (0.07, 0.05), 0.80, 3),  # thenar
    ((0.36, 0.76), (0.05, 0.70), (-0.34, 0.42), 0.70, 3),  # proximal transverse
    ((-0.47, 0.66), (-0.15, 0.66), (0.12, 0.93), 0.75, 3),  # distal transverse
    ((-0.05, 0.10), (-0.06, 0.40), (-0.03, 0.75), 0.20, 2),
    ((0.30, 0.02), (0.0, -0.03), (-0.30, 0.02), 0.55, 3),  # wrist
    ((0.30, -0.05), (0.0, -0.09), (-0.30, -0.05), 0.35, 2),
)


@dataclass(frozen=True, slots=True, eq=False)
class Skin:
    """What a hand's surface is made of, for each pixel of a `Surface`.

    Attributes:
        albedo: float32 `(3, height, width)`, the share of red, green and blue light that it sends back, linear in the picture's values.
        nail: 0..1, how much of the pixel is fingernail.
        cloth: bool, whether it is the sleeve.
    """

    albedo: NDArray[np.float32]
    nail: NDArray[np.float32]
    cloth: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Marks:
    """What darkens and reddens the skin, and where the nails are: `(height, width)` each."""

    crease: NDArray[np.float32]
    flush: NDArray[np.float32]
    nail: NDArray[np.float32]

    @classmethod
    def none(cls, shape: tuple[int, ...]) -> _Marks:
        return cls(np.zeros(shape, np.float32), np.zeros(shape, np.float32), np.zeros(shape, np.float32))


def paint_skin(surface: Surface, hand: PlacedHand) -> Skin:
    """The hand's colour at each point of its surface."""
    points, normals = _in_hand_frame(surface, hand)
    parts = np.array([cone.part.value for cone, _ in surface.cones])[surface.nearest]
    is_cloth = parts == Part.SLEEVE.value
    is_arm = parts == Part.ARM.value
    marks = _digit_marks(surface)
    _mark_palm(marks, points, normals, where=~is_cloth & ((parts == Part.PALM.value) | (is_arm & (points[1] > -0.2)) | _is_root(surface)))
    albedo = _skin_colour(marks, points, normals)
    albedo[:, is_cloth] = _cloth_colour(points)[:, is_cloth]
    return Skin(albedo, marks.nail, is_cloth)


def value_noise(rng: np.random.Generator) -> NDArray[np.float32]:
    """Cloudy noise in several octaves, `(256, 256)`, of standard deviation 1, that continues itself when it is laid side by side."""
    noise = np.zeros((_TEXTURE_PX, _TEXTURE_PX), np.float32)
    for cells, amplitude in ((4, 1.0), (8, 0.6), (32, 0.35), (64, 0.2)):
        cell_px = _TEXTURE_PX // cells
        grid = np.pad(rng.standard_normal((cells, cells)).astype(np.float32), 2, mode="wrap")
        octave = cv2.resize(grid, None, fx=cell_px, fy=cell_px, interpolation=cv2.INTER_CUBIC)
        noise += np.float32(amplitude) * octave[2 * cell_px : -2 * cell_px, 2 * cell_px : -2 * cell_px]
    return np.asarray(noise / noise.std(), np.float32)


def _in_hand_frame(surface: Surface, hand: PlacedHand) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    axes = hand.orientation.T
    offset = surface.points - hand.origin.astype(np.float32).reshape(3, 1, 1)
    return np.stack([dot(axis, offset) for axis in axes]), np.stack([dot(axis, surface.normals) for axis in axes])


def _is_root(surface: Surface) -> NDArray[np.bool_]:
    """Where a digit's root, as a part of the palm, is the nearest cone."""
    roots = np.array([cone.part is Part.DIGIT and cone.group == 0 for cone, _ in surface.cones])
    found: NDArray[np.bool_] = roots[surface.nearest]
    return found


# --- marks


def _digit_marks(surface: Surface) -> _Marks:
    marks = _Marks.none(surface.depth.shape)
    for number, (cone, window) in enumerate(surface.cones):
        if cone.bone is None:
            continue
        rows, columns = np.nonzero((surface.nearest[window.slices] == number) & surface.hit[window.slices])
        rows, columns = rows + window.top, columns + window.left
        if rows.size:
            crease, flush, nail = _phalanx_marks(surface.points[:, rows, columns], cone, cone.bone)
            marks.crease[rows, columns] = crease
            marks.flush[rows, columns] = flush
            marks.nail[rows, columns] = nail
    return marks


def _phalanx_marks(
    points: NDArray[np.float32], cone: RoundCone, bone: Bone
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Crease, flush and nail at points `(3, n)` of one bone's flesh."""
    offset, along, _ = cone_coordinates(points, cone)
    offset /= np.maximum(np.sqrt((offset * offset).sum(axis=0)), np.float32(1e-5))
    # Around the axis: +1 on the inner face and -1 on the back; +1 on one side and -1 on the other.
    facing, side = dot(bone.palmar, offset), dot(bone.lateral, offset)
    inner, back = np.clip(facing * 2.5, 0.0, 1.0), np.clip(-facing * 2.5, 0.0, 1.0)
    length = float(np.linalg.norm(cone.end - cone.start))
    wobble = 0.008 * np.sin(5.0 * side + bone.digit)
    crease, flush = np.zeros_like(along), np.zeros_like(along)
    root_segment = 1 if bone.digit == 0 else 0
    joints = ([0.0] if bone.segment > root_segment else []) + ([length] if bone.segment < 2 else [])
    for joint in joints:
        crease += 0.5 * inner * _line(along - joint - wobble, 0.015)
        for wrinkle in (-0.035, 0.0, 0.035):
            crease += 0.32 * back * _line(along - joint - wrinkle - wobble, 0.011)
        flush += 0.5 * back * _line(along - joint, 0.08)
    nail = np.zeros_like(along)
    if bone.segment == 2:
        flush += 0.6 * np.clip((along - length * 0.45) / (length * 0.6), 0.0, 1.0) * (0.4 + 0.6 * inner)
        nail, rim = _nail(along / length, side, facing)
        crease += 0.5 * rim
    return crease, flush, nail


def _line(distance: NDArray[np.float32], width: float) -> NDArray[np.float32]:
    line: NDArray[np.float32] = np.exp(-np.square(distance / np.float32(width)))
    return line


def _nail(
    share: NDArray[np.float32], side: NDArray[np.float32], facing: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How much of each point is nail, and how much is the fold around it."""
    radius = np.abs((share - 0.83) / 0.42) ** _NAIL_POWER + np.abs(side / 0.80) ** _NAIL_POWER
    nail = np.clip((1.0 - radius) * 4.0, 0.0, 1.0) * np.clip((-facing - 0.15) * 5.0, 0.0, 1.0)
    rim = _line(radius - 1.05, 0.16) * np.clip((-facing - 0.1) * 5.0, 0.0, 1.0)
    return nail, rim


def _mark_palm(marks: _Marks, points: NDArray[np.float32], normals: NDArray[np.float32], *, where: NDArray[np.bool_]) -> None:
    """Adds the palm's creases, and the reddish knuckles on the back of the hand."""
    columns, rows = ((points[axis] - _PALM_CORNER[axis]) / _PALM_EXTENT[axis] * _TEXTURE_PX for axis in (0, 1))
    texture = np.asarray(
        cv2.remap(_palm_texture(), columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0), np.float32
    )
    np.add(marks.crease, texture * np.clip(normals[2] * 2.0, 0.0, 1.0), out=marks.crease, where=where)
    for knuckle in KNUCKLES:
        near = np.exp(-((points[0] - knuckle[0]) ** 2 + (points[1] - knuckle[1]) ** 2) / 0.008)
        np.add(marks.flush, 0.6 * near * np.clip(-normals[2] * 2.0, 0.0, 1.0), out=marks.flush, where=where)


@functools.cache
def _palm_texture() -> NDArray[np.float32]:
    """How dark the palm's creases are, 0..1."""
    texture = np.zeros((_TEXTURE_PX, _TEXTURE_PX), np.float32)
    finger_bases = [((x - 0.10, y + 0.19), (x, y + 0.17), (x + 0.10, y + 0.19), 0.6, 3) for x, y, _ in KNUCKLES]
    share = np.linspace(0.0, 1.0, 40)[:, None]
    for start, middle, end, darkness, width in (*_PALM_CREASES, *finger_bases):
        curve = (1 - share) ** 2 * np.array(start) + 2 * share * (1 - share) * np.array(middle) + share**2 * np.array(end)
        pixels = (curve - _PALM_CORNER) / _PALM_EXTENT * _TEXTURE_PX
        line = np.zeros(texture.shape, np.uint8)
        cv2.polylines(line, [np.round(pixels * 16).astype(np.int32)], False, 255, width, cv2.LINE_AA, shift=4)
        np.maximum(texture, line.astype(np.float32) * np.float32(darkness / 255), out=texture)
    return np.asarray(cv2.GaussianBlur(texture, (0, 0), 1.7), np.float32)


# --- colours


def _skin_colour(marks: _Marks, points: NDArray[np.float32], normals: NDArray[np.float32]) -> NDArray[np.float32]:
    """Skin is lighter and pinker on the palm, redder where it is flushed, darker in its creases."""
    palm = np.clip(normals[2] * 1.6 + 0.2, 0.0, 1.0) * np.clip(points[1] * 4.0 + 0.7, 0.0, 1.0)  # it fades out at the wrist
    mottling = _mottling(points)
    crease = np.clip(marks.crease, 0.0, 1.2)
    tone = (1.0 + 0.06 * palm - 0.02 * (1.0 - palm)) * (1.0 + 0.028 * mottling) * (1.0 - 0.40 * crease)
    red = tone * (1.0 + 0.10 * np.minimum(crease, 1.0))
    green = tone * (1.0 - 0.03 * palm) * (1.0 - 0.10 * marks.flush - 0.012 * mottling)
    blue = tone * (1.0 - 0.09 * marks.flush - 0.008 * mottling)
    skin = np.stack([red, green, blue]).astype(np.float32) * _SKIN_RGB.reshape(3, 1, 1)
    nail_rgb = np.clip(_SKIN_RGB * np.array([1.06, 1.02, 1.06], np.float32) + np.float32(0.05), 0.0, 1.0)
    return np.asarray(skin + (nail_rgb.reshape(3, 1, 1) - skin) * (marks.nail * np.float32(0.85)), np.float32)


def _cloth_colour(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """A knitted sleeve: ribs along the cuff, a soft weave beyond it, and a dark line where the cuff is sewn on."""
    below = SLEEVE_START - points[1]
    cuff = np.clip((0.16 - below) * 40.0, 0.0, 1.0)
    angle = np.arctan2(points[2], points[0])
    tone = 1.0 + 0.10 * cuff * np.sin(angle * 44.0) + 0.05 * (1.0 - cuff) * np.sin(points[1] * 150.0) * np.sin(angle * 60.0)
    tone *= 1.0 - 0.35 * _line(below - 0.17, 0.012)
    tone *= 1.0 + 0.05 * _mottling(points)
    cloth: NDArray[np.float32] = tone.astype(np.float32) * _CLOTH_RGB.reshape(3, 1, 1)
    return cloth


def _mottling(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Noise that is fixed to the hand, so that it moves with it."""
    columns = (points[0] * 90.0 + points[2] * 60.0 + 100.0) % _TEXTURE_PX
    rows = (points[1] * 90.0 + points[2] * 35.0 + 40.0) % _TEXTURE_PX
    return np.asarray(cv2.remap(_noise_texture(), columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32)


@functools.cache
def _noise_texture() -> NDArray[np.float32]:
    return value_noise(np.random.default_rng(7))
