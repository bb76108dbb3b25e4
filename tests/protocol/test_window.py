"""The frames in flight: tables, a state machine, and the golden sequences that the TypeScript twin decides alike.

After a deliberate change the sequences in tests/vectors/window.json are written anew with `.venv/bin/python -m tests.protocol.test_window`.
"""

from __future__ import annotations

import json
import math
import random
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from handstream.protocol.window import (
    ALONE_FRAMES,
    DOUBT_FRAMES,
    DOUBT_INTERVAL_MS,
    MAX_FRAMES,
    MAX_TIMEOUT_MS,
    MAX_UNSHOWN,
    MIN_TIMEOUT_MS,
    FrameWindow,
    Outcome,
)
from tests.protocol.golden import write_sequences

if TYPE_CHECKING:
    from collections.abc import Iterator

VECTORS = Path(__file__).parents[1] / "vectors" / "window.json"
OUTCOMES: tuple[Outcome, ...] = ("answered", "refused", "queue", "send")


class SteadyPath:
    """Frames that are answered after a steady round trip, at a steady interval."""

    def __init__(self, window: FrameWindow, interval_ms: float = 33.0) -> None:
        self.window = window
        self.interval_ms = interval_ms
        self.now_ms = 0.0
        self.next_id = 0
        self.due: list[tuple[float, int]] = []
        self.most = 0

    def run(self, round_trip_ms: float, frames: int, *, queue_ms: float = 0.0) -> None:
        """Sends at each interval if a place is free, until so many more frames were sent, and takes the answers as they come."""
        last_id = self.next_id + frames
        while self.next_id < last_id:
            while self.due and self.due[0][0] <= self.now_ms:
                due_ms, frame_id = self.due.pop(0)
                self.window.settle(frame_id, "answered", due_ms, queue_ms=queue_ms)
            self.window.expire(self.now_ms)
            if self.window.may_send:
                self.window.sent(self.next_id, 10_000, self.now_ms)
                self.due.append((self.now_ms + round_trip_ms, self.next_id))
                self.next_id += 1
                self.most = max(self.most, self.window.statistics().in_flight)
            self.now_ms += self.interval_ms


def test_an_unknown_path_gets_one_frame() -> None:
    window = FrameWindow(interval_ms=33)
    window.sent(0, 10_000, 0)
    assert window.max_in_flight == 1
    assert not window.may_send


@pytest.mark.parametrize(
    ("round_trip_ms", "interval_ms", "frames"),
    [
        (0, 33, 1),
        (12, 33, 1),
        (33, 33, 1),
        (34, 33, 3),
        (60, 33, 3),
        (90, 33, 4),
        (260, 33, 9),
        (260, 100, 4),
        (90, 0, 7),
        (3000, 33, MAX_FRAMES),
    ],
)
def test_a_path_gets_what_it_needs_and_no_more(round_trip_ms: float, interval_ms: float, frames: int) -> None:
    window = FrameWindow(interval_ms=interval_ms)
    SteadyPath(window).run(round_trip_ms, 60)
    assert window.max_in_flight == frames


def test_the_window_opens_by_one_an_answer() -> None:
    window = FrameWindow(interval_ms=33)
    window.sent(0, 10_000, 0)
    window.settle(0, "answered", 400)
    assert window.max_in_flight == 2
    window.sent(1, 10_000, 400)
    window.sent(2, 10_000, 433)
    window.settle(1, "answered", 800)
    assert window.max_in_flight == 3


def test_a_queue_does_not_open_the_window() -> None:
    window = FrameWindow(interval_ms=33)
    path = SteadyPath(window)
    path.run(60, 30)
    path.run(300, DOUBT_FRAMES - 1)
    assert window.max_in_flight == 3


def test_waiting_for_a_thread_of_the_server_does_not_open_the_window() -> None:
    window = FrameWindow(interval_ms=33)
    SteadyPath(window).run(200, 60, queue_ms=190)
    assert window.max_in_flight == 1


def test_a_longer_path_is_known_after_a_few_frames_that_were_alone() -> None:
    window = FrameWindow(interval_ms=33)
    path = SteadyPath(window)
    path.run(20, 60)
    path.run(100, ALONE_FRAMES + 1)
    assert window.max_in_flight == 5


def test_a_longer_path_is_known_where_frames_are_never_alone() -> None:
    window = FrameWindow(interval_ms=33)
    path = SteadyPath(window)
    path.run(90, 60)
    path.run(200, DOUBT_FRAMES + 10)
    assert window.floor_ms == pytest.approx(200, abs=1e-9)
    assert window.max_in_flight == 8


