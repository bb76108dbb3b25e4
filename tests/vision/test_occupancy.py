"""When an inference may spread over several threads, and how crowded the engine is."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from handstream.vision.occupancy import CROWDING_MS, QUIET_MS, Occupancy


class Clock:
    """Time as the test sets it."""

    now_ms = 0.0

    def __call__(self) -> int:
        return round(self.now_ms * 1e6)


def test_pictures_one_at_a_time_spread() -> None:
    occupancy = Occupancy(4, Clock())
    for _ in range(3):
        with occupancy.picture() as spread:
            assert spread


def test_pictures_that_meet_keep_to_one_thread_until_they_came_alone_for_a_while() -> None:
    clock = Clock()
    occupancy = Occupancy(4, clock)
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
    occupancy = Occupancy(4, Clock())
    with pytest.raises(OSError, match="x"), occupancy.picture():
        raise OSError("x")
    with occupancy.picture() as spread:
        assert spread


@pytest.mark.parametrize(("cores", "at_once", "crowding"), [(4, 1, 0.0), (4, 2, 1 / 3), (4, 4, 1.0), (2, 2, 1.0), (1, 1, 0.0)])
def test_crowding_is_the_share_of_the_other_cores_that_have_a_picture(cores: int, at_once: int, crowding: float) -> None:
    clock = Clock()
    occupancy = Occupancy(cores, clock)
    with ExitStack() as pictures:
        for _ in range(at_once):
            pictures.enter_context(occupancy.picture())
        clock.now_ms += 40 * CROWDING_MS
        assert occupancy.crowding() == pytest.approx(crowding)
    clock.now_ms += 40 * CROWDING_MS
    assert occupancy.crowding() == pytest.approx(0.0)


def test_one_stream_is_no_crowd_however_busy_it_is() -> None:
    clock = Clock()
    occupancy = Occupancy(4, clock)
    for _ in range(100):
        with occupancy.picture():
            clock.now_ms += 33.0
    assert occupancy.crowding() == 0.0


def test_crowding_is_an_average_over_time() -> None:
    """Two pictures at once for a third of the time."""
    clock = Clock()
    occupancy = Occupancy(4, clock)
    for _ in range(1000):
        with occupancy.picture():
            clock.now_ms += 2.0
            with occupancy.picture():
                clock.now_ms += 1.0
    assert occupancy.crowding() == pytest.approx(1 / 3 / 3, rel=0.02)
