"""The room behind the hands, out of focus: a wall, a window to the left, shelves, a table, and a few lamps."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from handstream.vision.synthetic.skin import value_noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["room"]

# Rectangles as shares of the picture (left, top, right, bottom) and their colours.
_WINDOW: Final = (
    ((-0.06, 0.02, 0.15, 0.66), (0.93, 0.95, 0.97)),
    ((-0.06, 0.32, 0.15, 0.345), (0.62, 0.64, 0.66)),
    ((0.055, 0.02, 0.068, 0.66), (0.62, 0.64, 0.66)),
    ((0.15, -0.02, 0.21, 0.74), (0.66, 0.67, 0.68)),
)
_FURNITURE: Final = (
    ((-0.05, 0.82, 1.05, 1.05), (0.50, 0.385, 0.30)),
    ((-0.05, 0.815, 1.05, 0.835), (0.62, 0.50, 0.40)),
    ((0.70, 0.415, 1.05, 0.435), (0.56, 0.47, 0.39)),
    ((0.70, 0.685, 1.05, 0.705), (0.56, 0.47, 0.39)),
)
_BOOK_COLOURS: Final = (
    (0.27, 0.40, 0.44),
    (0.62, 0.60, 0.54),
    (0.36, 0.46, 0.42),
    (0.68, 0.62, 0.50),
    (0.30, 0.34, 0.42),
    (0.52, 0.40, 0.38),
)
_LAMPS: Final = (
    (0.60, 0.03, 0.016),
    (0.665, 0.095, 0.019),
    (0.74, 0.14, 0.017),
    (0.82, 0.155, 0.020),
    (0.90, 0.135, 0.018),
    (0.975, 0.08, 0.020),
)


@functools.lru_cache(maxsize=8)
def room(width_px: int, height_px: int, seed: int) -> NDArray[np.float32]:
    """The empty room as the camera sees it: float32 `(height, width, 3)` RGB, 1 for white. Cached, so not to be written to."""
    rng = np.random.default_rng(seed)
    picture = _wall(width_px, height_px)
    for box, colour in (*_FURNITURE, *_books(rng), *_WINDOW):
        _fill(picture, box, colour)
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), width_px / 75), np.float32)
    _hang_lamps(picture)
    rows, columns = _shares(width_px, height_px)
    clouds = cv2.resize(value_noise(rng), (width_px, height_px))
    picture *= (1.0 + 0.012 * clouds)[..., None]
    picture *= (1.0 - 0.5 * ((columns - 0.5) ** 2 + (rows - 0.5) ** 2))[..., None]
    picture.flags.writeable = False
    return picture


def _wall(width_px: int, height_px: int) -> NDArray[np.float32]:
    rows, columns = _shares(width_px, height_px)
    glow = np.exp(-((columns - 0.12) ** 2 * 3.0 + (rows - 0.2) ** 2 * 2.2))
    shade = (0.58 - 0.10 * rows)[..., None] * np.array([0.95, 1.0, 1.01]) + glow[..., None] * np.array([0.20, 0.19, 0.17])
    wall: NDArray[np.float32] = shade.astype(np.float32)
    return wall


def _books(rng: np.random.Generator) -> list[tuple[tuple[float, float, float, float], tuple[float, float, float]]]:
    books = []
    for shelf in (0.415, 0.685):
        left = 0.74
        while left < 1.0:
            width, height = rng.uniform(0.018, 0.042), rng.uniform(0.11, 0.19)
            books.append(((left, shelf - height, left + width, shelf), _BOOK_COLOURS[rng.integers(len(_BOOK_COLOURS))]))
            left += width + (rng.uniform(0.02, 0.08) if rng.random() < 0.2 else 0.002)
    return books


def _fill(picture: NDArray[np.float32], box: tuple[float, float, float, float], colour: tuple[float, float, float]) -> None:
    height, width = picture.shape[:2]
    left, top, right, bottom = box
    cv2.rectangle(picture, (round(left * width), round(top * height)), (round(right * width), round(bottom * height)), colour, -1)


def _hang_lamps(picture: NDArray[np.float32]) -> None:
    """A string of small lamps: points out of focus become discs of light."""
    height, width = picture.shape[:2]
    discs = np.zeros((height, width), np.float32)
    for x, y, radius in _LAMPS:
        cv2.circle(discs, (round(x * width * 16), round(y * height * 16)), round(radius * width * 16), 1.0, -1, cv2.LINE_AA, shift=4)
    halo = cv2.GaussianBlur(discs, (0, 0), width / 40)
    light = 0.30 * cv2.GaussianBlur(discs, (0, 0), 1.6) + 0.35 * halo
    picture += light[..., None] * np.array([1.0, 0.82, 0.55], np.float32)


def _shares(width_px: int, height_px: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rows, columns = np.mgrid[0:height_px, 0:width_px].astype(np.float32)
    return rows / np.float32(height_px), columns / np.float32(width_px)
