"""A client's side of a WebSocket, written by hand: libraries send nothing that is broken, and leave politely."""

from __future__ import annotations

import struct
from typing import Final

__all__ = ["BINARY", "CLOSE", "PING", "PONG", "RESET", "TEXT", "frame_header", "masked", "upgrade"]

TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10
"""Opcodes (RFC 6455, section 5.2)."""

RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of nothing: a connection that is closed is reset."""


def upgrade(*, is_v1: bool, query: str = "") -> bytes:
    """The request for a WebSocket of `handstream.v1`, or of the plain way."""
    subprotocol = "Sec-WebSocket-Protocol: handstream.v1\r\n" if is_v1 else ""
    return (
        f"GET /ws/video{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{subprotocol}\r\n"
    ).encode()


def masked(opcode: int, body: bytes) -> bytes:
    """A whole message as one frame."""
    return frame_header(opcode, len(body)) + body


def frame_header(opcode: int, length: int) -> bytes:
    """Of a final frame that is masked with zeros (RFC 6455, section 5.2), which is allowed and costs nothing."""
    size = struct.pack(">BH", 0x80 | 126, length) if length < 1 << 16 else struct.pack(">BQ", 0x80 | 127, length)
    return bytes([0x80 | opcode]) + size + bytes(4)
