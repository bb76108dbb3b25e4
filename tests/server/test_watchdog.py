"""The watchdog: a frame that never ends and a loop that does not turn are seen, and ordinary work is not."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from handstream.executor import Executor
from handstream.server.watchdog import Watchdog
from tests.server.serving import WAIT_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator

DEADLINE_S = 0.3


class ToldTime:
    """A clock that stands until it is told to go on, so that no pause of the machine looks like one of the work."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic_ns(self) -> int:
        return round(self.now_s * 1e9)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ToldTime:
    told = ToldTime()
    monkeypatch.setattr("handstream.executor.time", told)
    monkeypatch.setattr("handstream.server.watchdog.time", told)
    return told


@pytest.fixture
def executor(clock: ToldTime) -> Iterator[Executor]:
    executor = Executor(threads=2)
    yield executor
    executor.close()


def test_a_frame_that_does_not_end_is_a_problem_until_it_does(
    executor: Executor, clock: ToldTime, caplog: pytest.LogCaptureFixture
) -> None:
    may_go = threading.Event()

    def wait(_: str) -> None:
        may_go.wait(WAIT_S)

    lane = executor.open_lane(wait, lambda: None)
    watchdog = Watchdog(executor, DEADLINE_S)
    lane.offer("a frame")
    until(lambda: executor.oldest_start_ns() is not None)
    assert watchdog.problem() is None
    clock.now_s += 1.2 * DEADLINE_S
    assert "frame_deadline_s" in str(watchdog.problem())
    may_go.set()
    until(lambda: watchdog.problem() is None)
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]  # once, however often it is asked


def test_many_frames_in_a_row_are_no_problem(executor: Executor, clock: ToldTime) -> None:
    watchdog = Watchdog(executor, DEADLINE_S)
    problems = []

    def work(frame: int) -> None:
        clock.now_s += 0.8 * DEADLINE_S
        problems.append(watchdog.problem())
        if frame:
            lane.offer(frame - 1)

    lane = executor.open_lane(work, lambda: None)
    lane.offer(9)
    until(lambda: executor.statistics().processed == 10)
    assert problems == [None] * 10


async def test_a_loop_that_does_not_turn_is_a_problem_until_it_does(executor: Executor, clock: ToldTime) -> None:
    watchdog = Watchdog(executor, DEADLINE_S)
    beating = asyncio.create_task(watchdog.run())
    await asyncio.sleep(0)
    clock.now_s += 1.2 * DEADLINE_S
    assert "event loop" in str(watchdog.problem())
    while watchdog.problem() is not None:  # noqa: ASYNC110 - it announces nothing, and the test's timeout ends this
        await asyncio.sleep(0.01)
    beating.cancel()
