"""The arithmetic of the freshness benchmark: ages, what a screen shows, fairness, trend, recovery, and the verdicts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from benchmarks.freshness_comparison.bars import judge
from benchmarks.freshness_comparison.clients import Client
from benchmarks.freshness_comparison.figures import (
    Percentiles,
    Recovery,
    ages_ms,
    fairness,
    growth,
    histogram_percentile,
    percentiles,
    recovery,
    session_screen_ages_ms,
    timeline,
    trend,
)
from benchmarks.freshness_comparison.plan import FOUR_SESSIONS, HANDSTREAM, ORIGINAL, UNLOADED, Lengths, overload, overload_trials
from benchmarks.freshness_comparison.recording import Recording, Window
from benchmarks.freshness_comparison.report import sheets, write
from benchmarks.freshness_comparison.results import Results, Row
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

WINDOW = Window(100.0, 110.0)


def recording(answers: Sequence[tuple[float, float]]) -> Recording:
    """A session with answers at these times after the window's begin, each of a picture of that age in ms."""
    times_s = [(100 + received_s - age_ms / 1e3, 100 + received_s) for received_s, age_ms in answers]
    return Recording(np.array(times_s, np.float64).reshape(-1, 2), offered=0, drops={}, unanswered=0, up_bytes=0, down_bytes=0)


def steady(interval_s: float, age_ms: float, until_s: float = 10.0) -> list[tuple[float, float]]:
    return [(float(time_s), age_ms) for time_s in np.arange(0, until_s, interval_s)]


def row(scenario: str, contender: str, **changes: Any) -> Row:
    nothing = Percentiles(math.nan, math.nan, math.nan)
    given: dict[str, Any] = {
        "sessions": 1, "seconds": 8.0, "age": nothing, "screen": nothing, "offered_fps": 30.0, "answered_fps": 30.0, "drops": {},
        "unanswered": 0, "up_kb_per_s": 0.0, "down_kb_per_s": 0.0, "fairness": 1.0, "trend": 1.0, "loop_lag_p99_ms": math.nan,
        "request_p99_ms": math.nan, "memory_mib": [], "timeline_ms": [], "recovery": None,
    }  # fmt: skip
    return Row(scenario=scenario, contender=contender, **(given | changes))


def test_only_what_was_answered_in_the_window_has_an_age() -> None:
    assert ages_ms(recording([(-1, 5), (0, 10), (9.9, 20), (10, 40)]), WINDOW) == pytest.approx([10, 20])


def test_a_screen_shows_the_newest_picture_until_a_newer_one_is_answered() -> None:
    shown_ms = session_screen_ages_ms(recording(steady(0.1, 20)), WINDOW)
    assert len(shown_ms) == 10_000
    assert min(shown_ms) == pytest.approx(20, abs=1)
    assert max(shown_ms) == pytest.approx(120, abs=18)
    assert np.median(shown_ms) == pytest.approx(70, abs=10)


def test_a_screen_does_not_go_back_to_an_older_picture() -> None:
    late = recording([(0, 10), (1, 10), (1.5, 1400)])
    shown_ms = {round(time_s, 1): age_ms for time_s, age_ms in timeline([late], WINDOW)}
    assert shown_ms[2.0] == pytest.approx(1010 + 100, abs=10), "the mean of 0.2 s"


def test_nothing_is_shown_before_the_first_answer() -> None:
    assert len(session_screen_ages_ms(recording([(8.9995, 10)]), WINDOW)) == 1_000
    assert len(session_screen_ages_ms(recording([]), WINDOW)) == 0


@given(st.lists(st.floats(0, 9.9), min_size=1, max_size=30), st.floats(1, 500))
def test_what_is_shown_is_never_younger_than_what_was_answered(times_s: list[float], age_ms: float) -> None:
    answers = recording([(time_s, age_ms) for time_s in sorted(times_s)])
    assert np.all(session_screen_ages_ms(answers, WINDOW) >= age_ms - 1e-6)


def test_percentiles_of_nothing_are_no_numbers() -> None:
    assert math.isnan(percentiles(np.empty(0)).p50_ms)
    assert percentiles(np.arange(101.0)) == Percentiles(50, 95, 99)


def test_fairness_is_the_least_over_the_most() -> None:
    sessions = [recording(steady(interval_s, 10)) for interval_s in (0.1, 0.2, 0.125)]
    assert fairness(sessions, WINDOW) == pytest.approx(0.5)
    assert fairness([*sessions, recording([])], WINDOW) == 0
    assert math.isnan(fairness([recording([])], WINDOW))


