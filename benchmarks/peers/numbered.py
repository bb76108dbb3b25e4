"""The clip as all clients play it, and the number that each picture carries: `NumberedClip` and `read_number`.

Which frame a returned picture shows is read from the picture itself, whatever a server drops, repeats or reorders. The number stands in the
top left corner as black and white blocks with a check. A block is one macroblock of VP8 (16x16), so it outlives low bit rates and JPEG.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["HEIGHT_PX", "WIDTH_PX", "NumberedClip", "read_number"]

WIDTH_PX, HEIGHT_PX = 640, 480

_BLOCK_PX, _COLUMNS, _ROWS = 16, 10, 2
_NUMBER_BITS, _CHECK_BITS = 16, 4
_BLACK, _WHITE, _GREY = 16, 235, 128
"""Of limited-range video, ITU-R BT.601."""


class NumberedClip:
    """The clip's pictures from one on, forward and backward without end, so that no hand ever jumps.

    Args:
        file: What `clip.prepare` wrote; it is mapped, so that all processes share it.
        first: The picture to begin with.
    """

    def __init__(self, file: Path, first: int = 0) -> None:
        self._frames = np.load(file, mmap_mode="r")
        self._first = first

    def picture(self, number: int) -> NDArray[np.uint8]:
        """The picture of a tick with its number in the corner: uint8 `(720, 640)`, I420, limited range."""
        last = len(self._frames) - 1
        place = (self._first + number) % max(2 * last, 1)
        return _stamped(self._frames[min(place, 2 * last - place)], number)


def read_number(luma: NDArray[np.uint8]) -> int | None:
    """The number in a picture's corner, modulo 65,536; None where it cannot be read. `luma` is `(height, width)`."""
    if luma.shape[0] < _ROWS * _BLOCK_PX or luma.shape[1] < _COLUMNS * _BLOCK_PX:
        return None
    blocks = luma[: _ROWS * _BLOCK_PX, : _COLUMNS * _BLOCK_PX].reshape(_ROWS, _BLOCK_PX, _COLUMNS, _BLOCK_PX)
    inset = _BLOCK_PX // 4  # the edges are blurred
    means = blocks[:, inset:-inset, :, inset:-inset].mean(axis=(1, 3)).ravel()
    bits = sum(1 << place for place, mean in enumerate(means) if mean > _GREY)
    number, check = bits >> _CHECK_BITS, bits % (1 << _CHECK_BITS)
    return number if check == _check(number) else None


def _stamped(frame: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    number %= 1 << _NUMBER_BITS
    bits = number << _CHECK_BITS | _check(number)
    places = np.arange(_ROWS * _COLUMNS).reshape(_ROWS, _COLUMNS)
    blocks = np.where(bits >> places & 1, _WHITE, _BLACK).astype(np.uint8)
    stamped = frame.copy()
    stamped[: _ROWS * _BLOCK_PX, : _COLUMNS * _BLOCK_PX] = np.kron(blocks, np.ones((_BLOCK_PX, _BLOCK_PX), np.uint8))
    chroma = stamped[HEIGHT_PX:].reshape(2, HEIGHT_PX // 2, WIDTH_PX // 2)
    chroma[:, : _ROWS * _BLOCK_PX // 2, : _COLUMNS * _BLOCK_PX // 2] = _GREY
    return stamped


def _check(number: int) -> int:
    """Four bits that a misread number hardly has: its nibbles and a constant, so that an all-black corner is no number."""
    return (number ^ number >> 4 ^ number >> 8 ^ number >> 12) & 0xF ^ 0b1010
