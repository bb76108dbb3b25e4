"""Reports with figures that are made up, for the test of their page: `python -m tests.bench.reports FOLDER`.

Every text that could come from outside holds markup.
"""

from __future__ import annotations

import sys
from pathlib import Path

from handstream.bench.ablation import AblationRow
from handstream.bench.capacity import CapacityResult, CapacityTrial
from handstream.bench.latency import SPANS, LatencyResult, PercentileRow
from handstream.bench.options import BenchOptions
from handstream.bench.report import Kind, Report
from handstream.bench.soak import SoakPoint, SoakResult
from handstream.bench.spread import Spread

HOSTILE = '</script><img src="http://127.0.0.1:1/x.png" onerror="document.title=\'broken\'"><!--<script>'


def row(name: str, ms: float) -> PercentileRow:
    return PercentileRow(name=name, p50_ms=around(ms), p95_ms=around(1.5 * ms), p99_ms=around(2 * ms))


def around(value: float) -> Spread:
    return Spread(value, value * 0.9, value * 1.1)


def latency(sessions: int) -> LatencyResult:
    times_s = [number / 30 for number in range(120)]
    return LatencyResult(
        sessions=sessions,
        age=row("age", 10.0 * sessions),
        spans=[row(name, float(sessions)) for name in SPANS],
        server=row("server", 8.0 * sessions),
        kernels=[row(name, 2) for name in ("decode", "network", "encode")] + [row("sum", 6)],
        drop_percent=around(0.5),
        frames_per_second=around(30),
        over_kernels_p50=around(1.33),
        over_kernels_p99=around(1.77),
        ages_ms=[5 + percent / 5 for percent in range(101)],
        timeline_s=times_s,
        timeline_ms=[10 + number % 7 for number in range(120)],
        errors=[HOSTILE],
    )


def capacity(name: str, most: int) -> CapacityResult:
    trials = [
        CapacityTrial(
            sessions=number,
            holds=number <= most,
            age_p50_ms=8,
            age_p95_ms=30.0 * number / most,
            drop_percent=0,
            cpu_cores=2,
            errors=[HOSTILE],
        )
        for number in (1, 2, 4, most, most + 1)
    ]
    return CapacityResult(name=name, sessions=most, per_core=most / 4, is_final=True, is_limit=False, trials=trials)


def ablation(step: str, clients: int, ms: float) -> AblationRow:
    figures = {
        name: around(ms) for name in ("age_p50_ms", "frames_per_second", "drop_percent", "down_bytes", "cpu_ms", "lag_p95_ms", "memory_mb")
    }
    return AblationRow(step=step, clients=clients, age_p95_ms=around(1.4 * ms), errors=[HOSTILE], **figures)


def soak(found: CapacityResult | None = None) -> SoakResult:
    points = [
        SoakPoint(
            time_s=20.0 * number,
            age_p50_ms=8,
            age_p95_ms=14,
            drop_percent=0,
            memory_mb=300 + number / 10,
            files=20,
            threads=27,
            errors=[HOSTILE],
        )
        for number in range(1, 16)
    ]
    return SoakResult(
        capacity=found,
        sessions=4,
        minutes=5,
        warm_up_s=60,
        memory_mb_per_hour=18,
        first_p95_ms=14,
        last_p95_ms=14.2,
        points=points,
    )


def main(folder: Path) -> None:
    results: dict[Kind, list[object]] = {
        "latency": [latency(1), latency(4)],
        "capacity": [capacity(HOSTILE, 9), capacity("original", 3)],
        "ablation": [ablation(step, clients, ms) for clients in (1, 4) for step, ms in ((HOSTILE, 4000.0), ("+ landmarks only", 7.7))],
        "soak": [soak(capacity(HOSTILE, 5))],
    }
    for kind, rows in results.items():
        report = Report.begin(kind, BenchOptions(url=HOSTILE)).finished(rows, is_complete=kind != "soak")
        report.write_html(folder / f"{kind}.html")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
