"""The account of frames, and the place where the newest wins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from handstream.protocol.flow import Flow, FlowStatistics, LatestSlot


def test_the_newest_wins() -> None:
    slot: LatestSlot[str] = LatestSlot()
    assert not slot
    assert slot.take() is None
    assert slot.put("a") is None
    assert slot.put("b") == "a"
    assert slot
    assert slot.take() == "b"
    assert not slot


@given(st.lists(st.sampled_from(["put", "take"])))
def test_a_slot_returns_each_item_once_and_holds_one(steps: list[str]) -> None:
    slot: LatestSlot[int] = LatestSlot()
    out: list[int | None] = [slot.put(index) if step == "put" else slot.take() for index, step in enumerate(steps)]
    put = [index for index, step in enumerate(steps) if step == "put"]
    returned = [item for item in out if item is not None]
    assert returned == put[: len(returned)], "in order, none twice"
    assert len(put) - len(returned) == bool(slot)


def test_a_frame_is_settled_once() -> None:
    flow = Flow()
    flow.receive(7)
    flow.answer(7)
    for settle in (flow.answer, flow.fail, lambda frame_id: flow.drop(frame_id, "queue")):
        with pytest.raises(ValueError, match="frame 7 is not outstanding"):
            settle(7)


def test_a_number_cannot_be_outstanding_twice() -> None:
    flow = Flow()
    flow.receive(7)
    with pytest.raises(ValueError, match="frame 7 is outstanding already"):
        flow.receive(7)


def test_the_frames_of_two_sessions_add_up() -> None:
    one = FlowStatistics(received=9, answered=3, failed=1, dropped={"queue": 2, "send": 1}, outstanding=2)
    other = FlowStatistics(received=4, answered=1, failed=0, dropped={"queue": 2}, outstanding=1)
    assert one + other == FlowStatistics(received=13, answered=4, failed=1, dropped={"queue": 4, "send": 1}, outstanding=3)


class FlowMachine(RuleBasedStateMachine):
    """Whatever happens to frames, the account adds up."""

    frames = Bundle("frames")

    def __init__(self) -> None:
        super().__init__()
        self.flow = Flow()
        self.next_id = 0
        self.outstanding = 0

    @rule(target=frames, count=st.integers(1, 3))
    def receive(self, count: int) -> object:
        ids = [self.next_id + index for index in range(count)]
        self.next_id += count
        self.outstanding += count
        for frame_id in ids:
            self.flow.receive(frame_id)
        return multiple(*ids)

    @rule()
    def refuse(self) -> None:
        self.flow.refuse()

    @rule(frame_id=consumes(frames), how=st.sampled_from(["answer", "fail", "queue", "send"]))
    def settle(self, frame_id: int, how: str) -> None:
        self.outstanding -= 1
        match how:
            case "answer":
                self.flow.answer(frame_id)
            case "fail":
                self.flow.fail(frame_id)
            case "queue" | "send":
                self.flow.drop(frame_id, "queue" if how == "queue" else "send")

    @invariant()
    def adds_up(self) -> None:
        account = self.flow.statistics()
        assert account.outstanding == self.outstanding == sum(map(self.flow.is_outstanding, self.flow.outstanding))
        assert account.received == account.answered + account.failed + sum(account.dropped.values()) + account.outstanding
        assert self.flow.dropped == sum(account.dropped.values())


TestFlowMachine = FlowMachine.TestCase
