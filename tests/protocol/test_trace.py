"""Stamps to spans."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from handstream.frames import Stage
from handstream.protocol.trace import SERVER_STAGES, Trace, spans_ms


def test_a_stage_begins_where_the_one_before_it_ended() -> None:
    trace = Trace(100)
    trace.end(Stage.RECEIVE, 130)
    trace.end(Stage.QUEUE, 150)
    trace.end(Stage.SEND, 1_150)
    assert trace.spans_ns == {Stage.RECEIVE: 30, Stage.QUEUE: 20, Stage.SEND: 1_000}


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=len(SERVER_STAGES)))
def test_the_spans_add_up_to_the_whole(waits_ns: list[int]) -> None:
    trace, now_ns = Trace(5), 5
    for stage, wait_ns in zip(SERVER_STAGES, waits_ns, strict=False):
        now_ns += wait_ns
        trace.end(stage, now_ns)
    assert sum(trace.spans_ns.values()) == now_ns - 5 == trace.last_time_ns - 5
    assert list(trace.spans_ns) == list(SERVER_STAGES[: len(waits_ns)])


def test_spans_in_milliseconds_have_a_microseconds_precision() -> None:
    assert spans_ms({Stage.TRACK: 7_234_567, Stage.SEND: 400}) == {"track": 7.235, "send": 0.0}