def test_a_doubt_that_was_a_queue_leaves_the_floor() -> None:
    window = FrameWindow(interval_ms=33)
    path = SteadyPath(window)
    path.run(90, 60)
    while window.max_in_flight > 1:
        path.run(300, 1)
        assert path.next_id < 60 + DOUBT_FRAMES + 2 * MAX_FRAMES, "it never drains"
    path.run(90, 10)
    assert window.floor_ms == pytest.approx(90, abs=1e-9)
    assert window.max_in_flight == 4


def test_a_queue_that_comes_back_is_doubted_again_only_after_a_while() -> None:
    window = FrameWindow(interval_ms=33)
    path = SteadyPath(window)
    path.run(90, 60)
    drained_ms: list[float] = []
    while len(drained_ms) < 2:
        while window.max_in_flight > 1:
            path.run(300, 1)
        drained_ms.append(path.now_ms)
        while window.max_in_flight == 1:
            path.run(90, 1)
    # That it drains is seen a round trip late, and the first time may be seen later than the second.
    assert drained_ms[1] - drained_ms[0] >= DOUBT_INTERVAL_MS - 300


def test_a_lost_answer_frees_its_place_and_its_late_answer_changes_nothing() -> None:
    window = FrameWindow(interval_ms=33)
    SteadyPath(window).run(20, 30)
    window.settle(29, "answered", 1000)
    window.sent(100, 10_000, 1000)
    assert window.deadline_ms == 1000 + MIN_TIMEOUT_MS
    assert window.expire(1000 + MIN_TIMEOUT_MS - 1) == []
    assert [frame.frame_id for frame in window.expire(1000 + MIN_TIMEOUT_MS)] == [100]
    assert window.statistics().dropped["network_up"] == 1
    assert (window.is_silent, window.may_send) == (True, True)
    late = window.settle(100, "answered", 2000)
    assert late is not None
    assert (late.is_late, late.is_stale, late.round_trip_ms) == (True, True, 1000)
    assert (window.is_silent, window.may_send) == (False, True)
    assert window.settle(100, "answered", 2001) is None
    statistics = window.statistics()
    assert (statistics.answered, statistics.late, statistics.unknown) == (30, 1, 1)


def test_a_silence_sends_ever_more_rarely_and_its_end_opens_the_window_at_once() -> None:
    window = FrameWindow(interval_ms=33)
    path = SteadyPath(window)
    path.run(90, 60)
    before = window.max_in_flight
    sent_ms: list[float] = []
    start_ms = now_ms = path.now_ms
    while now_ms < start_ms + 10_000:
        window.expire(now_ms)
        if window.may_send:
            window.sent(1_000 + len(sent_ms), 10_000, now_ms)
            sent_ms.append(now_ms)
        now_ms += 10
    gaps_ms = [later - earlier for earlier, later in pairwise(sent_ms)]
    assert gaps_ms == sorted(gaps_ms)
    assert len(gaps_ms) >= 2
    assert MAX_TIMEOUT_MS <= gaps_ms[-1] < MAX_TIMEOUT_MS + 20
    newest = window.settle(1_000 + len(sent_ms) - 1, "answered", now_ms)
    assert newest is not None
    assert newest.is_stale
    assert window.max_in_flight == before


def test_a_path_that_became_slower_than_the_timeout_is_learned_from_late_answers() -> None:
    window = FrameWindow(interval_ms=33)
    path = SteadyPath(window)
    path.run(20, 30)
    path.run(1_500, 20)
    assert window.timeout_ms > 1_500
    late = window.statistics().late
    path.run(1_500, 10)
    assert window.statistics().late == late


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_each_outcome_settles_a_frame_once(outcome: Outcome) -> None:
    window = FrameWindow(interval_ms=33)
    window.sent(7, 10_000, 0)
    assert window.settle(7, outcome, 10) is not None
    assert window.settle(7, outcome, 11) is None
    statistics = window.statistics()
    assert statistics.in_flight == 0
    assert statistics.unknown == 1
    assert (window.floor_ms is not None) == (outcome == "answered"), "only answers tell how long the path is"


def test_answers_that_are_not_shown_hold_frames_back() -> None:
    window = FrameWindow(interval_ms=33)
    SteadyPath(window).run(20, 10)
    for frame_id in range(100, 100 + MAX_UNSHOWN):
        window.showing(frame_id, 1_000)
    assert not window.may_send
    window.shown(100 + MAX_UNSHOWN - 1)
    window.settle(9, "answered", 1_000)
    assert window.may_send, "what came before is settled by what is shown after it"


