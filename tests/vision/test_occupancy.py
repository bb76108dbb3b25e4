"""When an inference may spread over several threads."""

from __future__ import annotations

import pytest

from handstream.vision.occupancy import QUIET_MS, Occupancy


class Clock:
    """Time as the test sets it."""

    now_ms = 0.0

    def __call__(self) -> int:
        return round(self.now_ms * 1e6)


def test_pictures_one_at_a_time_spread() -> None:
    occupancy = Occupancy(Clock())
    for _ in range(3):
        with occupancy.picture() as spread:
            assert spread


def test_pictures_that_meet_keep_to_one_thread_until_they_came_alone_for_a_while() -> None:
    clock = Clock()
    occupancy = Occupancy(clock)
    with occupancy.picture() as first, occupancy.picture() as second:
        assert first
        assert not second
    clock.now_ms = QUIET_MS
    with occupancy.picture() as spread:
        assert not spread
    clock.now_ms = QUIET_MS + 1
    with occupancy.picture() as spread:
        assert spread


def test_a_picture_that_fails_is_not_counted_for_ever() -> None:
    occupancy = Occupancy(Clock())
    with pytest.raises(OSError, match="x"), occupancy.picture():
        raise OSError("x")
    with occupancy.picture() as spread:
        assert spread
