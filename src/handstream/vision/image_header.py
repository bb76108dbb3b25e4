"""What an encoded picture declares about itself, read from its first bytes without decoding a pixel: `probe`.

The limits on a picture's size must hold before memory is set aside for it, so this module reads the formats' own headers: ITU-T T.81
(JPEG), ISO/IEC 15948 (PNG), RFC 9649 (WebP), and the orientation tag of Exif 2.32, section 4.6.4.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

from handstream.errors import FrameError

__all__ = ["ImageFormat", "ImageHeader", "probe"]

ImageFormat = Literal["jpeg", "png", "webp"]

_UPRIGHT = 1
_ON_ITS_SIDE = range(5, 9)
"""The orientations that swap width and height."""
_JPEG_APP1 = 0xE1
_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The SOFn markers: T.81 table B.1 puts DHT, JPG and DAC into the same range."""
_JPEG_WITHOUT_FRAME = frozenset({0xD8, 0xD9, 0xDA})
"""SOI, EOI and SOS: where one of these comes first, no frame header can follow."""
_WEBP_EXIF_FLAG = 0x08
_EXIF_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What an encoded picture declares.

    Attributes:
        format: Its format, by its first bytes.
        width_px: Its width as it is stored, 1 or more.
        height_px: Its height as it is stored, 1 or more.
        orientation: Exif's orientation, 1..8: what must be done to the stored picture to show it upright; 1 is nothing.
    """

    format: ImageFormat
    width_px: int
    height_px: int
    orientation: int = _UPRIGHT

    @property
    def pixels(self) -> int:
        """How many pixels the picture declares."""
        return self.width_px * self.height_px

    @property
    def upright_wh(self) -> tuple[int, int]:
        """Width and height of the picture once it is upright."""
        return (self.height_px, self.width_px) if self.orientation in _ON_ITS_SIDE else (self.width_px, self.height_px)


def probe(image: bytes) -> ImageHeader:
    """Reads what an encoded picture declares about itself. Decodes nothing and allocates nothing; a few microseconds.

    Args:
        image: A whole JPEG, PNG or WebP.

    Raises:
        FrameError: `empty_message` (no byte), `not_an_image` (another format), or `truncated_image` (it breaks off before its size is
            told, or the size told cannot be).
    """
    if not image:
        raise FrameError("The message is empty. Send one whole JPEG, PNG or WebP image in each.", code="empty_message")
    try:
        header = _read(image)
    except (IndexError, ValueError, struct.error) as error:
        raise FrameError(
            f"The image breaks off or is damaged before it tells its size ({len(image)} bytes).", code="truncated_image"
        ) from error
    if header.pixels == 0:
        raise FrameError(f"The image is damaged: it declares {header.width_px}x{header.height_px} pixels.", code="truncated_image")
    return header


def _read(image: bytes) -> ImageHeader:
    """The header by the format that the first bytes tell; IndexError, ValueError or struct.error where it breaks off."""
    if image.startswith(b"\xff\xd8\xff"):
        return _read_jpeg(image)
    if image.startswith(b"\x89PNG\r\n\x1a\n"):
        return _read_png(image)
    if image.startswith(b"RIFF") and image[8:12] == b"WEBP":
        return _read_webp(image)
    raise FrameError(f"This is not a JPEG, PNG or WebP image: it begins with {image[:8].hex(' ')}.", code="not_an_image")


def _read_jpeg(image: bytes) -> ImageHeader:
    """Walks the marker segments up to the frame header, which tells the size; Exif lies in an APP1 segment before it."""
    orientation = _UPRIGHT
    position = 2
    while True:
        position = image.index(b"\xff", position) + 1
        marker = image[position]
        if marker in (0x00, 0xFF) or marker in _JPEG_WITHOUT_LENGTH:
            continue
        if marker in _JPEG_WITHOUT_FRAME:
            raise ValueError("no frame header")
        if marker in _JPEG_FRAME_HEADERS:
            height_px, width_px = struct.unpack_from(">HH", image, position + 4)
            return ImageHeader("jpeg", width_px, height_px, orientation)
        (segment_bytes,) = struct.unpack_from(">H", image, position + 1)
        if marker == _JPEG_APP1 and image.startswith(b"Exif\0\0", position + 3):
            orientation = _exif_orientation(image[position + 9 : position + 1 + segment_bytes])
        position += 1 + segment_bytes


def _read_png(image: bytes) -> ImageHeader:
    """IHDR is the first chunk and tells the size; eXIf may come anywhere after it."""
    if image[12:16] != b"IHDR":
        raise ValueError("no IHDR")
    width_px, height_px = struct.unpack_from(">II", image, 16)
    orientation = _UPRIGHT
    position = 8
    while position + 8 <= len(image):
        chunk_bytes, kind = struct.unpack_from(">I4s", image, position)
        if kind == b"eXIf":
            orientation = _exif_orientation(image[position + 8 : position + 8 + chunk_bytes])
            break
        position += 12 + chunk_bytes
    return ImageHeader("png", width_px, height_px, orientation)


def _read_webp(image: bytes) -> ImageHeader:
    """The first chunk tells the size: a lossy or a lossless picture, or the canvas of the extended format."""
    kind = image[12:16]
    if kind == b"VP8 ":
        width_px, height_px = struct.unpack_from("<HH", image, 26)
        return ImageHeader("webp", width_px & 0x3FFF, height_px & 0x3FFF)
    if kind == b"VP8L":
        (size,) = struct.unpack_from("<I", image, 21)
        return ImageHeader("webp", (size & 0x3FFF) + 1, (size >> 14 & 0x3FFF) + 1)
    if kind != b"VP8X":
        raise ValueError("no VP8 chunk")
    flags, width_low, width_high, height_low, height_high = struct.unpack_from("<B3xHBHB", image, 20)
    orientation = _webp_orientation(image) if flags & _WEBP_EXIF_FLAG else _UPRIGHT
    return ImageHeader("webp", (width_low | width_high << 16) + 1, (height_low | height_high << 16) + 1, orientation)


def _webp_orientation(image: bytes) -> int:
    """Exif is a chunk of the extended format, most often the last one. Chunks are padded to an even length."""
    position = 12
    while position + 8 <= len(image):
        kind, chunk_bytes = struct.unpack_from("<4sI", image, position)
        if kind == b"EXIF":
            return _exif_orientation(image[position + 8 : position + 8 + chunk_bytes].removeprefix(b"Exif\0\0"))
        position += 8 + chunk_bytes + chunk_bytes % 2
    return _UPRIGHT


def _exif_orientation(tiff: bytes) -> int:
    """The orientation in the first directory of an Exif block. A broken block turns nothing: the picture itself may well be whole."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return _UPRIGHT
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
        for entry in range(directory + 2, directory + 2 + 12 * entries, 12):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
            if tag == _EXIF_ORIENTATION:
                return value if 1 <= value <= 8 else _UPRIGHT
    except struct.error:
        pass
    return _UPRIGHT
