"""Encoded pictures for the tests of what reads them: any format, any EXIF orientation."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import cv2
import numpy as np
import simplejpeg

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMATS = ("jpeg", "png", "webp")


def quadrants(width_px: int = 64, height_px: int = 48) -> NDArray[np.uint8]:
    """Red and blue above green and white: no turn or flip of it looks like another."""
    rgb = np.empty((height_px, width_px, 3), np.uint8)
    top, left = slice(0, height_px // 2), slice(0, width_px // 2)
    bottom, right = slice(height_px // 2, None), slice(width_px // 2, None)
    rgb[top, left], rgb[top, right], rgb[bottom, left], rgb[bottom, right] = (255, 0, 0), (0, 0, 255), (0, 255, 0), (255, 255, 255)
    return rgb


def encoded(rgb: NDArray[np.uint8], image_format: str) -> bytes:
    """That picture as JPEG (quality 95, no subsampling), PNG or WebP (lossless)."""
    if image_format == "jpeg":
        jpeg: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(rgb), 95, colorsubsampling="444")
        return jpeg
    options = [cv2.IMWRITE_WEBP_QUALITY, 101] if image_format == "webp" else []
    return bytes(cv2.imencode(f".{image_format}", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), options)[1])


def with_orientation(image: bytes, orientation: int, *, byte_order: str = "<") -> bytes:
    """The same picture with that EXIF orientation declared."""
    exif = exif_block(orientation, byte_order)
    if image.startswith(b"\xff\xd8"):
        payload = b"Exif\0\0" + exif
        return image[:2] + b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload + image[2:]
    if image.startswith(b"\x89PNG"):
        return image[:33] + png_chunk(b"eXIf", exif) + image[33:]
    return _extended_webp(image, exif)


def exif_block(orientation: int, byte_order: str = "<") -> bytes:
    """A TIFF header and one directory with two entries: the image's width, and the orientation."""
    magic = b"II*\0" if byte_order == "<" else b"MM\0*"
    entries = struct.pack(f"{byte_order}HHII", 0x0100, 4, 1, 64) + struct.pack(f"{byte_order}HHIHH", 0x0112, 3, 1, orientation, 0)
    return magic + struct.pack(f"{byte_order}IH", 8, 2) + entries + b"\0\0\0\0"


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_declaring(width_px: int, height_px: int) -> bytes:
    """A PNG of under 100 bytes that declares that many pixels."""
    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(b"\0" * 30)) + png_chunk(b"IEND", b"")


def webp_declaring(width_px: int, height_px: int) -> bytes:
    canvas = (width_px - 1).to_bytes(3, "little") + (height_px - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + canvas
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def jpeg_declaring(width_px: int, height_px: int) -> bytes:
    """A small JPEG whose frame header was changed to declare that size."""
    jpeg = bytearray(encoded(quadrants(), "jpeg"))
    struct.pack_into(">HH", jpeg, jpeg.index(b"\xff\xc0") + 5, height_px, width_px)
    return bytes(jpeg)


def _extended_webp(image: bytes, exif: bytes) -> bytes:
    picture = image[12:] + b"\0" * (len(image) % 2)
    size = int.from_bytes(image[21:25], "little")
    canvas = (size & 0x3FFF).to_bytes(3, "little") + (size >> 14 & 0x3FFF).to_bytes(3, "little")
    chunks = b"WEBP" + b"VP8X" + struct.pack("<I", 10) + b"\x08\0\0\0" + canvas + picture
    chunks += b"EXIF" + struct.pack("<I", len(exif)) + exif + b"\0" * (len(exif) % 2)
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks
