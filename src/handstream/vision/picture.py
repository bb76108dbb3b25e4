"""What every engine accepts as a picture: `check_picture`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_picture"]

MAX_SIDE_PX = 32_766
"""OpenCV's warps address the source with 16-bit integers (`SHRT_MAX` in its `imgwarp.cpp`)."""


def check_picture(rgb: object) -> NDArray[np.uint8]:
    """The picture as a C-contiguous uint8 `(height, width, 3)` array; the same array where it is one, a copy where it is another view.

    Raises:
        ValueError: It is not an array of that shape and dtype; the text says what it is and how to convert it.
    """
    if not isinstance(rgb, np.ndarray):
        raise ValueError(f"A picture must be a numpy array of uint8 (height, width, 3) in RGB, not {type(rgb).__name__}")  # noqa: TRY004 - one error type
    if rgb.dtype != np.uint8:
        raise ValueError(f"A picture must have dtype uint8, not {rgb.dtype}: scale it to 0..255 and use .astype(numpy.uint8)")
    if rgb.ndim != 3 or rgb.shape[2] != 3 or 0 in rgb.shape:
        raise ValueError(f"A picture must have shape (height, width, 3) in RGB and at least one pixel, not {rgb.shape}")
    if max(rgb.shape) > MAX_SIDE_PX:
        raise ValueError(f"A picture may be {MAX_SIDE_PX} pixels wide and high at most, not {rgb.shape[1]}x{rgb.shape[0]}: resize it")
    return np.ascontiguousarray(rgb)
