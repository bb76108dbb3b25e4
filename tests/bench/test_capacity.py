"""When a number of sessions holds, and what is made of several tries."""

from __future__ import annotations

import pytest

from handstream.bench.capacity import Search, contenders, holds
from handstream.bench.records import SessionRecord
from handstream.bench.servers import HANDSTREAM
from handstream.bench.trial import Trial


def trial(sessions: int = 1, *, age_ms: float = 10, dropped: int = 0, error: str = "") -> Trial:
    record = SessionRecord(offered=100, answered=100 - dropped, dropped=dropped, ages_ms=[age_ms] * (100 - dropped), error=error)
    return Trial(sessions=sessions, seconds=2, records=[record], cpu_s=1, after=None, lags_ms=[1])


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (trial(), True),
        (trial(age_ms=33), True),
        (trial(age_ms=33.1), False),
        (trial(dropped=1), True),
        (trial(dropped=2), False),
        (trial(error="the connection broke"), False),
    ],
)
def test_sessions_hold_if_every_demand_is_met(found: Trial, verdict: bool) -> None:
    assert holds(found) is verdict


def test_most_of_the_tries_decide() -> None:
    search = Search(HANDSTREAM, limit=4, repeats=3)
    search.add(trial(1))
    assert search.bisection.candidate == 1, "one try of three decides nothing"
    search.add(trial(1, age_ms=50))
    search.add(trial(1))
    assert search.bisection.candidate == 2
    for _ in range(2):
        search.add(trial(2, age_ms=50))
    result = search.result()
    assert (result.sessions, result.is_final, result.is_limit, len(result.trials)) == (1, True, False, 5)


def test_the_limit_may_hold() -> None:
    search = Search(HANDSTREAM, limit=2, repeats=1)
    search.add(trial(1))
    search.add(trial(2))
    assert search.result().is_limit


def test_each_output_is_a_contender_and_the_original_on_demand() -> None:
    assert [one.settings["output"] for one in contenders(("annotated", "landmarks"), with_original=False)] == ["annotated", "landmarks"]
    assert contenders(("both",), with_original=True)[-1].module == "handstream.bench.original"


def test_each_number_of_processes_is_a_contender() -> None:
    one, two = contenders(("annotated",), workers=(1, 2), with_original=False)
    assert (one.name, one.arguments[:2]) == ("handstream, annotated", ("--workers", "1"))
    assert (two.name, two.arguments[:2]) == ("handstream, annotated, 2 processes", ("--workers", "2"))
    assert one.settings == two.settings


def test_each_precision_is_a_contender() -> None:
    _, faster = contenders(("landmarks",), precisions=("f32", "auto"), with_original=False)
    assert faster.name == "handstream, landmarks, precision auto"
    assert faster.arguments[2:] == ("--precision", "auto")
