"""Marks a picture with its number so that it is known again after JPEG, VP8 or VP9, another size, or a canvas: `stamp` and `read`.

The code is a strip of black and white cells along the bottom edge: 16 bits of the number and 16 bits of a check, most significant
first. Each bit takes two cells, (white, black) for 1 and (black, white) for 0 (Manchester coding), so that reading it compares
neighbours and needs no threshold. Position and size are shares of the picture, so that scaling does no harm; cropping and mirroring do.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MAX_NUMBER", "read", "stamp"]

MAX_NUMBER: Final = 2**16 - 1
"""The largest number that can be stamped."""

_BITS: Final = 32
_STRIP_SHARE: Final = 1 / 30  # of the picture's height: two rows of a video codec's 8-pixel blocks at 480 lines
_CORE_SHARE: Final = 0.6  # what is read of each cell: its edges suffer from scaling and compression
_MIN_CONTRAST: Final = 32.0  # of 255; a picture without a code rarely has it in every pair of cells


def stamp(rgb: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """A copy of the picture, uint8 `(height, width, 3)`, with the number along its bottom edge.

    Raises:
        ValueError: The number does not lie in 0..65535.
    """
    if not 0 <= number <= MAX_NUMBER:
        raise ValueError(f"a frame code holds 0 to {MAX_NUMBER}, not {number}")
    height, width = rgb.shape[:2]
    bits = _bits_of(number)
    cells = np.column_stack([bits, ~bits]).ravel()
    edges = np.round(np.linspace(0, width, cells.size + 1)).astype(int)
    stamped = rgb.copy()
    stamped[_strip_top(height) :] = np.repeat(np.where(cells, 255, 0).astype(np.uint8), np.diff(edges))[None, :, None]
    return stamped


def read(rgb: NDArray[np.uint8]) -> int | None:
    """The number stamped on a picture, uint8 `(height, width, 3)` in any order of channels, or None if there is no sound code."""
    height, width = rgb.shape[:2]
    strip = rgb[_strip_top(height) :].astype(np.float32)
    margin = int(strip.shape[0] * (1 - _CORE_SHARE) / 2)
    brightness = strip[margin : strip.shape[0] - margin].mean(axis=(0, 2))
    cell_px = width / (2 * _BITS)
    cells = np.array([_mean_between(brightness, (index + 0.5) * cell_px, cell_px * _CORE_SHARE) for index in range(2 * _BITS)])
    contrast = cells[0::2] - cells[1::2]
    if np.abs(contrast).min() < _MIN_CONTRAST:
        return None
    word = int("".join("1" if bit else "0" for bit in contrast > 0), 2)
    number, check = divmod(word, 2**16)
    return number if check == _check(number) else None


def _bits_of(number: int) -> NDArray[np.bool_]:
    word = (number << 16) | _check(number)
    return np.array([word >> bit & 1 for bit in reversed(range(_BITS))], bool)


def _check(number: int) -> int:
    return zlib.crc32(number.to_bytes(2, "big")) & 0xFFFF


def _strip_top(height_px: int) -> int:
    return height_px - max(2, round(height_px * _STRIP_SHARE))


def _mean_between(brightness: NDArray[np.float32], centre: float, width: float) -> float:
    """The mean around a cell's centre, of one column at least."""
    first = int(centre - width / 2 + 0.5)
    return float(brightness[first : max(first + 1, int(centre + width / 2 + 0.5))].mean())
