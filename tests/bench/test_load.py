"""What becomes of each frame of a session, without a socket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.bench.load import Load, LoadPlan
from handstream.bench.records import Window, settle

MS = 1_000_000


def answers(*arrivals_ms: tuple[int, float]) -> dict[int, tuple[int, int, dict[str, float]]]:
    return {frame_id: (round(arrived_ms * MS), 100, {}) for frame_id, arrived_ms in arrivals_ms}


def test_an_age_counts_from_when_the_frame_was_due() -> None:
    record = settle([0, 33 * MS], [5 * MS, 38 * MS], answers((0, 20), (1, 50)), Window(0, 100 * MS, 200 * MS))
    assert record.ages_ms == [20, 17]
    assert (record.offered, record.answered, record.dropped, record.arrived, record.down_bytes) == (2, 2, 0, 2, 200)


def test_a_frame_that_a_later_one_overtook_was_dropped() -> None:
    record = settle([0, 33 * MS, 66 * MS], [0, 33 * MS, 66 * MS], answers((0, 20), (2, 90)), Window(0, 100 * MS, 200 * MS))
    assert (record.answered, record.dropped) == (2, 1)
    assert record.ages_ms == [20, 24]


def test_frames_that_still_queue_are_at_least_as_old_as_the_patience() -> None:
    record = settle([0, 33 * MS], [0, 33 * MS], answers((0, 150)), Window(0, 100 * MS, 500 * MS))
    assert record.ages_ms == [150, 467]
    assert record.dropped == 0
    assert record.arrived == 0, "its answer came after the measured time, and says nothing about its rate"


def test_what_was_due_outside_of_the_measured_time_does_not_count() -> None:
    due_ns = [0, 33 * MS, 66 * MS, 100 * MS]
    record = settle(due_ns, due_ns, answers((0, 10), (1, 43), (2, 76), (3, 110)), Window(30 * MS, 100 * MS, 200 * MS))
    assert record.offered == record.answered == 2
    assert record.due_s == pytest.approx([0.003, 0.036])


def test_a_session_that_broke_has_dropped_the_rest() -> None:
    record = settle([0, 33 * MS, 66 * MS], [0], answers((0, 10)), Window(0, 100 * MS, 200 * MS), error="the connection broke")
    assert (record.offered, record.answered, record.dropped) == (3, 1, 2)


def test_the_parts_add_up_to_the_age() -> None:
    spans_ms = {"decode": 2.0, "track": 5.0, "server": 7.0}
    record = settle([0], [1 * MS], {0: (10 * MS, 100, spans_ms)}, Window(0, 100 * MS, 200 * MS))
    assert {name: values[0] for name, values in record.spans_ms.items()} == spans_ms | {"client": 1, "network": 2}


@given(st.dictionaries(st.integers(0, 29), st.integers(0, 3000), max_size=30), st.booleans())
def test_every_frame_is_accounted_for(arrivals_ms: dict[int, int], broke: bool) -> None:
    due_ns = [number * 33 * MS for number in range(30)]
    found = answers(*arrivals_ms.items())
    record = settle(due_ns, due_ns, found, Window(100 * MS, 900 * MS, 4000 * MS), error="broke" if broke else "")
    queued = len(record.ages_ms) - record.answered
    assert record.offered == record.answered + record.dropped + queued
    assert not (broke and queued)


def test_no_more_sessions_than_there_are_clients_for() -> None:
    with pytest.raises(ValueError, match=r"1\.\.4"):
        Load([b""], 3).start(LoadPlan(url="ws://127.0.0.1", way="v1"), 5)
