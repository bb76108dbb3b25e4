"""How many results may be unacknowledged: by tables, and by a state machine that acknowledges what it likes."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from handstream.protocol.delivery import MAX_RESULTS, MIN_RESULTS, ResultWindow

MS_NS = 1_000_000


def steady(round_trip_ms: int, interval_ms: int, results: int = 200) -> ResultWindow:
    """A window through which results went at that rate, each acknowledged after that time, and which always had room."""
    window = ResultWindow()
    due: list[tuple[int, int]] = []
    for now_ms in range(results * interval_ms):
        while due and due[0][0] <= now_ms:
            assert window.acknowledge(due.pop(0)[1], now_ms * MS_NS) is True
        if now_ms % interval_ms == 0 and window.may_send:
            window.sent(now_ms, now_ms * MS_NS)
            due.append((now_ms + round_trip_ms, now_ms))
    return window


@pytest.mark.parametrize(
    ("round_trip_ms", "interval_ms", "results"), [(1, 33, 2), (33, 33, 3), (60, 33, 4), (200, 33, 11), (3_000, 33, MAX_RESULTS)]
)
def test_it_follows_the_round_trip(round_trip_ms: int, interval_ms: int, results: int) -> None:
    assert steady(round_trip_ms, interval_ms).max_results == results


def test_a_window_that_is_too_small_does_not_justify_itself() -> None:
    """Results came rarely at first. On a path of 200 ms they come every 33 ms now, and most are replaced until the window has grown."""
    window, due, waits = ResultWindow(), list[tuple[int, int]](), False
    for now_ms in range(6_000):
        while due and due[0][0] <= now_ms:
            window.acknowledge(due.pop(0)[1], now_ms * MS_NS)
        if now_ms % (1_000 if now_ms < 3_000 else 33) == 0:
            if waits:
                window.replaced()
            waits = True
        if waits and window.may_send:
            window.sent(now_ms, now_ms * MS_NS)
            due.append((now_ms + 200, now_ms))
            waits = False
    assert window.max_results >= 7


def test_results_that_were_replaced_count_for_how_often_they_come() -> None:
    window = ResultWindow()
    for frame_id in range(20):
        window.sent(frame_id, 200 * frame_id * MS_NS)
        window.acknowledge(frame_id, (200 * frame_id + 200) * MS_NS)
        for _ in range(4):
            window.replaced()
    assert window.max_results == 9, "of a path of 200 ms on which there is one every 40 ms"


def test_it_opens_as_fast_as_a_client_does() -> None:
    """One frame on its way at first, and one more with every answer, over a path of 240 ms: every result finds room when it is there."""
    window, due, waiting = ResultWindow(), list[tuple[int, int]](), 1
    for now_ms in range(0, 3_000, 8):
        while due and due[0][0] <= now_ms:
            window.acknowledge(due.pop(0)[1], now_ms * MS_NS)
            waiting += 2 if len(due) + waiting < 7 else 1
        if waiting and now_ms % 32 == 0:
            assert window.may_send
            window.sent(now_ms, now_ms * MS_NS)
            due.append((now_ms + 240, now_ms))
            waiting -= 1


def test_a_pause_lets_only_a_few_results_out() -> None:
    window = steady(1, 33)
    sent = 0
    for frame_id in range(10_000, 10_100):
        if window.may_send:
            window.sent(frame_id, frame_id * MS_NS)
            sent += 1
    assert sent == MIN_RESULTS


def test_an_acknowledgement_stands_for_all_before_it() -> None:
    window = ResultWindow()
    window.sent(2**32 - 1, 10)
    window.sent(0, 20)
    assert (window.may_send, window.oldest_ns) == (False, 10)
    assert window.acknowledge(0, 30) is True
    assert (window.may_send, window.oldest_ns) == (True, None)


@pytest.mark.parametrize(("frame_id", "is_news"), [(5, True), (4, True), (3, False), (2, False), (0, False), (6, None), (2**31 - 1, None)])
def test_what_an_acknowledgement_is_taken_for(frame_id: int, is_news: bool | None) -> None:
    window = ResultWindow(after=1)
    window.sent(3, 0)
    window.acknowledge(3, 0)
    window.sent(4, 0)
    window.sent(5, 0)
    assert window.acknowledge(frame_id, 0) is is_news


def test_on_another_connection_what_was_sent_before_is_known() -> None:
    window = ResultWindow(after=7)
    assert window.acknowledge(7, 0) is False
    assert window.acknowledge(8, 0) is None
    assert ResultWindow(after=0).acknowledge(2**32 - 1, 0) is False
    assert ResultWindow(after=2**32 - 1).acknowledge(0, 0) is None
    assert ResultWindow().acknowledge(0, 0) is None


class DeliveryMachine(RuleBasedStateMachine):
    """Results, acknowledgements of anything and a clock that jumps: what is unacknowledged is bounded, and there is always a way on."""

    def __init__(self) -> None:
        super().__init__()
        self.window = ResultWindow()
        self.unacknowledged: list[int] = []
        self.next_id = 2**32 - 20
        self.now_ns = 10**12

    @rule(step_ns=st.integers(-(10**9), 10**9))
    def time_passes(self, step_ns: int) -> None:
        self.now_ns = max(0, self.now_ns + step_ns)

    @rule(skip=st.integers(1, 5))
    def send(self, skip: int) -> None:
        if self.window.may_send:
            self.next_id = (self.next_id + skip) % 2**32
            self.window.sent(self.next_id, self.now_ns)
            self.unacknowledged.append(self.next_id)

    @rule(frame_id=st.integers(0, 30) | st.integers(2**32 - 30, 2**32 - 1) | st.integers(0, 2**32 - 1))
    def acknowledge_anything(self, frame_id: int) -> None:
        is_news = self.window.acknowledge(frame_id, self.now_ns)
        assert (is_news is True) == (frame_id in self.unacknowledged)
        if is_news:
            del self.unacknowledged[: self.unacknowledged.index(frame_id) + 1]

    @rule()
    def acknowledge_all(self) -> None:
        if self.unacknowledged:
            assert self.window.acknowledge(self.unacknowledged[-1], self.now_ns)
            self.unacknowledged.clear()
            assert self.window.may_send, "a client that acknowledges all gets the next"

    @invariant()
    def is_bounded(self) -> None:
        assert MIN_RESULTS <= self.window.max_results <= MAX_RESULTS
        assert len(self.unacknowledged) <= MAX_RESULTS
        assert (self.window.oldest_ns is None) == (not self.unacknowledged)


TestDeliveryMachine = DeliveryMachine.TestCase
TestDeliveryMachine.settings = settings(max_examples=60, stateful_step_count=30)
