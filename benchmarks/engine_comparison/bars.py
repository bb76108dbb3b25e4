"""The bars that the engine is to reach, judged on a run's results: `judge`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.engine_comparison.contenders import OURS, REFERENCE
from benchmarks.sheets import Bar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.engine_comparison.results import AgreementRow, Results, TimingRow

__all__ = ["GOLDEN", "judge"]

GOLDEN = "golden file"
"""The reference's name in the comparison with MediaPipe's published landmarks."""


def judge(results: Results) -> list[Bar]:
    """Every bar with what was measured. A ratio is ours over `mp.solutions`, the median of the scenes'."""
    golden = [row.agreement for row in results.agreements if row.reference == GOLDEN]
    parity = [row for row in results.agreements if row.reference == REFERENCE]
    scaling = _worst(row.scaling for row in results.throughput if row.contender == OURS)
    ours_memory = {row.sessions: row.added_mib for row in results.memory if row.contender == OURS}
    return [
        Bar("golden clip: hands lost", 0, _worst(row.reference_hands - row.found for row in golden)),
        Bar("golden clip: error / palm, median, %", 0.2, 100 * _worst(row.median for row in golden)),
        Bar("golden clip: error / palm, p95, %", 0.6, 100 * _worst(row.p95 for row in golden)),
        Bar("every clip: the reference's hands found, %", 100, _found_percent(parity), is_upper=False),
        Bar("every clip: other handedness, % of those found", 1, _other_handedness_percent(parity)),
        Bar("every clip: error / palm, median, %", 0.5, 100 * _worst(row.agreement.median for row in parity)),
        Bar("synthetic truth: mean error over the reference's", 1.0, _accuracy_ratio(results)),
        Bar("our duplicates", 0, _worst(row.duplicates for row in results.timings if row.contender == OURS)),
        Bar("lite, one hand, maximum 1: p50 ratio", 0.60, _ratio(results, 1, 1, lambda row: row.p50_ms)),
        Bar("lite, one hand, maximum 1: p50 ratio back to back", 0.60, _ratio(results, 1, 1, lambda row: row.back_to_back_p50_ms)),
        Bar("lite, one hand, maximum 2: p50 ratio", 0.25, _ratio(results, 1, 2, lambda row: row.p50_ms)),
        Bar("lite, one hand, maximum 2: p50 ratio back to back", 0.25, _ratio(results, 1, 2, lambda row: row.back_to_back_p50_ms)),
        Bar("lite, one hand, maximum 2: p99 ratio", 0.5, _ratio(results, 1, 2, lambda row: row.p99_ms)),
        Bar("lite, one hand, maximum 2: processor time ratio", 0.35, _ratio(results, 1, 2, lambda row: row.cpu_frame_ms)),
        Bar("lite, two hands: p50 ratio", 0.6, _ratio(results, 2, 2, lambda row: row.p50_ms)),
        Bar("around the networks, a hand-frame, ms", 0.8, results.overhead_ms),
        Bar("to the first result, warm, ms", 1000, _worst(row.first_result_ms for row in results.first_results if row.contender == OURS)),
        Bar("default environment, MB", 600, results.environment_mib * 1.048576),
        Bar("1,000 idle sessions, MB", 20, ours_memory.get(1000, math.nan) * 1.048576),
        Bar("throughput, all cores over one", 3.6, scaling, is_upper=False),
    ]


def _worst(values: Iterable[float]) -> float:
    return max(values, default=math.nan)


def _found_percent(rows: list[AgreementRow]) -> float:
    expected = sum(row.agreement.reference_hands for row in rows)
    return 100 * sum(row.agreement.found for row in rows) / expected if expected else math.nan


def _other_handedness_percent(rows: list[AgreementRow]) -> float:
    found = sum(row.agreement.found for row in rows)
    return 100 * sum(row.agreement.other_handedness for row in rows) / found if found else math.nan


def _ratio(results: Results, hands_in_view: int, max_hands: int, value: Callable[[TimingRow], float]) -> float:
    """Ours over the reference's of the lite models, for each scene with so many hands; the median of the scenes."""
    rows = [row for row in results.timings if (row.hands_in_view, row.complexity, row.max_hands) == (hands_in_view, 0, max_hands)]
    by_contender = {name: {row.scene: value(row) for row in rows if row.contender == name} for name in (OURS, REFERENCE)}
    ratios = [ours / by_contender[REFERENCE][scene] for scene, ours in by_contender[OURS].items() if scene in by_contender[REFERENCE]]
    return float(np.median(ratios)) if ratios else math.nan


def _accuracy_ratio(results: Results) -> float:
    """The mean of our errors on the synthetic scenes over the mean of the reference's."""
    errors = {name: [row.error for row in results.accuracy if row.contender == name] for name in (OURS, REFERENCE)}
    return float(np.mean(errors[OURS]) / np.mean(errors[REFERENCE])) if errors[OURS] and errors[REFERENCE] else math.nan
