"""What a caller gives the client, checked before anything is sent: `check_options`, `checked_image` and `checked_stamp`.

A type checker has not seen every script. What is wrong is named here, where the caller's own line is still in the traceback.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from numbers import Integral, Real
from typing import TYPE_CHECKING

from handstream.vision.engines import is_number
from handstream.vision.picture import check_picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ImageBytes", "check_options", "checked_image", "checked_stamp"]

ImageBytes = bytes | bytearray | memoryview
"""A whole JPEG, PNG or WebP."""

_BEST_QUALITY = 100  # libjpeg's
_MAX_STAMP_NS = 2**64 - 1
_TOKEN = re.compile(r"[\x21-\x7e]+")
"""What an HTTP header can carry (RFC 9110, section 5.5)."""


def check_options(
    *, settings: object, frame_interval_ms: float, jpeg_quality: int, min_scale: float, reconnect_within_s: float, token: object
) -> None:
    """Checks the arguments of `connect` that have a range.

    Raises:
        ValueError: One is out of it. A token is not told.
    """
    if settings is not None and not isinstance(settings, Mapping):
        raise ValueError(f'settings must be a mapping, as in {{"output": "landmarks"}}, not {settings!r}')
    if not (is_number(frame_interval_ms, Real) and 0 < frame_interval_ms < math.inf):
        raise ValueError(f"frame_interval_ms must be a number above 0, not {frame_interval_ms!r}")
    if not (is_number(jpeg_quality, Integral) and 1 <= jpeg_quality <= _BEST_QUALITY):
        raise ValueError(f"jpeg_quality must be a whole number in 1..{_BEST_QUALITY}, not {jpeg_quality!r}")
    if not (is_number(min_scale, Real) and 0 < min_scale <= 1):
        raise ValueError(f"min_scale must lie above 0 and be at most 1, not {min_scale!r}")
    if not (is_number(reconnect_within_s, Real) and reconnect_within_s >= 0):
        raise ValueError(f"reconnect_within_s must be a number of 0 or more, not {reconnect_within_s!r}")
    if token is not None and not (isinstance(token, str) and _TOKEN.fullmatch(token)):
        raise ValueError("token must be a text of visible ASCII characters, without spaces or line breaks")


def checked_image(image: object) -> bytes | NDArray[np.uint8]:
    """The bytes of an encoded image, or an array as `check_picture` gives it.

    Raises:
        ValueError: It is neither; the text says how to convert it.
    """
    return bytes(image) if isinstance(image, ImageBytes) else check_picture(image)


def checked_stamp(time_ns: int) -> int:
    """A capture time that the wire can carry.

    Raises:
        ValueError: It is none.
    """
    if not (is_number(time_ns, Integral) and 0 <= time_ns <= _MAX_STAMP_NS):
        raise ValueError(f"capture_time_ns must be a whole number of nanoseconds in 0..2**64-1, not {time_ns!r}")
    return int(time_ns)
