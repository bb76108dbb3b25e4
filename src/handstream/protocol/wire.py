"""The binary messages of `handstream.v1`: frames and results to bytes and back, as `docs/protocol.md` lays them out.

`encode_frame` and `decode_frame` are the way up, `encode_result`, `stamp_send` and `decode_result` the way down. Integers are big-endian.
Nothing here blocks; a result without its image is packed in some 10 microseconds.
"""

from __future__ import annotations

import struct
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING

from handstream.errors import MessageError
from handstream.frames import LANDMARK_COUNT, Frame, FrameResult, Hand, Handedness, landmark_array
from handstream.protocol.trace import SERVER_STAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from handstream.frames import Output

__all__ = [
    "HEADER_BYTES",
    "LEAST_RESULT_HEADER_BYTES",
    "MAX_SIDE_PX",
    "RESULT_HEADER_BYTES",
    "SUBPROTOCOL",
    "VERSION",
    "MessageType",
    "ResultFlag",
    "decode_frame",
    "decode_result",
    "encode_frame",
    "encode_result",
    "stamp_send",
]

SUBPROTOCOL = "handstream.v1"
"""The WebSocket subprotocol under which these messages travel."""

VERSION = 1
"""The first byte of every binary message."""

MAX_SIDE_PX = 65_535
"""The widest and highest picture whose size a result can say."""


class MessageType(IntEnum):
    """The second byte of every binary message."""

    FRAME = 1
    RESULT = 2


class ResultFlag(IntFlag):
    """What a result carries."""

    IMAGE = 1
    LANDMARKS = 2
    WORLD_LANDMARKS = 4


# Plain numbers where a frame waits for them: each operator of an enum takes as long as the packing of a hand.
_IMAGE, _LANDMARKS, _WORLD_LANDMARKS = (int(flag) for flag in ResultFlag)

_HEADER = struct.Struct("!BBHHIQ")
_RESULT = struct.Struct("!BBHHIQQ7I")
_SEND_TIME = struct.Struct("!Q")
_SPAN = struct.Struct("!I")
_REGION = struct.Struct("!H")
_HAND = struct.Struct("!IBBH")
_POINTS = struct.Struct(f"!{3 * LANDMARK_COUNT}h")

HEADER_BYTES = _HEADER.size
"""The header that all binary messages share, and the whole header of a frame: 18 bytes."""

LEAST_RESULT_HEADER_BYTES = _HEADER.size + _RESULT.size
"""What every result's header has: 72 bytes. `region_px` was added behind it."""

RESULT_HEADER_BYTES = LEAST_RESULT_HEADER_BYTES + _REGION.size
"""The whole header of a result as it is written here: 74 bytes."""

_DROPPED_OFFSET = 24
_SEND_TIME_OFFSET = 36
_SEND_SPAN_OFFSET = LEAST_RESULT_HEADER_BYTES - _SPAN.size
_MAX_U16 = 0xFFFF
_MAX_U32 = 0xFFFF_FFFF
_HANDEDNESS: tuple[Handedness, Handedness] = ("Left", "Right")
_SCORE_UNITS = 0xFFFF
_LANDMARK_UNITS = 1 << 14
_WORLD_LANDMARK_UNITS = 1 << 16


def encode_frame(frame: Frame) -> bytes:
    """The message that carries that frame to the server."""
    return _HEADER.pack(VERSION, MessageType.FRAME, HEADER_BYTES, 0, frame.frame_id, frame.capture_time_ns) + frame.image


def decode_frame(message: bytes, *, receive_time_ns: int) -> Frame:
    """The frame in a message of a client. Its image may be empty, and is not looked at.

    Args:
        message: The whole message.
        receive_time_ns: When its last byte arrived, on the server's monotonic clock.

    Raises:
        MessageError: `header_too_short`, `bad_version` or `bad_type`.
    """
    header_bytes, _, frame_id, capture_time_ns = _decode_header(message, MessageType.FRAME, HEADER_BYTES)
    return Frame(frame_id, message[header_bytes:], capture_time_ns, receive_time_ns)


def encode_result(result: FrameResult, output: Output, *, world_landmarks: bool = False) -> bytearray:
    """The message that carries that result to the client. It can be stamped by `stamp_send` when it leaves.

    Args:
        result: The result, with at most 255 hands and sides of at most `MAX_SIDE_PX`.
        output: Whether the hands carry their landmarks. The image travels if the result has one.
        world_landmarks: Whether hands that carry landmarks carry their world landmarks too; they do so only if every hand has them.

    Raises:
        struct.error: A number of the result does not fit its field.
    """
    flags = _flags(result, output, world_landmarks=world_landmarks)
    message = bytearray(
        _HEADER.pack(VERSION, MessageType.RESULT, RESULT_HEADER_BYTES, flags, result.frame_id, result.capture_time_ns)
        + _RESULT.pack(
            len(result.hands),
            0,
            result.width_px,
            result.height_px,
            min(result.dropped, _MAX_U32),
            result.receive_time_ns,
            result.send_time_ns,
            *(_span_us(result.stages_ns.get(stage)) for stage in SERVER_STAGES),
        )
        + _REGION.pack(min(result.region_px, _MAX_U16))
    )
    for hand in result.hands:
        message += _encode_hand(hand, flags)
    if result.image is not None:
        message += result.image
    return message


def stamp_send(message: bytearray, *, send_time_ns: int, send_ns: int, dropped: int) -> None:
    """Writes into an encoded result what is known only as it leaves.

    It is apart from `encode_result` because the packing is done on a worker thread, and the stamp when the event loop comes to send it.

    Args:
        message: What `encode_result` made.
        send_time_ns: When the message is handed to the socket, on the server's monotonic clock.
        send_ns: How long it had waited for that since its last stage ended.
        dropped: How many of the session's frames have been dropped by now.
    """
    _SPAN.pack_into(message, _DROPPED_OFFSET, min(dropped, _MAX_U32))
    _SEND_TIME.pack_into(message, _SEND_TIME_OFFSET, send_time_ns)
    _SPAN.pack_into(message, _SEND_SPAN_OFFSET, _span_us(send_ns))