def test_a_page_that_never_tells_is_not_dead() -> None:
    window = FrameWindow(interval_ms=33)
    for frame_id in range(MAX_UNSHOWN):
        window.showing(frame_id, 0)
    assert not window.may_send
    assert window.deadline_ms is not None
    window.expire(window.deadline_ms)
    assert window.may_send


def test_a_connection_that_is_gone_settles_all() -> None:
    window = FrameWindow(interval_ms=33)
    window.sent(0, 10_000, 0)
    window.showing(5, 0)
    assert [frame.frame_id for frame in window.abandon()] == [0]
    assert window.deadline_ms is None
    assert window.statistics().dropped["network_up"] == 1


def test_on_another_connection_the_silence_of_the_last_is_over() -> None:
    window = FrameWindow(interval_ms=33)
    window.sent(0, 10_000, 0)
    window.expire(MAX_TIMEOUT_MS)
    silent = [window.is_silent]
    window.abandon()
    assert [*silent, window.is_silent] == [True, False]
    window.sent(1, 10_000, 5_000)
    answered = window.settle(1, "answered", 5_020)
    assert answered is not None
    assert not answered.is_stale


def test_only_the_newest_of_those_that_were_given_up_are_remembered() -> None:
    window = FrameWindow(interval_ms=33)
    for frame_id in range(10 * MAX_FRAMES):
        window.sent(frame_id, 10_000, frame_id)
        window.abandon()
    assert window.settle(0, "answered", 1_000) is None
    assert sum(window.settle(frame_id, "answered", 1_000) is not None for frame_id in range(10 * MAX_FRAMES)) == 2 * MAX_FRAMES


def test_a_number_that_is_in_flight_is_refused() -> None:
    window = FrameWindow(interval_ms=33)
    window.sent(3, 10_000, 0)
    with pytest.raises(ValueError, match="frame 3 is in flight"):
        window.sent(3, 10_000, 1)


# --- whatever happens


class AnyPeer(RuleBasedStateMachine):
    """A driver that asks before it sends, and a server and a page that do what they like."""

    def __init__(self) -> None:
        super().__init__()
        self.window = FrameWindow(interval_ms=33)
        self.now_ms = 0.0
        self.next_id = 0
        self.open: set[int] = set()
        self.settled: dict[int, int] = {}

    @rule(span_ms=st.floats(0, 700), interval_ms=st.sampled_from([0.0, 16.0, 33.0, 200.0]))
    def pass_time(self, span_ms: float, interval_ms: float) -> None:
        self.now_ms += span_ms
        self.window.interval_ms = interval_ms
        self.give_up([frame.frame_id for frame in self.window.expire(self.now_ms)])

    @precondition(lambda self: self.window.may_send)
    @rule(size_bytes=st.integers(1, 100_000))
    def send(self, size_bytes: int) -> None:
        allowed = self.window.max_in_flight
        self.window.sent(self.next_id, size_bytes, self.now_ms)
        self.open.add(self.next_id)
        self.next_id += 1
        assert len(self.open) <= allowed

    @rule(back=st.integers(-3, 40), outcome=st.sampled_from(OUTCOMES), queue_ms=st.floats(-5, 5_000))
    def settle(self, back: int, outcome: Outcome, queue_ms: float) -> None:
        frame_id = self.next_id - 1 - back
        settlement = self.window.settle(frame_id, outcome, self.now_ms, queue_ms=queue_ms)
        if frame_id in self.open:
            assert settlement is not None
            assert not settlement.is_late
            self.give_up([frame_id])
        else:
            assert settlement is None or settlement.is_late

    @rule(frame_id=st.integers(0, 5))
    def show(self, frame_id: int) -> None:
        self.window.showing(frame_id, self.now_ms)

    @rule(frame_id=st.integers(0, 5))
    def shown(self, frame_id: int) -> None:
        self.window.shown(frame_id)

    @rule()
    def lose_connection(self) -> None:
        self.give_up([frame.frame_id for frame in self.window.abandon()])

    def give_up(self, frame_ids: list[int]) -> None:
        for frame_id in frame_ids:
            self.open.remove(frame_id)
            self.settled[frame_id] = self.settled.get(frame_id, 0) + 1

    @invariant()
    def every_frame_is_settled_once(self) -> None:
        statistics = self.window.statistics()
        assert statistics.in_flight == len(self.open) <= MAX_FRAMES
        assert all(times == 1 for times in self.settled.values())
        assert statistics.sent == statistics.in_flight + statistics.answered + statistics.refused + sum(statistics.dropped.values())

    @invariant()
    def a_frame_may_be_sent_after_a_bounded_silence(self) -> None:
        if not self.window.may_send:
            assert self.window.deadline_ms is not None
            assert self.window.deadline_ms <= self.now_ms + MAX_TIMEOUT_MS
        assert 1 <= self.window.max_in_flight <= MAX_FRAMES
        assert MIN_TIMEOUT_MS <= self.window.timeout_ms <= MAX_TIMEOUT_MS

    def teardown(self) -> None:
        self.window.expire(self.now_ms + MAX_TIMEOUT_MS)
        assert self.window.may_send


