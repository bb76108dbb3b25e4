"""What is counted: a frame's age, a session's figures, and the account of all sessions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.frames import Stage
from handstream.percentiles import RELATIVE_ACCURACY
from handstream.protocol.flow import FlowStatistics
from handstream.protocol.trace import SERVER_STAGES
from handstream.server.figures import AnsweredFrame, SessionFigures, Tally, Totals

COUNTS = st.integers(0, 1000)
TOTALS = st.builds(
    Totals,
    st.builds(FlowStatistics, COUNTS, COUNTS, COUNTS, st.fixed_dictionaries({"queue": COUNTS, "send": COUNTS}), COUNTS),
    COUNTS,
    COUNTS,
)


def answered(**spans_ms: float) -> AnsweredFrame:
    spans_ns = {stage: round(spans_ms.get(stage.value, 0) * 1e6) for stage in SERVER_STAGES}
    return AnsweredFrame("a1b2", 0, 0, spans_ns, 1, 10, 20)


def test_a_frames_age_is_the_sum_of_its_stages() -> None:
    assert answered(queue=2, track=7.5, send=0.5).age_ns == 10_000_000


def test_a_session_tells_percentiles_of_its_whole_life() -> None:
    figures = SessionFigures(0)
    for _ in range(94):
        figures.answered(answered(queue=1, track=5))
    for _ in range(6):
        figures.answered(answered(queue=30, track=8))
    fields = figures.as_fields(90_000_000_000)
    expected = {"queue_p50_ms": 1, "queue_p95_ms": 30, "track_p50_ms": 5, "track_p95_ms": 8, "age_p50_ms": 6, "age_p95_ms": 38}
    assert {name: fields[name] for name in expected} == pytest.approx(expected, rel=1.01 * RELATIVE_ACCURACY)
    assert fields["duration_s"] == 90


def test_a_session_without_frames_tells_no_percentiles() -> None:
    fields = SessionFigures(0).as_fields(1)
    assert all(fields[f"{name}_p{percent}_ms"] is None for name in ("age", Stage.QUEUE, Stage.TRACK) for percent in (50, 95))


@given(past=st.lists(TOTALS, max_size=5), present=st.lists(TOTALS, max_size=5))
def test_nothing_is_lost_when_a_session_ends(past: list[Totals], present: list[Totals]) -> None:
    tally = Tally()
    for totals in past:
        tally.begin("v1")
        tally.end("client_closed", totals)
    statistics = tally.statistics(present, parked=0, resumed=0)
    everyone = [*past, *present]
    assert statistics.totals.frames.answered == sum(totals.frames.answered for totals in everyone)
    assert statistics.totals.sent_bytes == sum(totals.sent_bytes for totals in everyone)
    for stage in ("queue", "send"):
        assert statistics.totals.frames.dropped.get(stage, 0) == sum(totals.frames.dropped[stage] for totals in everyone)
    assert statistics.open == len(present)
    assert sum(statistics.ended.values()) == sum(statistics.began.values()) == len(past)
