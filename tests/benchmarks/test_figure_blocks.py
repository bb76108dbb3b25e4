"""Each block shows what its benchmark really writes: the results here are made of the benchmarks' own values."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest
from benchmarks.figure_blocks import BLOCKS, Measured
from benchmarks.freshness_comparison.figures import Percentiles
from benchmarks.freshness_comparison.results import Results
from benchmarks.freshness_comparison.results import Row as FreshnessRow
from benchmarks.page import Results as PageResults
from benchmarks.page import write_results as write_page_results
from benchmarks.page_trials.figures import Panel
from benchmarks.page_trials.figures import Row as PageRow
from benchmarks.sheets import Bar, as_json

from handstream.bench.ablation import AblationRow
from handstream.bench.capacity import CapacityResult
from handstream.bench.latency import LatencyResult, PercentileRow
from handstream.bench.options import BenchOptions
from handstream.bench.report import Kind, Report
from handstream.bench.spread import Spread
from tests.bench.reports import soak

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def spread(value: float) -> Spread:
    return Spread(value, value - 1, value + 1)


def percentiles(name: str, p50_ms: float) -> PercentileRow:
    return PercentileRow(name=name, p50_ms=spread(p50_ms), p95_ms=spread(2 * p50_ms), p99_ms=spread(3 * p50_ms))


def reported(folder: Path, kind: Kind, results: Sequence[object]) -> Measured:
    Report.begin(kind, BenchOptions()).finished(list(results), is_complete=True).write_json(folder / f"{kind}.json")
    return Measured(folder)


@pytest.mark.parametrize(("repeats", "told"), [(1, "once for 2.5 s"), (3, "3 times for 2.5 s")])
def test_the_course_of_a_benchmark_says_how_often_and_how_long(tmp_path: Path, repeats: int, told: str) -> None:
    Report.begin("ablation", BenchOptions(repeats=repeats, seconds=2.5)).write_json(tmp_path / "ablation.json")
    assert BLOCKS["course"](Measured(tmp_path), "ablation") == told


@pytest.fixture
def freshness(tmp_path: Path) -> Measured:
    def row(scenario: str, contender: str, p50_ms: float) -> FreshnessRow:
        return FreshnessRow(
            scenario=scenario,
            contender=contender,
            sessions=1,
            seconds=8,
            age=Percentiles(p50_ms, 2 * p50_ms, 3 * p50_ms),
            screen=Percentiles(10 + p50_ms, 100, 200),
            offered_fps=30,
            answered_fps=29.8,
            drops={},
            unanswered=0,
            up_kb_per_s=1,
            down_kb_per_s=1,
            fairness=0.987,
            trend=1,
            loop_lag_p99_ms=1,
            request_p99_ms=1,
            memory_mib=[],
            timeline_ms=[],
            recovery=None,
        )

    rows = [row("lan", "handstream", 12), row("lan", "original", 30), row("lan", "handstream", 14), row("3g", "original", 5000)]
    judged = [Bar("3g: age", 320, 290.4), Bar("fairness", 0.8, 0.98, is_upper=False)]
    (tmp_path / "freshness.json").write_text(as_json(judged, asdict(Results({"cores": "4"}, rows=rows))))
    return Measured(tmp_path)


def test_freshness_has_a_row_for_each_contender_and_medians_of_rounds(freshness: Measured) -> None:
    assert BLOCKS["freshness"](freshness, "lan").splitlines()[2:] == [
        "| lan | **handstream** | 23 / 100 ms | 13 / 26 ms | 30 | 0.99 |",
        "| lan | original | 40 / 100 ms | 30 / 60 ms | 30 | 0.99 |",
    ]
    assert len(BLOCKS["freshness"](freshness).splitlines()) == 2 + 3
    assert BLOCKS["freshness-figure"](freshness, "3g", "original", "age.p50_ms") == "5,000"


def test_a_scenario_that_was_not_measured_is_named(freshness: Measured) -> None:
    with pytest.raises(ValueError, match=r"no row with .*moon.*there are .*lan"):
        BLOCKS["freshness"](freshness, "moon")


def test_bars_of_any_results(freshness: Measured) -> None:
    assert BLOCKS["bars"](freshness, "freshness").splitlines()[2:] == [
        "| 3g: age | 290.40 | at most 320 |",
        "| fairness | 0.98 | at least 0.8 |",
    ]
    assert BLOCKS["bar"](freshness, "freshness", "3g: age", "0") == "290"


def test_latency_has_a_row_for_each_stage_and_the_age(tmp_path: Path) -> None:
    result = LatencyResult(
        sessions=4,
        age=percentiles("age", 11),
        spans=[percentiles("decode", 1.25), percentiles("track", 5)],
        server=percentiles("server", 9.5),
        kernels=[],
        drop_percent=spread(0),
        frames_per_second=spread(30),
        over_kernels_p50=None,
        over_kernels_p99=None,
        ages_ms=[],
        timeline_s=[],
        timeline_ms=[],
        errors=[],
    )
    measured = reported(tmp_path, "latency", [result])
    assert BLOCKS["latency"](measured, "4").splitlines()[2:] == [
        "| decode | 1.2 | 2.5 | 3.8 |",
        "| track | 5.0 | 10.0 | 15.0 |",
        "| age | 11.0 | 22.0 | 33.0 |",
    ]
    assert BLOCKS["latency-figure"](measured, "4", "server", "p50_ms") == "9.5"


def test_capacity_says_when_more_may_be_held(tmp_path: Path) -> None:
    results = [
        CapacityResult(name="handstream, annotated", sessions=13, per_core=3.25, is_final=True, is_limit=False, trials=[]),
        CapacityResult(name="handstream, landmarks", sessions=32, per_core=8, is_final=True, is_limit=True, trials=[]),
        CapacityResult(name="ended early", sessions=8, per_core=2, is_final=False, is_limit=False, trials=[]),
    ]
    measured = reported(tmp_path, "capacity", results)
    assert BLOCKS["capacity"](measured).splitlines()[2:] == [
        "| handstream, annotated | 13 | 3.25 |",
        "| handstream, landmarks | at least 32 | 8.00 |",
        "| ended early | at least 8 | 2.00 |",
    ]
    assert BLOCKS["capacity-figure"](measured, "handstream, annotated") == "13"


@pytest.fixture
def page(tmp_path: Path) -> Measured:
    row = PageRow(
        scenario="4g",
        output="landmarks",
        age_p50_ms=spread(98.6),
        age_p95_ms=spread(117),
        frames_per_second=spread(29.4),
        drops={},
        parts_ms={"ours": 15.2, "network": 79},
        shares={"ours": 0.154, "network": 0.8},
        stages_ms={"track": 6.7},
    )
    panel = Panel(rounds=6, open_ms=spread(5), closed_ms=spread(4.3), cost_ms=spread(0.7), frames_per_second=spread(30))
    results = PageResults(machine={}, rows=[row], display_difference_ms=spread(0.5), panel=panel)
    write_page_results(tmp_path, results)
    return Measured(tmp_path)


def test_the_page_has_a_row_for_each_path_and_output(page: Measured) -> None:
    assert BLOCKS["page"](page).splitlines() == [
        "|  |  | capture to display, p50 / p95 | frames/s | ours | network |",
        "| --- | --- | --- | --- | --- | --- |",
        "| 4g | landmarks | 99 / 117 ms | 29 | 15 ms, 15 % | 79 ms, 80 % |",
    ]


def test_figures_of_the_page(page: Measured) -> None:
    assert BLOCKS["page-figure"](page, "4g", "landmarks", "age_p50_ms", "1") == "98.6"
    assert BLOCKS["page-stage"](page, "4g", "landmarks", "track") == "7"
    assert BLOCKS["page-panel"](page, "closed_ms", "1") == "4.3"
    assert BLOCKS["page-panel-rounds"](page) == "6"
    assert BLOCKS["bar"](page, "page", "sum of the stages against capture to display: p95, ms", "1") == "0.5"


def test_ablation_has_a_row_for_each_step(tmp_path: Path) -> None:
    def row(step: str, clients: int, age_ms: float) -> AblationRow:
        return AblationRow(
            step=step,
            clients=clients,
            age_p50_ms=spread(age_ms),
            age_p95_ms=spread(2 * age_ms),
            frames_per_second=spread(30),
            drop_percent=spread(0),
            down_bytes=spread(31_449),
            cpu_ms=spread(23),
            lag_p95_ms=spread(1.5),
            memory_mb=spread(300),
            errors=[],
        )

    measured = reported(tmp_path, "ablation", [row("original", 1, 40), row("original", 4, 2000), row("+ binary answers", 4, 20)])
    assert BLOCKS["ablation"](measured, "4").splitlines()[2:] == [
        "| original | 2,000 / 4,000 ms | 30 | 31.4 kB | 23 ms | 1.5 ms |",
        "| + binary answers | 20 / 40 ms | 30 | 31.4 kB | 23 ms | 1.5 ms |",
    ]
    assert BLOCKS["ablation-figure"](measured, "original", "1", "age_p50_ms") == "40"


def test_a_figure_of_the_soak(tmp_path: Path) -> None:
    measured = reported(tmp_path, "soak", [replace(soak(), sessions=3, memory_mb_per_hour=0.44)])
    assert BLOCKS["soak-figure"](measured, "memory_mb_per_hour", "1") == "0.4"
    assert BLOCKS["soak-figure"](measured, "sessions") == "3"


@pytest.mark.parametrize(
    ("cores", "said"),
    [
        ("4 (4 with hyper-threading), 4 usable", "4 cores of an X"),
        ("4 (8 with hyper-threading), 8 usable", "4 cores of an X"),
        ("4 (4 with hyper-threading), 2 usable", "2 of 4 cores of an X"),
    ],
)
def test_the_machine_is_named_with_the_cores_that_could_be_used(tmp_path: Path, cores: str, said: str) -> None:
    (tmp_path / "soak.json").write_text(json.dumps({"machine": {"cores": cores, "processor": "X"}}))
    assert BLOCKS["machine"](Measured(tmp_path), "soak") == said
