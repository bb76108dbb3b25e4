"""The executor: the newest wins, order within a lane, turns between lanes, and an end that loses nothing."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from typing import TYPE_CHECKING

import pytest

from handstream import executor as executor_module
from handstream.executor import Executor, Lane
from tests.server.serving import WAIT_S, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def executor() -> Iterator[Executor]:
    executor = Executor(threads=1)
    yield executor
    executor.close()


class Gate:
    """A process function that records its items and waits at each until it is opened."""

    def __init__(self) -> None:
        self.items: list[object] = []
        self.entered = threading.Semaphore(0)
        self._may_go = threading.Semaphore(0)

    def __call__(self, item: object) -> None:
        self.items.append(item)
        self.entered.release()
        assert self._may_go.acquire(timeout=WAIT_S)

    def wait_until_entered(self) -> None:
        assert self.entered.acquire(timeout=WAIT_S)

    def open(self, times: int = 1) -> None:
        self._may_go.release(times)


def nothing() -> None:
    pass


def test_the_newest_item_wins_and_the_replaced_one_is_returned(executor: Executor) -> None:
    gate = Gate()
    lane = executor.open_lane(gate, nothing)
    assert lane.offer(0) is None
    gate.wait_until_entered()
    assert [lane.offer(item) for item in (1, 2, 3)] == [None, 1, 2]
    gate.open(2)
    gate.wait_until_entered()
    assert gate.items == [0, 3]
    assert executor.statistics().replaced == 2


def test_an_item_that_waits_can_be_taken_back(executor: Executor) -> None:
    gate = Gate()
    lane = executor.open_lane(gate, nothing)
    lane.offer(0)
    gate.wait_until_entered()
    lane.offer(1)
    assert lane.withdraw() == 1
    assert lane.withdraw() is None
    lane.offer(2)
    gate.open(2)
    gate.wait_until_entered()
    assert gate.items == [0, 2]


def test_one_lane_never_runs_on_two_threads_and_keeps_its_order() -> None:
    at_once, most, done = 0, 0, []

    def process(item: int) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        time.sleep(0.001)
        done.append(item)
        at_once -= 1

    executor = Executor(threads=4)
    lane = executor.open_lane(process, nothing)
    replaced = [lane.offer(item) for item in range(500)]
    until(lambda: executor.statistics().running == 0 and executor.statistics().ready == 0)
    executor.close()
    assert most == 1
    assert done == sorted(done)
    assert sorted(done + [item for item in replaced if item is not None]) == list(range(500))


def test_lanes_take_turns_whatever_they_send(executor: Executor) -> None:
    order: list[str] = []
    gate = Gate()
    blocker = executor.open_lane(gate, nothing)
    blocker.offer("block")
    gate.wait_until_entered()

    def process_and_offer_more(name: str) -> None:
        order.append(name)
        greedy.offer(name)

    greedy: Lane[str] = executor.open_lane(process_and_offer_more, nothing)
    greedy.offer("greedy")
    for name in ("a", "b", "c"):
        executor.open_lane(order.append, nothing).offer(name)
    gate.open()
    until(lambda: len(order) >= 6)
    greedy.close()
    assert order[:5] == ["greedy", "a", "b", "c", "greedy"]


def test_a_lane_whose_item_was_replaced_by_a_newer_one_goes_first(executor: Executor) -> None:
    gate = Gate()
    executor.open_lane(gate, nothing).offer("block")
    gate.wait_until_entered()
    lanes = [executor.open_lane(gate, nothing) for _ in range(3)]
    for name, lane in zip("abc", lanes, strict=True):
        lane.offer(name)
    lanes[1].offer("newer")
    gate.open(4)
    until(lambda: executor.statistics().processed == 4)
    assert gate.items == ["block", "newer", "a", "c"]


def test_lanes_run_side_by_side_on_several_threads() -> None:
    executor = Executor(threads=3)
    barrier = threading.Barrier(3, timeout=WAIT_S)

    def process(_: int) -> None:
        barrier.wait()

    for _ in range(3):
        executor.open_lane(process, nothing).offer(0)
    until(lambda: executor.statistics().processed == 3)
    executor.close()
    assert not barrier.broken


def test_one_stream_stays_with_the_thread_whose_memory_is_warm() -> None:
    executor = Executor(threads=3)
    threads: list[int] = []
    lane: Lane[int] = executor.open_lane(lambda _: threads.append(threading.get_ident()), nothing)
    for _ in range(20):
        until(lambda: len(executor._idle) == 3)
        lane.offer(0)
        until(lambda: not executor.statistics().ready and not executor.statistics().running)
    executor.close()
    assert len(threads) == 20
    assert len(set(threads)) == 1


def test_a_lane_ends_after_its_running_item_and_drops_the_waiting_one(executor: Executor) -> None:
    gate, ended = Gate(), threading.Event()
    lane = executor.open_lane(gate, ended.set)
    lane.offer("running")
    gate.wait_until_entered()
    lane.offer("waiting")
    assert lane.close() == "waiting"
    assert lane.offer("late") == "late", "a closed lane takes nothing"
    assert not ended.is_set()
    gate.open()
    assert ended.wait(WAIT_S)
    assert lane.close() is None
    assert gate.items == ["running"]
    until(lambda: executor.statistics().lanes == 0)


def test_an_idle_lane_ends_too_and_only_once(executor: Executor) -> None:
    ends: list[int] = []
    lane = executor.open_lane(nothing_with, lambda: ends.append(threading.get_ident()))
    lane.offer(0)
    until(lambda: executor.statistics().processed == 1)
    lane.close()
    lane.close()
    until(lambda: executor.statistics().lanes == 0)
    executor.close()
    assert len(ends) == 1
    assert ends[0] != threading.get_ident()


def test_a_lane_without_an_item_wakes_no_thread_to_end() -> None:
    executor = Executor(threads=1)
    gate = Gate()
    busy = executor.open_lane(gate, nothing)
    busy.offer("running")
    gate.wait_until_entered()
    ends: list[int] = []
    silent, hasty = (executor.open_lane(nothing_with, lambda: ends.append(threading.get_ident())) for _ in range(2))
    silent.close()
    hasty.offer(0)
    assert hasty.close() == 0
    assert silent.close() is None
    assert ends == [threading.get_ident()] * 2, "while the only thread has something else to do"
    assert executor.statistics().ready == 0
    assert executor.statistics().lanes == 1
    gate.open()
    executor.close()


def test_nothing_is_kept_of_a_lane_that_has_ended(executor: Executor) -> None:
    lane = executor.open_lane(nothing_with, nothing)
    lane.offer(0)
    lane.close()
    until(lambda: executor.statistics().lanes == 0)
    ended = weakref.ref(lane)
    del lane
    executor.open_lane(nothing_with, nothing).offer(0)  # The thread lets go of a lane when it takes the next one.
    until(lambda: gc.collect() >= 0 and ended() is None)


def test_newcomers_without_end_keep_no_lane_waiting(executor: Executor) -> None:
    """Each item opens another lane, so that one that was never served always waits."""
    newcomers = 0
    served = threading.Event()

    def process(_: int) -> None:
        nonlocal newcomers
        newcomers += 1
        if not served.is_set():
            executor.open_lane(process, nothing).offer(0)

    def serve(item: int) -> None:
        if item:
            served.set()
        else:
            lane.offer(1)  # It has had its turn in this round.

    lane = executor.open_lane(serve, nothing)
    executor.open_lane(process, nothing).offer(0)
    lane.offer(0)
    assert served.wait(WAIT_S), f"{newcomers} newcomers went first"


def test_close_ends_every_lane_and_waits_for_what_runs() -> None:
    executor = Executor(threads=2)
    gates = [Gate(), Gate()]
    ended: list[str] = []
    lanes = [executor.open_lane(gate, lambda: ended.append("busy")) for gate in gates]
    idle = executor.open_lane(nothing_with, lambda: ended.append("idle"))
    for lane, gate in zip(lanes, gates, strict=True):
        lane.offer(0)
        gate.wait_until_entered()
    closer = threading.Thread(target=executor.close)
    closer.start()
    assert closer.is_alive()
    for gate in gates:
        gate.open()
    closer.join(WAIT_S)
    assert sorted(ended) == ["busy", "busy", "idle"]
    assert idle.offer(1) == 1
    with pytest.raises(RuntimeError, match="closed"):
        executor.open_lane(nothing_with, nothing)
    executor.close()


def test_an_error_is_logged_and_the_lane_goes_on(executor: Executor, caplog: pytest.LogCaptureFixture) -> None:
    done = threading.Event()

    def process(item: int) -> None:
        if item == 0:
            raise ZeroDivisionError("a fault")
        done.set()

    lane = executor.open_lane(process, nothing)
    lane.offer(0)
    until(lambda: executor.statistics().processed == 1)
    lane.offer(1)
    assert done.wait(WAIT_S)
    assert "a fault" in caplog.text


def test_the_line_holds_each_lane_once_whatever_is_offered(executor: Executor) -> None:
    gate = Gate()
    blocker = executor.open_lane(gate, nothing)
    blocker.offer(0)
    gate.wait_until_entered()
    lanes = [executor.open_lane(nothing_with, nothing) for _ in range(5)]
    for _ in range(100):
        for lane in lanes:
            lane.offer(0)
    statistics = executor.statistics()
    assert (statistics.threads, statistics.running, statistics.lanes, statistics.ready) == (1, 1, 6, 5)
    gate.open()


def test_it_needs_a_thread() -> None:
    with pytest.raises(ValueError, match="threads must be 1 or more, not 0"):
        Executor(threads=0)


def nothing_with(_: object) -> None:
    pass


def test_close_leaves_behind_what_does_not_end_in_time() -> None:
    gate = Gate()
    executor = Executor(threads=1)
    executor.open_lane(gate, nothing).offer("stuck")
    gate.wait_until_entered()
    assert executor.oldest_start_ns() is not None
    executor.close(within_s=0.05)
    gate.open()
    executor.close()
    assert executor.oldest_start_ns() is None


def test_the_first_item_of_a_lane_tells_nothing_of_the_capacity(executor: Executor) -> None:
    """Much is made for it, a tracker above all, and where sessions come and go it would look like a slow machine."""

    def run(lane: Lane[int]) -> None:
        done = executor.statistics().processed
        lane.offer(0)
        until(lambda: executor.statistics().processed > done)

    for _ in range(40):
        lane: Lane[int] = executor.open_lane(lambda _: None, nothing)
        run(lane)
        lane.close()
    assert executor.statistics().capacity is None
    lane = executor.open_lane(lambda _: None, nothing)
    for _ in range(40):
        run(lane)
    assert executor.statistics().capacity is not None


HEAVY_S = 0.08
"""More than any frame of 66 ms, and more than four times what an ordinary one here takes."""


class ThreadTime(threading.local):
    """A clock of each thread's own, that goes on by what its work is said to take: a pause of the machine is none of the work's."""

    def __init__(self) -> None:
        self.now_ns = 0

    def monotonic_ns(self) -> int:
        return self.now_ns

    def work(self, seconds: float) -> None:
        time.sleep(seconds)
        self.now_ns += round(seconds * 1e9)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ThreadTime:
    told = ThreadTime()
    monkeypatch.setattr(executor_module, "time", told)
    return told


class Many:
    """Lanes that ask anew as soon as they are served, and how many of them were on threads at once."""

    def __init__(self, executor: Executor, lanes: int, work: Callable[[], object]) -> None:
        self._work = work
        self._at_once = 0
        self.most = 0
        self.served = 0
        self._lock = threading.Lock()
        self._lanes: list[Lane[object]] = [executor.open_lane(self._process, nothing) for _ in range(lanes)]
        for lane in self._lanes:
            lane.offer(lane)

    def forget(self) -> None:
        with self._lock:
            self.most = self.served = 0

    def close(self) -> None:
        for lane in self._lanes:
            lane.close()

    def _process(self, lane: object) -> None:
        assert isinstance(lane, Lane)
        with self._lock:
            self._at_once += 1
            self.most = max(self.most, self._at_once)
        self._work()
        with self._lock:
            self._at_once -= 1
            self.served += 1
        lane.offer(lane)


def test_lanes_whose_items_take_far_longer_hold_half_of_the_threads_while_there_are_others(clock: ThreadTime) -> None:
    executor = Executor(threads=4)
    ordinary, heavy = Many(executor, 3, lambda: clock.work(0.002)), Many(executor, 6, lambda: clock.work(HEAVY_S))
    until(lambda: heavy.served >= 12)
    heavy.forget()
    until(lambda: heavy.served >= 12)
    assert heavy.most == 2
    ordinary.close()
    heavy.forget()
    until(lambda: heavy.most == 4)
    executor.close()


def test_a_lane_that_has_shown_nothing_yet_counts_as_one_that_takes_long(clock: ThreadTime) -> None:
    executor = Executor(threads=4)
    ordinary = Many(executor, 1, lambda: clock.work(0.002))
    until(lambda: ordinary.served >= 2)
    gate = threading.Event()
    newcomers = Many(executor, 4, gate.wait)
    until(lambda: newcomers.most == 2)
    ordinary.forget()
    until(lambda: ordinary.served >= 20)
    assert newcomers.most == 2
    gate.set()
    executor.close()


def test_a_lane_that_is_held_up_ends_at_once() -> None:
    executor = Executor(threads=4)
    ordinary = executor.open_lane(nothing_with, nothing)
    for item in range(2):
        ordinary.offer(item)
        until(lambda processed=item + 1: executor.statistics().processed == processed)  # type: ignore[misc]  # mypy: the default binds it
    ended = threading.Event()
    leaving = executor.open_lane(nothing_with, ended.set)
    leaving.offer(0)
    until(lambda: executor.statistics().processed == 3)
    gate = Gate()
    for _ in range(2):
        executor.open_lane(gate, nothing).offer(0)
        gate.wait_until_entered()
    leaving.offer(1)
    time.sleep(0.05)  # So that the thread that was woken for it waits again.
    assert leaving.close() == 1
    assert ended.wait(WAIT_S / 2), "before the gates give up"
    gate.open(2)
    executor.close()
