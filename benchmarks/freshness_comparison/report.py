"""Shows a run's results: tables for the terminal and for Markdown from the same rows, JSON, and a plot. `write` makes the three files."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING

from benchmarks.freshness_comparison.bars import judge
from benchmarks.freshness_comparison.plan import CAPACITY, UNLOADED
from benchmarks.freshness_comparison.plot import plot_ages
from benchmarks.sheets import Sheet, as_json, as_markdown, bars_sheet, number

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.freshness_comparison.figures import Percentiles
    from benchmarks.freshness_comparison.results import Results

__all__ = ["sheets", "write"]


def sheets(results: Results) -> list[Sheet]:
    """All tables, the bars first; those without a row are left out."""
    found = [bars_sheet(judge(results)), _ages(results), _flow(results), _server(results), _recoveries(results)]
    return [sheet for sheet in found if sheet.rows]


def write(results: Results, folder: Path) -> None:
    """Writes `freshness.json`, `freshness.md` and `freshness.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "freshness.json").write_text(as_json(judge(results), asdict(results)))
    (folder / "freshness.md").write_text(_markdown(results))
    plot_ages([row for row in results.rows if row.scenario not in (CAPACITY, UNLOADED)], folder / "freshness.png")


def _markdown(results: Results) -> str:
    machine = [f"- {name}: {value}" for name, value in results.machine.items()]
    parts = [
        "# Freshness measured",
        "Made by `python -m benchmarks.freshness`; the method is in [README.md](../README.md).",
        "\n".join(machine),
        f"Capacity measured: {number(results.capacity_fps, 0)} frames/s, all sessions together.",
        "![The age on screen over time](freshness.png)",
    ]
    parts += [as_markdown(sheet) for sheet in sheets(results)]
    if results.failures:
        parts.append("## Not measured\n\n" + "\n".join(f"- {failure}" for failure in results.failures))
    return "\n\n".join(parts) + "\n"


def _ages(results: Results) -> Sheet:
    ages = ("age p50 / p95 / p99 ms", "on screen p50 / p95 / p99 ms")
    columns = ("scenario", "contender", "sessions", *ages, "frames/s each", "fairness", "trend")
    rows = [
        (
            row.scenario, row.contender, str(row.sessions), _percentiles(row.age), _percentiles(row.screen),
            number(row.answered_fps, 1), number(row.fairness, 2), number(row.trend, 2),
        )
        for row in results.rows
    ]  # fmt: skip
    return Sheet("Ages", columns, rows)


def _flow(results: Results) -> Sheet:
    columns = ("scenario", "contender", "offered/s each", "dropped, by stage", "unanswered at the end", "kB/s up", "kB/s down")
    rows = [
        (
            row.scenario, row.contender, number(row.offered_fps, 1),
            ", ".join(f"{count} {stage}" for stage, count in row.drops.items()) or "none", str(row.unanswered),
            number(row.up_kb_per_s, 0), number(row.down_kb_per_s, 0),
        )
        for row in results.rows
    ]  # fmt: skip
    return Sheet("What became of the frames", columns, rows)


def _server(results: Results) -> Sheet:
    columns = ("scenario", "contender", "sessions", "event loop's lag p99 ms", "small request p99 ms", "memory MiB, first and last")
    rows = [
        (
            row.scenario, row.contender, str(row.sessions), number(row.loop_lag_p99_ms, 1), number(row.request_p99_ms, 1),
            " to ".join(number(mib, 0) for _, mib in (row.memory_mib[0], row.memory_mib[-1])) if row.memory_mib else "-",
        )
        for row in results.rows
    ]  # fmt: skip
    return Sheet("The server meanwhile", columns, rows)


def _recoveries(results: Results) -> Sheet:
    columns = ("scenario", "contender", "floor ms", "from 500 ms after it, ms", "first answer after ms", "oldest picture shown first, ms")
    rows = [
        (
            row.scenario, row.contender, number(row.recovery.floor_ms, 1), number(row.recovery.after_ms, 1),
            number(row.recovery.first_ms, 0), number(row.recovery.oldest_ms, 0),
        )
        for row in results.rows
        if row.recovery is not None
    ]  # fmt: skip
    return Sheet("After a disturbance, the worst of each run", columns, rows)


def _percentiles(ages: Percentiles) -> str:
    # A tenth of a millisecond says something of small ages alone.
    decimals = 1 if math.isnan(ages.p99_ms) or ages.p99_ms < 100 else 0  # noqa: PLR2004
    return " / ".join(number(value, decimals) for value in (ages.p50_ms, ages.p95_ms, ages.p99_ms))