AnyPeer.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestAnyPeer = AnyPeer.TestCase


# --- the golden sequences


class RecordingWindow(FrameWindow):
    """A window that writes down what it is told and what it then knows."""

    def __init__(self, *, interval_ms: float) -> None:
        super().__init__(interval_ms=interval_ms)
        self.steps: list[list[Any]] = []

    def told(self, *step: object) -> None:
        statistics = self.statistics()
        state = [self.max_in_flight, self.may_send, self.floor_ms, self.timeout_ms, self.is_silent, self.deadline_ms]
        counts = [statistics.sent, statistics.in_flight, statistics.answered, statistics.refused, *statistics.dropped.values()]
        self.steps.append([list(step), [*state, *counts, statistics.late, statistics.unknown]])


def perform(window: RecordingWindow, step: tuple[Any, ...]) -> None:
    match step:
        case ("interval", interval_ms):
            window.interval_ms = interval_ms
        case ("sent", frame_id, size_bytes, now_ms):
            window.sent(frame_id, size_bytes, now_ms)
        case ("settle", frame_id, outcome, now_ms, queue_ms):
            window.settle(frame_id, outcome, now_ms, queue_ms=queue_ms)
        case ("showing", frame_id, now_ms):
            window.showing(frame_id, now_ms)
        case ("shown", frame_id):
            window.shown(frame_id)
        case ("expire", now_ms):
            window.expire(now_ms)
        case _:
            window.abandon()
    window.told(*step)


def conversation(seed: int, least_ms: float, jitter_ms: float, loss: float) -> Iterator[tuple[Any, ...]]:
    """A client that sends whatever the window says, so that the same steps can be performed without one."""
    rng = random.Random(seed)
    window = RecordingWindow(interval_ms=33)
    now_ms, next_id = 0.0, 0
    due: list[tuple[float, int]] = []
    for tick in range(110):
        # In eighths of a millisecond, which are short in decimals and exact in binary.
        now_ms += math.floor(33 * 8 * (0.8 + 0.4 * rng.random())) / 8
        outage = 50 <= tick < 85 and seed % 2 == 1
        steps: list[tuple[Any, ...]] = [("expire", now_ms)]
        for due_ms, frame_id in sorted(due):
            if due_ms <= now_ms and not outage:
                due.remove((due_ms, frame_id))
                outcome = OUTCOMES[int(4 * rng.random() ** 6)]
                steps += [
                    ("settle", frame_id, outcome, now_ms, math.floor(40 * rng.random()) / 8),
                    ("showing", frame_id, now_ms),
                    ("shown", frame_id),
                ]
        for step in steps:
            perform(window, step)
            yield step
        if window.may_send:
            if rng.random() >= loss:
                due.append((now_ms + least_ms + jitter_ms * rng.random() ** 3, next_id))
            step = ("sent", next_id, 10_000, now_ms)
            perform(window, step)
            yield step
            next_id += 1
        if tick == 65:
            least_ms *= 2
            yield ("interval", 50.0)
            window.interval_ms = 50.0
        if tick == 105:
            yield ("abandon",)
            window.abandon()
            due = []


SEQUENCES = {
    "a local network": (2, 5, 10, 0.0),
    "a long path that becomes longer": (4, 90, 40, 0.0),
    "a long path with an outage": (5, 200, 60, 0.0),
    "answers that are lost": (6, 60, 20, 0.1),
}


def sequences() -> list[dict[str, Any]]:
    made = []
    for name, (seed, least_ms, jitter_ms, loss) in SEQUENCES.items():
        window = RecordingWindow(interval_ms=33)
        for step in conversation(seed, least_ms, jitter_ms, loss):
            perform(window, step)
        made.append({"name": name, "interval_ms": 33, "steps": window.steps})
    return made


def test_the_golden_sequences_hold_what_this_implementation_decides() -> None:
    assert json.loads(VECTORS.read_text()) == sequences(), "if the change is meant: python -m tests.protocol.test_window"


if __name__ == "__main__":
    write_sequences(VECTORS, sequences())