def test_a_queue_that_grows_is_a_trend() -> None:
    assert trend([recording(steady(0.1, 30))], WINDOW) == pytest.approx(1)
    assert trend([recording([(time_s, 10 + 100 * time_s) for time_s, _ in steady(0.1, 0)])], WINDOW) > 5
    assert math.isnan(trend([recording([])], WINDOW))


def test_growth_leaves_the_first_quarter_out() -> None:
    assert growth([(second, 100 if second < 5 else 150) for second in range(20)]) == 0
    assert growth([(second, 100 + second) for second in range(20)]) == 10
    assert math.isnan(growth([]))


def test_percentiles_of_a_histogram_lie_within_its_bounds() -> None:
    counts = {0.001: 90.0, 0.01: 100.0, math.inf: 100.0}
    assert histogram_percentile(counts, 45) == pytest.approx(0.0005)
    assert histogram_percentile(counts, 95) == pytest.approx(0.0055)
    assert histogram_percentile({0.001: 0.0, math.inf: 5.0}, 99) == math.inf
    assert math.isnan(histogram_percentile({}, 99))


def test_recovery_tells_the_worst_of_the_disturbances() -> None:
    calm = [(time_s, 20.0) for time_s, _ in steady(0.05, 0) if not 2 <= time_s < 3.5]
    after = [(3.1, 300.0), (3.3, 90.0), (3.6, 50.0), (4.0, 40.0), (4.4, 30.0)]
    answers = recording(sorted([answer for answer in calm if not 3.5 <= answer[0] < 4.5] + after))
    found = recovery(answers, WINDOW, [Window(102, 103), Window(109, 110)])
    assert found is not None, "the second ends too late to be judged"
    assert found.floor_ms == pytest.approx(20)
    assert found.after_ms == pytest.approx(40)
    assert found.first_ms == pytest.approx(100)
    assert found.oldest_ms == pytest.approx(300)


def test_one_that_does_not_come_back_never_recovers() -> None:
    found = recovery(recording(steady(0.05, 20, until_s=2)), WINDOW, [Window(102, 103)])
    assert found is not None
    assert math.isinf(found.after_ms)
    assert math.isinf(found.first_ms)
    assert recovery(recording([]), WINDOW, []) is None


def test_sessions_offer_what_the_overload_says() -> None:
    trials = overload_trials(Lengths(), capacity_fps=150)
    offered = {trial.scenario: trial.sessions * 30 / 150 for trial in trials}
    assert offered == {overload(times): times for times in (1, 2, 4, 8)}
    assert [trial.seconds for trial in trials if trial.scenario == overload(4) and trial.contender.client is Client.HANDSTREAM] == [60]


def test_bars_are_ratios_of_the_rows_of_one_run() -> None:
    ages = {
        (FOUR_SESSIONS, HANDSTREAM.name): 10.0,
        (FOUR_SESSIONS, ORIGINAL.name): 600.0,
        (UNLOADED, HANDSTREAM.name): 9.0,
        (overload(4), HANDSTREAM.name): 30.0,
    }
    results = Results({}, rows=[row(*key, age=Percentiles(age_ms, age_ms, age_ms)) for key, age_ms in ages.items()])
    bars = {bar.name: bar for bar in judge(results)}
    assert bars["four sessions: age p50, ms"].value == 10
    assert bars["four sessions: age p50 of the original with its cures over ours"].value == 60
    assert bars["overload, 4 x: age p95 over one session's"].value == pytest.approx(30 / 9)
    assert bars["overload, 4 x: age p95 over one session's"].verdict == "not reached"
    assert bars["four sessions: age p50 over that of the client that waits"].verdict == "not measured"


def test_a_report_is_written_whole(tmp_path: Path) -> None:
    results = Results({"processor": "a test"}, failures=["stall: gone"])
    results.rows.append(row("stall", "handstream", timeline_ms=[(0.0, 20.0), (0.2, 30.0)], recovery=Recovery(20, 25, 40, 60)))
    results.rows.append(row("stall", "original with its cures", drops={"capture": 3}))
    write(results, tmp_path)
    text = (tmp_path / "freshness.md").read_text()
    assert all(sheet.title in text for sheet in sheets(results))
    assert "3 capture" in text
    assert "stall: gone" in text
    assert (tmp_path / "freshness.png").stat().st_size > 1000
    assert '"floor_ms": 20' in (tmp_path / "freshness.json").read_text()
