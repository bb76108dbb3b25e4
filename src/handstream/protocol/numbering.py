"""The order of frame ids, which wrap around: `follows`."""

from __future__ import annotations

__all__ = ["FRAME_ID_COUNT", "follows"]

FRAME_ID_COUNT = 2**32
"""Frame ids are 0..2**32 - 1, and after the last comes 0."""


def follows(frame_id: int, other: int) -> bool:
    """Whether a frame's number is greater than another's, where 2**32 - 1 is followed by 0 (serial number arithmetic, RFC 1982)."""
    return 0 < (frame_id - other) % FRAME_ID_COUNT < FRAME_ID_COUNT // 2
