"""Landmarks as JSON lines, one object a picture: `landmarks_sink`."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from handstream.errors import HandstreamError
from handstream.files.images import IMAGE_SUFFIXES
from handstream.files.replacing import replacing, unwritable_told
from handstream.files.video import VIDEO_SUFFIXES

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
        HandstreamError: The file cannot be written, or has the name of a picture or a video: the wrong file, most likely.
    """
    if path.suffix.lower() in (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES):
        raise HandstreamError(f"Landmarks are text, and {path.name} is named like a picture. Name a .jsonl file.", code="unknown_extension")
    with replacing(path) as partial:
        with unwritable_told(path):
            lines = partial.open("w", encoding="ascii")

        def write(picture: Picture, hands: Sequence[Hand]) -> None:
            with unwritable_told(path):
                lines.write(json.dumps(_line(picture, hands, with_world_landmarks=with_world_landmarks), separators=(",", ":")) + "\n")

        try:
            yield write
        finally:
            # The last lines are written only now, so a full disk may show itself here.
            with unwritable_told(path):
                lines.close()


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
