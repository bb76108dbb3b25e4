"""What is told of each step."""

from __future__ import annotations

from handstream.bench.ablation import _row
from handstream.bench.records import SessionRecord
from handstream.bench.trial import Trial


def trial(*lags_ms: float) -> Trial:
    record = SessionRecord(offered=60, answered=60, dropped=0, ages_ms=[10.0] * 60, error="")
    return Trial(sessions=1, seconds=2, records=[record], cpu_s=1, after=None, lags_ms=list(lags_ms))


def test_an_event_loop_that_is_blocked_for_seconds_is_told_of_by_the_few_requests_that_it_answered() -> None:
    row = _row("original, as first written", 4, [trial(2600.0), trial(2700.0, 2800.0), trial()])
    assert 2600 <= row.lag_p95_ms.median <= 2800
    assert row.lag_p95_ms.high > 2700
