"""The bars that freshness is to reach, judged on a run's results: `judge`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.freshness_comparison.figures import growth
from benchmarks.freshness_comparison.plan import FLOODED, FOUR_SESSIONS, HANDSTREAM, LANDMARKS, ORIGINAL, UNLOADED, WAITING, overload
from benchmarks.sheets import Bar

from handstream.bench.profiles import PROFILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.freshness_comparison.results import Results, Row
    from benchmarks.freshness_comparison.trials import Contender

__all__ = ["judge"]

_FOUR_TIMES = overload(4)
_FRESH_MS = 500.0
"""A picture that is older when it is shown is stale."""


def judge(results: Results) -> list[Bar]:
    """Every bar with what was measured. A ratio is between rows of this run; rounds count by their median."""

    def value(scenario: str, contender: Contender, get: Callable[[Row], float]) -> float:
        values = [get(row) for row in results.of(scenario, contender.name)]
        return float(np.median(values)) if values else math.nan

    def four(contender: Contender, get: Callable[[Row], float]) -> float:
        return value(FOUR_SESSIONS, contender, get)

    def paths(profile: str, contender: Contender, extra_ms: float) -> Bar:
        limit_ms = PROFILES[profile].round_trip_s * 1e3 + extra_ms
        return Bar(f"{profile}, {contender.name}: age p50, ms", limit_ms, value(profile, contender, lambda row: row.age.p50_ms))

    def p95_ratio(contender: Contender) -> float:
        return value(_FOUR_TIMES, contender, lambda row: row.age.p95_ms) / value(UNLOADED, contender, lambda row: row.age.p95_ms)

    return [
        Bar("four sessions: age p50, ms", 20, four(HANDSTREAM, lambda row: row.age.p50_ms)),
        Bar("four sessions: age p95, ms", 33, four(HANDSTREAM, lambda row: row.age.p95_ms)),
        Bar("four sessions: frames dropped", 0, four(HANDSTREAM, lambda row: sum(row.drops.values()))),
        Bar(
            "four sessions: age p50 of the original with its cures over ours",
            50,
            four(ORIGINAL, lambda row: row.age.p50_ms) / four(HANDSTREAM, lambda row: row.age.p50_ms),
            is_upper=False,
        ),
        Bar(
            "four sessions: age p50 over that of the client that waits",
            0.5,
            four(HANDSTREAM, lambda row: row.age.p50_ms) / four(WAITING, lambda row: row.age.p50_ms),
        ),
        Bar(
            "four sessions: frame rate over that of the client that waits",
            2,
            four(HANDSTREAM, lambda row: row.answered_fps) / four(WAITING, lambda row: row.answered_fps),
            is_upper=False,
        ),
        Bar("one session, lan: age on screen p50, ms", 36, value("lan", HANDSTREAM, lambda row: row.screen.p50_ms)),
        Bar("four sessions: age on screen p50, ms", 42, four(HANDSTREAM, lambda row: row.screen.p50_ms)),
        paths("4g", HANDSTREAM, 40),
        paths("4g", LANDMARKS, 40),
        paths("3g", HANDSTREAM, 120),
        paths("3g", LANDMARKS, 120),
        Bar("stall: age from 500 ms after it over the floor", 1.5, value("stall", HANDSTREAM, _recovered_ratio)),
        Bar("stall: oldest picture shown first, ms", _FRESH_MS, value("stall", HANDSTREAM, _oldest_ms)),
        Bar("reconnect: oldest picture shown first, ms", _FRESH_MS, value("reconnect", HANDSTREAM, _oldest_ms)),
        Bar("overload, 4 x: age p95 over one session's", 3, p95_ratio(HANDSTREAM)),
        Bar("overload, 4 x, flooded: age p95 over one session's", 3, p95_ratio(FLOODED)),
        Bar("overload, 4 x: age in the last quarter over the first", 1.1, value(_FOUR_TIMES, HANDSTREAM, lambda row: row.trend)),
        Bar("overload, 4 x: fairness", 0.8, value(_FOUR_TIMES, HANDSTREAM, lambda row: row.fairness), is_upper=False),
        Bar("overload, 4 x: event loop's lag p99, ms", 10, value(_FOUR_TIMES, HANDSTREAM, lambda row: row.loop_lag_p99_ms)),
        Bar("overload, 4 x: growth of the memory, MiB", 2, value(_FOUR_TIMES, HANDSTREAM, lambda row: growth(row.memory_mib))),
    ]


def _recovered_ratio(row: Row) -> float:
    return math.nan if row.recovery is None else row.recovery.after_ms / row.recovery.floor_ms


def _oldest_ms(row: Row) -> float:
    return math.nan if row.recovery is None else row.recovery.oldest_ms
