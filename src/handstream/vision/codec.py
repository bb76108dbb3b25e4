"""Encoded pictures to RGB arrays and back: `decode` and `encode_jpeg`.

JPEG goes through libjpeg-turbo (simplejpeg), which decodes fastest and lets other threads run meanwhile, PNG through FFmpeg (PyAV), WebP
through OpenCV. OpenCV's own reader of PNG sets aside as much memory as a chunk declares, gigabytes for a file of 69 bytes, and libpng tells
stderr of each damaged file. A picture's declared size is checked before a byte of memory is set aside for it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
import simplejpeg

from handstream.errors import FrameError
from handstream.vision.image_header import ImageHeader, probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["ImageHeader", "decode", "encode_jpeg", "probe"]

_MAX_JPEG_SCANS = 40
"""A scan of a progressive JPEG costs a pass over the whole picture and may take ten bytes. Encoders make about ten, 18 where there are four
colours; libjpeg-turbo's own fuzzers stop at 500. With 40 no picture of 3840x2160 takes longer than a PNG of 16 bits may."""

_REDUCTIONS = (8, 4, 2)
"""By how much libjpeg-turbo decodes smaller at less cost, the most first: an 8x8 block becomes 1x1, 2x2 or 4x4. What lies between has no
vector code there: 3/4 takes twice as long as the whole picture."""

_PNG_CHECKS = {"err_detect": "crccheck+bitstream+buffer+explode"}
"""FFmpeg's own default is to show what it can of a damaged picture."""

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


def decode(image: bytes, *, max_pixels: int, least_long_side_px: float = math.inf, header: ImageHeader | None = None) -> NDArray[np.uint8]:
    """Decodes one picture. Blocks for a millisecond or more, so never call it on an event loop.

    Grey pictures become RGB, an alpha channel is dropped, 16 bits become 8, and of an animation the first picture is taken.

    Args:
        image: A whole JPEG, PNG or WebP.
        max_pixels: The most pixels that the picture may declare.
        least_long_side_px: How many pixels of the longer side are of use. A JPEG that has twice, four or eight times as many is decoded
            smaller, in about half of the time; it keeps its proportions exactly, so what is normalised to its size stays the same.
        header: What `probe` said of the image; None asks it.

    Returns:
        A new uint8 array `(height, width, 3)`, RGB, C-contiguous, writable, upright: its EXIF orientation is applied.

    Raises:
        FrameError: `empty_message`, `not_an_image`, `truncated_image` or `image_too_large`, as docs/protocol.md defines them.
    """
    header = header or probe(image)
    if header.pixels > max_pixels:
        message = (
            f"The image declares {header.width_px}x{header.height_px} pixels, more than the {max_pixels} taken here. Send a smaller one."
        )
        raise FrameError(message, code="image_too_large")
    reduction = _reduction(header, least_long_side_px)
    match header.format:
        case "jpeg":
            rgb = _decode_jpeg(image, header, reduction)
        case "png":
            rgb = _decode_png(image, header)
        case "webp":
            rgb = _decode_webp(image, header)
    if rgb.shape[:2] != (header.height_px // reduction, header.width_px // reduction):
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


def _reduction(header: ImageHeader, least_long_side_px: float) -> int:
    """By how much the picture is to be decoded smaller: one of `_REDUCTIONS`, or 1."""
    if header.format != "jpeg":
        return 1
    sides_px = (header.width_px, header.height_px)
    fits = (by for by in _REDUCTIONS if max(sides_px) / by >= least_long_side_px and not any(side_px % by for side_px in sides_px))
    return next(fits, 1)


def _decode_jpeg(image: bytes, header: ImageHeader, reduction: int) -> NDArray[np.uint8]:
    scans = image.count(b"\xff\xda")
    if scans > _MAX_JPEG_SCANS:
        message = f"The JPEG has {scans} scans and would cost {scans} passes over the picture; at most {_MAX_JPEG_SCANS} are taken."
        raise FrameError(message, code="image_too_large")
    # The buffer has the size that was checked, so a header that libjpeg reads differently cannot make it allocate another one.
    height_px, width_px = header.height_px // reduction, header.width_px // reduction
    buffer = np.empty((height_px, width_px, 3), np.uint8)
    try:
        rgb: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            image, colorspace="RGB", min_height=height_px, min_width=width_px, min_factor=reduction, buffer=buffer, strict=True
        )
    except ValueError as error:
        raise _damaged(header, str(error)) from error
    return rgb


def _decode_png(image: bytes, header: ImageHeader) -> NDArray[np.uint8]:
    decoder = av.VideoCodecContext.create("png", "r")
    decoder.thread_count = 1
    decoder.options = _PNG_CHECKS
    try:
        frames = decoder.decode(av.Packet(image))
    except av.FFmpegError as error:
        raise _damaged(header, "its data cannot be decoded") from error
    if not frames:
        raise _damaged(header, "it holds no picture")
    return np.ascontiguousarray(frames[0].to_ndarray(format="rgb24"), np.uint8)


def _decode_webp(image: bytes, header: ImageHeader) -> NDArray[np.uint8]:
    try:
        rgb = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise _damaged(header, error.err) from error
    if rgb is None:
        raise _damaged(header, "its data cannot be decoded")
    return np.ascontiguousarray(rgb, np.uint8)


def _damaged(header: ImageHeader, reason: str) -> FrameError:
    return FrameError(f"The {header.format.upper()} image breaks off or is damaged: {reason}.", code="truncated_image")
