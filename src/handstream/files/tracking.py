"""Follows the hands through a source and hands each picture to the sinks: `track_source`."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handstream.files.ahead import run_ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from handstream.files import Picture, Sink, Source
    from handstream.frames import Hand
    from handstream.vision.engines import Tracker

__all__ = ["TrackingSummary", "track_source"]

_PICTURES_AHEAD = 2
"""Enough to even out pictures that take longer than others; a picture of a 4K video is 25 MB."""


@dataclass(frozen=True, slots=True)
class TrackingSummary:
    """What `track_source` did.

    Attributes:
        frames: Pictures that were tracked and given to the sinks.
        hands: Hands found in them, each counted in each picture.
        seconds: How long it took, with reading and writing.
        interrupted: Whether it was asked to stop before the end.
    """

    frames: int
    hands: int
    seconds: float
    interrupted: bool

    @property
    def frames_per_second(self) -> float:
        """Pictures a second, with reading and writing."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0


def track_source(
    source: Source,
    tracker: Tracker,
    sinks: Sequence[Sink],
    *,
    on_frame: Callable[[], None],
    is_stopping: Callable[[], bool],
) -> TrackingSummary:
    """Finds the hands in each picture. Blocks until the source ends or is told to stop.

    Decoding and tracking run in a thread each while this one annotates and encodes the picture before: each spends its time in native code
    that lets the others run.

    Args:
        source: Where the pictures come from. The caller closes it.
        tracker: What finds the hands.
        sinks: What takes each picture with its hands, in this order.
        on_frame: Called after each picture.
        is_stopping: Asked before each picture; once it says yes, the rest is left.

    Raises:
        HandstreamError: The source holds no picture, or a sink cannot be written.
    """
    started_ns = time.monotonic_ns()
    frames = hands_found = 0
    interrupted = False
    with closing(run_ahead(_tracked(source, tracker), depth=_PICTURES_AHEAD)) as tracked:
        for picture, hands in tracked:
            interrupted = is_stopping()
            if interrupted:
                break
            for sink in sinks:
                sink(picture, hands)
            frames += 1
            hands_found += len(hands)
            on_frame()
    return TrackingSummary(frames, hands_found, (time.monotonic_ns() - started_ns) / 1e9, interrupted)


def _tracked(source: Source, tracker: Tracker) -> Generator[tuple[Picture, list[Hand]], None, None]:
    with closing(run_ahead(source.pictures(), depth=_PICTURES_AHEAD)) as pictures:
        for picture in pictures:
            yield picture, tracker.process(picture.rgb)
