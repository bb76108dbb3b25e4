"""One trial of the freshness benchmark as it runs: a server, a path and clients, each in its own process."""

from __future__ import annotations

import math

import pytest
from benchmarks.freshness_comparison.plan import FLOODED, HANDSTREAM
from benchmarks.freshness_comparison.trials import Trial, Trials


@pytest.mark.slow
def test_a_trial_measures_what_its_row_says() -> None:
    with Trials() as trials:
        over_a_path = trials.measure(Trial(scenario="lan", contender=HANDSTREAM, profile="lan", warm_up_s=0.5, seconds=1.5))
        flooded = trials.measure(Trial(scenario="two", contender=FLOODED, sessions=2, warm_up_s=0.5, seconds=1.5, is_page_like=False))
    for row, sessions in ((over_a_path, 1), (flooded, 2)):
        assert row.sessions == sessions
        assert 0 < row.age.p50_ms <= row.age.p95_ms <= row.age.p99_ms
        assert row.age.p50_ms < row.screen.p95_ms
        assert 0 < row.answered_fps <= 2 * row.offered_fps
        assert row.up_kb_per_s > 0
        assert row.down_kb_per_s > 0
        assert row.memory_mib
        assert row.timeline_ms
        assert not math.isnan(row.loop_lag_p99_ms)
        assert row.recovery is None
