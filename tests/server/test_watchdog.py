"""The watchdog: a frame that never ends and a loop that does not turn are seen, and ordinary work is not."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest

from handstream.executor import Executor
from handstream.server.watchdog import Watchdog
from tests.server.serving import WAIT_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator

DEADLINE_S = 0.3


@pytest.fixture
def executor() -> Iterator[Executor]:
    executor = Executor(threads=2)
    yield executor
    executor.close()


def test_a_frame_that_does_not_end_is_a_problem_until_it_does(executor: Executor, caplog: pytest.LogCaptureFixture) -> None:
    may_go = threading.Event()

    def wait(_: str) -> None:
        may_go.wait(WAIT_S)

    lane = executor.open_lane(wait, lambda: None)
    watchdog = Watchdog(executor, DEADLINE_S)
    lane.offer("a frame")
    until(lambda: executor.oldest_start_ns() is not None)
    assert watchdog.problem() is None
    until(lambda: watchdog.problem() is not None)
    assert "frame_deadline_s" in str(watchdog.problem())
    may_go.set()
    until(lambda: watchdog.problem() is None)
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]  # once, however often it is asked


def test_many_frames_in_a_row_are_no_problem(executor: Executor) -> None:
    watchdog = Watchdog(executor, DEADLINE_S)

    def work(_: str) -> None:
        time.sleep(0.01)

    lane = executor.open_lane(work, lambda: None)
    end_s = time.monotonic() + 2 * DEADLINE_S
    while time.monotonic() < end_s:
        lane.offer("a frame")
        time.sleep(0.005)
        assert watchdog.problem() is None


async def test_a_loop_that_does_not_turn_is_a_problem_until_it_does(executor: Executor) -> None:
    watchdog = Watchdog(executor, DEADLINE_S)
    beating = asyncio.create_task(watchdog.run())
    await asyncio.sleep(0)
    time.sleep(1.2 * DEADLINE_S)  # noqa: ASYNC251 - the loop is blocked on purpose
    assert "event loop" in str(watchdog.problem())
    await asyncio.sleep(0.2)
    assert watchdog.problem() is None
    beating.cancel()
