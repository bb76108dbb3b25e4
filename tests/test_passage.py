"""A client's frames without a socket: what leaves, what becomes of it, and where its time went, by a clock that is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.adaptation import Adaptation
from handstream.errors import HandstreamError
from handstream.frames import Frame, FrameResult, Stage
from handstream.outcomes import Answered, Dropped, Failed
from handstream.passage import FramePassage
from handstream.protocol import wire
from handstream.protocol.control import Advice, ErrorMessage, Pong
from handstream.protocol.trace import Trace

MS = 1_000_000
SERVER_LEAD_NS = 5_000_000 * MS


def put(passage: FramePassage, frame_id: int, now_ns: int) -> None:
    passage.put(Frame(frame_id, b"picture"), Trace(now_ns), now_ns)


def result(frame_id: int, received_ns: int, stages_ns: dict[Stage, int]) -> FrameResult:
    """A result of a server whose clock leads by `SERVER_LEAD_NS`; the frame was there at that time of ours."""
    there_ns = received_ns + SERVER_LEAD_NS
    return FrameResult(frame_id, 0, 64, 48, (), None, stages_ns, there_ns, there_ns + sum(stages_ns.values()))


def answer(passage: FramePassage, frame_id: int, now_ns: int, *, up_ns: int = 2 * MS, down_ns: int = 2 * MS) -> Answered:
    """The frame leaves now, and its result is decoded 1 ms after it has arrived."""
    put(passage, frame_id, now_ns)
    assert passage.departure(now_ns)
    arrived_ns = now_ns + up_ns + 7 * MS + down_ns
    outcome = passage.answered(result(frame_id, now_ns + up_ns, {Stage.TRACK: 7 * MS}), 300, arrived_ns, arrived_ns + MS)
    assert isinstance(outcome, Answered)
    return outcome


def left(passage: FramePassage, now_ns: int) -> list[int]:
    """The numbers of the frames that leave now."""
    messages = passage.departure(now_ns)
    return [wire.decode_frame(message, receive_time_ns=0).frame_id for message in messages if isinstance(message, bytes)]


def test_one_frame_leaves_and_of_those_that_wait_the_newest_wins() -> None:
    passage = FramePassage(frame_interval_ms=33, adaptation=None)
    for frame_id in range(4):
        put(passage, frame_id, frame_id * MS)
        assert left(passage, frame_id * MS) == ([] if frame_id else [0])
    assert isinstance(passage.answered(result(0, 4 * MS, {}), 300, 5 * MS, 5 * MS), Answered)
    assert left(passage, 6 * MS) == [3]
    assert passage.statistics(0).replaced == 2


def test_the_trace_tells_where_the_time_went_between_send_and_the_decoded_result() -> None:
    passage = FramePassage(frame_interval_ms=33, adaptation=None)
    trace = Trace(100 * MS)
    trace.end(Stage.PACK, 103 * MS)
    passage.put(Frame(0, b"picture"), trace, 103 * MS)
    passage.departure(108 * MS)
    outcome = passage.answered(result(0, 111 * MS, {Stage.QUEUE: MS, Stage.TRACK: 7 * MS}), 300, 122 * MS, 123 * MS)
    assert isinstance(outcome, Answered)
    assert (outcome.sent_time_ns, outcome.received_time_ns) == (108 * MS, 122 * MS)
    assert outcome.stages_ns == {
        Stage.PACK: 3 * MS,
        Stage.HOLD: 5 * MS,
        Stage.NETWORK_UP: 3 * MS,
        Stage.QUEUE: MS,
        Stage.TRACK: 7 * MS,
        Stage.NETWORK_DOWN: 3 * MS,
        Stage.UNPACK: MS,
    }
    assert outcome.network_error_ns == 4 * MS - MS  # Half of the 6 ms, and the clocks' resolution; but no way takes more than it took.


def test_another_connection_begins_without_advice() -> None:
    adaptation = Adaptation(frame_interval_ms=33, jpeg_quality=80, min_scale=1, settings={})
    passage = FramePassage(frame_interval_ms=33, adaptation=adaptation)
    passage.heard(Advice(2, 100), 0)
    assert adaptation.decision.frame_interval_ms == 500
    passage.abandon(None)
    assert adaptation.decision.frame_interval_ms == 33


@given(st.lists(st.tuples(st.integers(0, 50 * MS), st.integers(0, 50 * MS)), min_size=1, max_size=20))
def test_the_stages_add_up_and_the_ways_are_wrong_by_no_more_than_is_told(ways_ns: list[tuple[int, int]]) -> None:
    passage = FramePassage(frame_interval_ms=33, adaptation=None)
    for frame_id, (up_ns, down_ns) in enumerate(ways_ns):
        now_ns = frame_id * 200 * MS
        outcome = answer(passage, frame_id, now_ns, up_ns=up_ns, down_ns=down_ns)
        assert sum(outcome.stages_ns.values()) == outcome.received_time_ns + MS - now_ns
        assert outcome.stages_ns[Stage.NETWORK_UP] + outcome.stages_ns[Stage.NETWORK_DOWN] == outcome.network_ns
        assert abs(outcome.stages_ns[Stage.NETWORK_UP] - up_ns) <= outcome.network_error_ns


def test_a_probe_says_more_of_the_clocks_than_a_frame_that_is_long_on_its_way() -> None:
    passage = FramePassage(frame_interval_ms=33, adaptation=None)
    put(passage, 0, 0)
    passage.departure(0)
    assert passage.heard(Pong(0, MS + SERVER_LEAD_NS), 2 * MS) is None
    outcome = passage.answered(result(0, 80 * MS, {Stage.TRACK: 7 * MS}), 300, 88 * MS, 88 * MS)
    assert isinstance(outcome, Answered)
    assert outcome.stages_ns[Stage.NETWORK_UP] == pytest.approx(80 * MS, abs=MS)


def test_another_connection_knows_nothing_of_the_clock_of_the_server_before() -> None:
    passage = FramePassage(frame_interval_ms=33, adaptation=None)
    answer(passage, 0, 0)
    passage.abandon(None)
    put(passage, 1, 100 * MS)
    passage.departure(100 * MS)
    other = FrameResult(1, 0, 64, 48, (), None, {}, 10, 10)
    outcome = passage.answered(other, 300, 106 * MS, 106 * MS)
    assert isinstance(outcome, Answered)
    assert outcome.stages_ns[Stage.NETWORK_UP] == outcome.stages_ns[Stage.NETWORK_DOWN] == 3 * MS


@pytest.mark.parametrize(("last_frame_id", "stage"), [(None, "network_up"), (0, "network_up"), (1, "network_down"), (2, "network_down")])
def test_what_was_on_its_way_on_a_lost_connection_is_dropped_where_it_was(last_frame_id: int | None, stage: str) -> None:
    passage = FramePassage(frame_interval_ms=33, adaptation=None)
    put(passage, 1, 0)
    passage.departure(0)
    assert [(dropped.frame_id, dropped.stage) for dropped in passage.abandon(last_frame_id)] == [(1, stage)]
    assert passage.abandon(last_frame_id) == []


def test_the_first_answer_on_another_connection_is_handed_on_whatever_the_silence_before() -> None:
    passage = FramePassage(frame_interval_ms=33, adaptation=None)
    put(passage, 0, 0)
    passage.departure(0)
    assert passage.expire(3_000 * MS) == [Dropped(0, "network_up")]
    passage.abandon(0)
    assert answer(passage, 1, 4_000 * MS).frame_id == 1


def test_a_frame_of_which_nothing_is_heard_is_given_up_and_an_answer_after_all_is_passed_over() -> None:
    passage = FramePassage(frame_interval_ms=33, adaptation=None)
    put(passage, 0, 0)
    passage.departure(0)
    assert passage.expire(1_000 * MS) == []
    assert passage.expire(3_000 * MS) == [Dropped(0, "network_up")]
    assert passage.answered(result(0, MS, {}), 300, 3_001 * MS, 3_001 * MS) is None
    assert (passage.statistics(0).dropped, passage.statistics(0).late) == (1, 1)


def test_what_the_server_says_of_a_frame_is_its_outcome_once() -> None:
    passage = FramePassage(frame_interval_ms=33, adaptation=None)
    for frame_id in (0, 1):
        put(passage, frame_id, 0)
        passage.departure(0)
        message = Dropped(0, "queue") if frame_id == 0 else ErrorMessage("not_an_image", "It is none.", 1)
        outcome = passage.heard(message, MS)
        assert isinstance(outcome, Dropped if frame_id == 0 else Failed)
        assert outcome.frame_id == frame_id
        assert passage.heard(message, MS) is None


def test_an_error_about_no_frame_is_told_too() -> None:
    outcome = FramePassage(frame_interval_ms=33, adaptation=None).heard(ErrorMessage("bad_settings", "Which size?", None), 0)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, HandstreamError)
    assert (outcome.frame_id, outcome.error.code) == (None, "bad_settings")
