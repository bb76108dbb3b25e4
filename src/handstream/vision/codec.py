"""Encoded pictures to RGB arrays and back: `decode` and `encode_jpeg`.

JPEG goes through libjpeg-turbo (simplejpeg), which decodes fastest and lets other threads run meanwhile; PNG and WebP go through OpenCV.
A picture's declared size is checked before a byte of memory is set aside for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import simplejpeg

from handstream.errors import FrameError
from handstream.vision.image_header import ImageHeader, probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["ImageHeader", "decode", "encode_jpeg", "probe"]

_MAX_JPEG_SCANS = 100
"""A scan of a progressive JPEG costs a pass over the whole picture and may take ten bytes. Encoders make about ten; libjpeg-turbo's own
fuzzers stop at 500."""

_PNG_END = b"IEND\xae\x42\x60\x82"
"""The type and checksum of the chunk that closes every PNG."""

_TO_UPRIGHT: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    2: lambda rgb: rgb[:, ::-1],
    3: lambda rgb: rgb[::-1, ::-1],
    4: lambda rgb: rgb[::-1],
    5: lambda rgb: rgb.transpose(1, 0, 2),
    6: lambda rgb: rgb[::-1].transpose(1, 0, 2),
    7: lambda rgb: rgb[::-1, ::-1].transpose(1, 0, 2),
    8: lambda rgb: rgb[:, ::-1].transpose(1, 0, 2),
}
"""What makes a stored picture upright, by its Exif orientation (Exif 2.32, section 4.6.4); 1 needs nothing."""


def decode(image: bytes, *, max_pixels: int) -> NDArray[np.uint8]:
    """Decodes one picture. Blocks for a millisecond or more, so never call it on an event loop.

    Grey pictures become RGB, an alpha channel is dropped, 16 bits become 8, and of an animation the first picture is taken.

    Args:
        image: A whole JPEG, PNG or WebP.
        max_pixels: The most pixels that the picture may declare.

    Returns:
        A new uint8 array `(height, width, 3)`, RGB, C-contiguous, writable, upright: its EXIF orientation is applied.

    Raises:
        FrameError: `empty_message`, `not_an_image`, `truncated_image` or `image_too_large`, as docs/protocol.md defines them.
    """
    header = probe(image)
    if header.pixels > max_pixels:
        message = (
            f"The image declares {header.width_px}x{header.height_px} pixels, more than the {max_pixels} taken here. Send a smaller one."
        )
        raise FrameError(message, code="image_too_large")
    rgb = _decode_jpeg(image, header) if header.format == "jpeg" else _decode_with_opencv(image, header)
    if rgb.shape[:2] != (header.height_px, header.width_px):
        raise _damaged(header, f"it holds {rgb.shape[1]}x{rgb.shape[0]} pixels and declares another size")
    to_upright = _TO_UPRIGHT.get(header.orientation)
    return rgb if to_upright is None else np.ascontiguousarray(to_upright(rgb))


def encode_jpeg(rgb: NDArray[np.uint8], quality: int) -> bytes:
    """Encodes a picture as JPEG with the colours at half resolution (4:2:0). Blocks for a millisecond; lets other threads run.

    libjpeg-turbo's "fast" DCT is not used: it saves 2 % of the time here and its errors grow with the quality.

    Args:
        rgb: uint8 `(height, width, 3)`, RGB, C-contiguous.
        quality: libjpeg's quality, 1..100.

    Raises:
        ValueError: The array has another shape, dtype or order, or the quality is out of range.
    """
    if not 1 <= quality <= 100:
        raise ValueError(f"quality must lie in 1..100, not {quality}")
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.flags.c_contiguous:
        raise ValueError(f"rgb must be a C-contiguous uint8 array of shape (height, width, 3), not {rgb.dtype} {rgb.shape}")
    encoded: bytes = simplejpeg.encode_jpeg(rgb, quality=quality, colorspace="RGB", colorsubsampling="420")
    return encoded


def _decode_jpeg(image: bytes, header: ImageHeader) -> NDArray[np.uint8]:
    scans = image.count(b"\xff\xda")
    if scans > _MAX_JPEG_SCANS:
        message = f"The JPEG has {scans} scans and would cost {scans} passes over the picture; at most {_MAX_JPEG_SCANS} are taken."
        raise FrameError(message, code="image_too_large")
    # The buffer has the size that was checked, so a header that libjpeg reads differently cannot make it allocate another one.
    buffer = np.empty((header.height_px, header.width_px, 3), np.uint8)
    try:
        rgb: NDArray[np.uint8] = simplejpeg.decode_jpeg(image, colorspace="RGB", buffer=buffer, strict=True)
    except ValueError as error:
        raise _damaged(header, str(error)) from error
    return rgb


def _decode_with_opencv(image: bytes, header: ImageHeader) -> NDArray[np.uint8]:
    if header.format == "png" and image.rfind(_PNG_END) < 0:
        raise _damaged(header, "its end is missing")
    try:
        rgb = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise _damaged(header, error.err) from error
    if rgb is None:
        raise _damaged(header, "its data cannot be decoded")
    return np.ascontiguousarray(rgb, np.uint8)


def _damaged(header: ImageHeader, reason: str) -> FrameError:
    return FrameError(f"The {header.format.upper()} image breaks off or is damaged: {reason}.", code="truncated_image")
