"""Landmarks as JSON lines, one object a picture: `landmarks_sink`."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from handstream.errors import HandstreamError
from handstream.files.replacing import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from handstream.files import Picture, Sink
    from handstream.frames import Hand

__all__ = ["landmarks_sink"]

_DECIMALS: Final = 6
"""A thousandth of a pixel in a picture 1000 pixels wide, and a micrometre for world landmarks."""


@contextmanager
def landmarks_sink(path: Path, *, with_world_landmarks: bool = False) -> Iterator[Sink]:
    """Writes a line for each picture, as docs/how-to/track-files.md describes it. An existing file is replaced.

    Raises:
        HandstreamError: The file cannot be written.
    """
    with replacing(path) as partial, partial.open("w", encoding="ascii") as lines:

        def write(picture: Picture, hands: Sequence[Hand]) -> None:
            try:
                lines.write(json.dumps(_line(picture, hands, with_world_landmarks=with_world_landmarks), separators=(",", ":")) + "\n")
            except OSError as error:
                raise HandstreamError(f"Cannot write {path}: {error.strerror}.", code="cannot_write") from error

        yield write


def _line(picture: Picture, hands: Sequence[Hand], *, with_world_landmarks: bool) -> dict[str, Any]:
    line: dict[str, Any] = {"frame": picture.index, "time_s": round(picture.time_s, _DECIMALS)}
    if picture.name is not None:
        line["file"] = picture.name
    line["hands"] = [_hand(hand, with_world_landmarks=with_world_landmarks) for hand in hands]
    return line


def _hand(hand: Hand, *, with_world_landmarks: bool) -> dict[str, Any]:
    values: dict[str, Any] = {
        "hand_id": hand.hand_id,
        "handedness": hand.handedness,
        "score": round(hand.score, _DECIMALS),
        "landmarks": _points(hand.landmarks),
    }
    if with_world_landmarks and hand.world_landmarks is not None:
        values["world_landmarks"] = _points(hand.world_landmarks)
    return values


def _points(landmarks: NDArray[np.float32]) -> list[list[float]]:
    # Rounded as Python floats: a float32 has no short decimal form.
    return [[round(value, _DECIMALS) for value in point] for point in landmarks.tolist()]
