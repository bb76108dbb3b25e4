from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest

from handstream.errors import HandstreamError
from handstream.files import Picture
from handstream.files.tracking import track_source
from tests.files.fakes import HAND, OneHand

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from handstream.frames import Hand


class Numbered:
    """Pictures that hold their own index."""

    frame_rate = None
    damaged: Sequence[str] = ()

    def __init__(self, count: int) -> None:
        self.expected_count = count
        self.given = 0

    def pictures(self) -> Generator[Picture, None, None]:
        for index in range(self.expected_count):
            self.given += 1
            yield Picture(index, index / 25, np.full((4, 4, 3), index % 256, np.uint8))

    def close(self) -> None:
        pass


def never() -> bool:
    return False


def test_gives_each_picture_with_its_hands_to_each_sink_in_order() -> None:
    calls: list[tuple[str, int, int]] = []

    def sink_named(name: str, picture: Picture, hands: Sequence[Hand]) -> None:
        assert list(hands) == [HAND]
        calls.append((name, picture.index, int(picture.rgb[0, 0, 0])))

    sinks = [lambda picture, hands: sink_named("first", picture, hands), lambda picture, hands: sink_named("second", picture, hands)]
    frames: list[None] = []
    summary = track_source(Numbered(50), OneHand(), sinks, on_frame=lambda: frames.append(None), is_stopping=never)
    assert calls == [(name, index, index) for index in range(50) for name in ("first", "second")]
    assert (summary.frames, summary.hands, summary.interrupted, len(frames)) == (50, 50, False, 50)
    assert summary.frames_per_second == pytest.approx(50 / summary.seconds)


def test_a_sink_that_draws_does_not_change_what_the_tracker_sees() -> None:
    tracker = OneHand()

    def scribble(picture: Picture, hands: Sequence[Hand]) -> None:
        picture.rgb[:] = 255

    track_source(Numbered(20), tracker, [scribble], on_frame=lambda: None, is_stopping=never)
    assert [int(rgb[0, 0, 0]) for rgb in tracker.seen] == list(range(20))


def test_stops_when_asked_to_and_reads_no_further() -> None:
    source, seen = Numbered(1000), list[int]()
    with closing(source):
        sinks = [lambda picture, hands: seen.append(picture.index)]
        summary = track_source(source, OneHand(), sinks, on_frame=lambda: None, is_stopping=lambda: len(seen) == 5)
    assert (summary.frames, summary.interrupted, seen) == (5, True, [0, 1, 2, 3, 4])
    assert source.given < 20


def test_an_error_of_a_sink_ends_it() -> None:
    def fail(picture: Picture, hands: Sequence[Hand]) -> None:
        raise HandstreamError("the disk is full")

    with pytest.raises(HandstreamError, match="the disk is full"):
        track_source(Numbered(1000), OneHand(), [fail], on_frame=lambda: None, is_stopping=never)
