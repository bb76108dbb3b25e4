"""Images that a stranger might send, built by code: `seeds` are whole ones of every kind, `broken` turns them into others without end."""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_SIDE_PX = 48
"""Small, so that a hundred thousand of them are decoded in minutes; what can be wrong with an image does not depend on its size."""


def seeds() -> dict[str, bytes]:
    """Whole images, by what is unusual about them. Some are no image that may be decoded at all."""
    rgb = np.random.default_rng(1).integers(0, 256, (_SIDE_PX, _SIDE_PX, 3), dtype=np.uint8)
    picture = Image.fromarray(rgb)
    jpeg = _saved(picture, "JPEG", quality=80)
    png = _saved(picture, "PNG")
    return {
        "baseline jpeg": jpeg,
        "progressive jpeg": _saved(picture, "JPEG", progressive=True),
        "cmyk jpeg": _saved(picture.convert("CMYK"), "JPEG"),
        "grey jpeg": _saved(picture.convert("L"), "JPEG"),
        "one-pixel jpeg": _saved(picture.resize((1, 1)), "JPEG"),
        "jpeg with an orientation": _with_orientation(picture),
        "jpeg with restart markers": _saved(picture, "JPEG", restart_marker_blocks=1),
        "jpeg of 65535 x 65535 pixels": _with_jpeg_size(jpeg, 65_535),
        "png": png,
        "16-bit png": _sixteen_bits(rgb),
        "palette png": _saved(picture.convert("P"), "PNG"),
        "png with alpha": _saved(picture.convert("RGBA"), "PNG"),
        "one-pixel png": _saved(picture.resize((1, 1)), "PNG"),
        "png of 2^31 - 1 pixels a side": _with_png_size(png, 2**31 - 1),
        "png with a chunk of 2 GiB - 1": png[:33] + struct.pack(">I", 2**31 - 1) + png[37:],
        "webp": _saved(picture, "WEBP", quality=80),
        "lossless webp": _saved(picture, "WEBP", lossless=True),
        "animated webp": _saved(picture, "WEBP", save_all=True, append_images=[picture.rotate(90)]),
        "jpeg with a zip behind it": jpeg + b"PK\x05\x06" + bytes(18),
        "jpeg inside a png's text": png[:33] + _png_chunk(b"tEXt", b"c\0" + jpeg) + png[33:],
        "gif": _saved(picture, "GIF"),
        "bmp": _saved(picture, "BMP"),
        "page of html": b"<!doctype html><script>alert(1)</script>",
        "nothing": b"",
    }


def broken(seed: int) -> Iterator[bytes]:
    """Images that are damaged in one way or several, without end; the same for the same seed."""
    return damaged(list(seeds().values()), seed)


def damaged(originals: list[bytes], seed: int) -> Iterator[bytes]:
    """The same of any other bytes: messages, requests."""
    chance = random.Random(seed)
    damages = (_cut, _flip_bits, _overwrite, _double_a_piece, _splice)
    while True:
        image = bytearray(chance.choice(originals))
        for _ in range(chance.randint(1, 3)):
            image = chance.choice(damages)(image, chance, originals)
        yield bytes(image)


def _cut(image: bytearray, chance: random.Random, _: list[bytes]) -> bytearray:
    return image[: chance.randint(0, len(image))]


def _flip_bits(image: bytearray, chance: random.Random, _: list[bytes]) -> bytearray:
    for _unused in range(chance.randint(1, 16)):
        if image:
            image[chance.randrange(len(image))] ^= 1 << chance.randrange(8)
    return image


def _overwrite(image: bytearray, chance: random.Random, _: list[bytes]) -> bytearray:
    if image:
        start = chance.randrange(len(image))
        value = chance.choice((0x00, 0x01, 0x7F, 0x80, 0xFF))
        end = min(len(image), start + chance.choice((1, 2, 4, 64)))
        image[start:end] = bytes([value]) * (end - start)
    return image


def _double_a_piece(image: bytearray, chance: random.Random, _: list[bytes]) -> bytearray:
    start = chance.randint(0, len(image))
    end = min(len(image), start + chance.randint(0, 256))
    return image[:end] + image[start:end] * chance.randint(1, 8) + image[end:]


def _splice(image: bytearray, chance: random.Random, originals: list[bytes]) -> bytearray:
    other = chance.choice(originals)
    return image[: chance.randint(0, len(image))] + other[chance.randint(0, len(other)) :]


def _saved(picture: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()


def _with_orientation(picture: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return _saved(picture, "JPEG", exif=exif.tobytes())


def _sixteen_bits(rgb: NDArray[np.uint8]) -> bytes:
    encoded: NDArray[np.uint8] = cv2.imencode(".png", rgb.astype(np.uint16) * 257)[1]
    return encoded.tobytes()


def _with_jpeg_size(jpeg: bytes, side_px: int) -> bytes:
    """The same JPEG, whose frame header (T.81, B.2.2) declares another size."""
    start = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:start] + struct.pack(">HH", side_px, side_px) + jpeg[start + 4 :]


def _with_png_size(png: bytes, side_px: int) -> bytes:
    """The same PNG, whose IHDR (PNG, third edition, 11.2.1) declares another size, with the right checksum."""
    return png[:8] + _png_chunk(b"IHDR", struct.pack(">II", side_px, side_px) + png[24:29]) + png[33:]


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