def decode_result(message: bytes) -> FrameResult:
    """The result in a message of a server.

    Hands whose landmarks were left out hold `(0, 3)` landmarks. Spans are multiples of a microsecond, landmarks of their unit.

    Raises:
        MessageError: `header_too_short`, `bad_version`, `bad_type`, or `truncated_result` where the hands break off.
    """
    header_bytes, flags, frame_id, capture_time_ns = _decode_header(message, MessageType.RESULT, LEAST_RESULT_HEADER_BYTES)
    hand_count, _, width_px, height_px, dropped, receive_time_ns, send_time_ns, *spans_us = _RESULT.unpack_from(message, HEADER_BYTES)
    hands_end = header_bytes + hand_count * _hand_bytes(flags)
    if hands_end > len(message):
        raise MessageError(
            f"This result says that it holds {hand_count} hands, which end at byte {hands_end}, and has {len(message)} bytes.",
            code="truncated_result",
        )
    return FrameResult(
        frame_id=frame_id,
        capture_time_ns=capture_time_ns,
        width_px=width_px,
        height_px=height_px,
        hands=tuple(_decode_hands(message, header_bytes, hand_count, flags)),
        image=message[hands_end:] if flags & _IMAGE else None,
        stages_ns={stage: span_us * 1_000 for stage, span_us in zip(SERVER_STAGES, spans_us, strict=True) if span_us},
        receive_time_ns=receive_time_ns,
        send_time_ns=send_time_ns,
        dropped=dropped,
        region_px=_REGION.unpack_from(message, LEAST_RESULT_HEADER_BYTES)[0] if header_bytes >= RESULT_HEADER_BYTES else 0,
    )


def _decode_header(message: bytes, expected: MessageType, least_bytes: int) -> tuple[int, int, int, int]:
    """Header length, flags, frame id and capture time of a message of the expected type whose header has at least so many bytes."""
    if len(message) < HEADER_BYTES:
        raise MessageError(
            f"A binary message begins with a header of {HEADER_BYTES} bytes; this one has {len(message)} bytes in all.",
            code="header_too_short",
        )
    version, message_type, header_bytes, flags, frame_id, capture_time_ns = _HEADER.unpack_from(message)
    if version != VERSION:
        raise MessageError(f"A message of {SUBPROTOCOL} begins with byte {VERSION}, not {version}.", code="bad_version")
    if message_type != expected:
        raise MessageError(f"A message to this side is a {expected.name.lower()}, type {expected}, not {message_type}.", code="bad_type")
    if not least_bytes <= header_bytes <= len(message):
        raise MessageError(
            f"The header says that it has {header_bytes} bytes; it must have at least {least_bytes}, and the message has {len(message)}.",
            code="header_too_short",
        )
    return header_bytes, flags, frame_id, capture_time_ns


def _flags(result: FrameResult, output: Output, *, world_landmarks: bool) -> int:
    flags = 0
    if result.image is not None:
        flags |= _IMAGE
    if output.has_landmarks:
        flags |= _LANDMARKS
        if world_landmarks and all(hand.world_landmarks is not None for hand in result.hands):
            flags |= _WORLD_LANDMARKS
    return flags


def _hand_bytes(flags: int) -> int:
    sets_of_points = bool(flags & _LANDMARKS) + bool(flags & _WORLD_LANDMARKS)
    return _HAND.size + sets_of_points * _POINTS.size


def _encode_hand(hand: Hand, flags: int) -> bytes:
    record = _HAND.pack(hand.hand_id, _HANDEDNESS.index(hand.handedness), 0, round(hand.score * _SCORE_UNITS))
    if flags & _LANDMARKS:
        record += _encode_points(hand.landmarks, _LANDMARK_UNITS)
    if flags & _WORLD_LANDMARKS:
        assert hand.world_landmarks is not None
        record += _encode_points(hand.world_landmarks, _WORLD_LANDMARK_UNITS)
    return record


def _encode_points(points: NDArray[np.float32], units: int) -> bytes:
    """Each value as a signed 16-bit count of 1/units, clamped to what that holds."""
    return (points.clip(-0x8000 / units, 0x7FFF / units) * units).round().astype(">i2").tobytes()


def _decode_hands(message: bytes, offset: int, count: int, flags: int) -> Iterator[Hand]:
    for start in range(offset, offset + count * _hand_bytes(flags), _hand_bytes(flags)):
        hand_id, handedness, _, score = _HAND.unpack_from(message, start)
        points_at = start + _HAND.size
        landmarks = landmark_array(())
        world_landmarks = None
        if flags & _LANDMARKS:
            landmarks = _decode_points(message, points_at, _LANDMARK_UNITS)
            points_at += _POINTS.size
        if flags & _WORLD_LANDMARKS:
            world_landmarks = _decode_points(message, points_at, _WORLD_LANDMARK_UNITS)
        yield Hand(_HANDEDNESS[handedness & 1], score / _SCORE_UNITS, landmarks, world_landmarks, hand_id)


def _decode_points(message: bytes, offset: int, units: int) -> NDArray[np.float32]:
    return landmark_array([value / units for value in _POINTS.unpack_from(message, offset)])


def _span_us(span_ns: int | None) -> int:
    """A span for the wire: 0 is one that did not run, so that one that did takes at least 1."""
    return 0 if span_ns is None else max(1, min(_MAX_U32, round(span_ns / 1_000)))
