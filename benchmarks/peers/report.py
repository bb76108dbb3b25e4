"""Shows a comparison: one table for the terminal, Markdown and the README alike, JSON, and a plot. `write` makes the three files."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING

from benchmarks.peers.contenders import OURS
from benchmarks.peers.plot import plot_ages
from benchmarks.sheets import Bar, Sheet, as_json, as_markdown, bars_sheet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.peers.results import Results, Row

__all__ = ["bars", "failures", "in_words", "sheets", "write"]

_COLUMNS = ("contender", "on screen ms", "p50 of runs", "answers ms", "frames/s", "growth ms/s", "CPU ms", "MiB")


_JUDGED = "v1"
_SCREEN_LIMITS_MS = {1: 36.0, 4: 42.0}
"""What the age on screen is to be at its p50, for each number of clients."""


def bars(results: Results) -> list[Bar]:
    """What is to be reached: the age on screen, by itself and against the best of the others in the same run."""
    judged: list[Bar] = []
    for clients, limit_ms in _SCREEN_LIMITS_MS.items():
        p50s_ms = {row.key: row.median.screen_age_p50_ms for row in results.rows if row.clients == clients and row.median}
        ours_ms = p50s_ms.get(_JUDGED, math.nan)
        best_ms = min((age_ms for key, age_ms in p50s_ms.items() if key not in OURS and not math.isnan(age_ms)), default=math.nan)
        judged.append(Bar(f"{_JUDGED}, {in_words(clients)}: age on screen p50, ms", limit_ms, ours_ms))
        judged.append(Bar(f"{_JUDGED}, {in_words(clients)}: that over the best of the others", 1.0, ours_ms / best_ms))
    return judged


def sheets(results: Results) -> list[Sheet]:
    """The bars, then a table for each number of clients. A row that could not be run says so; `failures` says why."""
    course = f"640x480 at {results.frames_per_second:g} frames/s, {results.clip}, {results.rounds} x {results.seconds:g} s"
    tables = [
        Sheet(f"{in_words(count)}, {course}", _COLUMNS, [_cells(row) for row in results.rows if row.clients == count])
        for count in dict.fromkeys(row.clients for row in results.rows)
    ]
    return [bars_sheet(bars(results)), *tables]


def write(results: Results, folder: Path) -> None:
    """Writes `peers.json`, `peers.md` and `peers.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    content = asdict(results)
    for row, measured in zip(results.rows, content["rows"], strict=True):
        measured["median"] = asdict(row.median) if row.median else None
    (folder / "peers.json").write_text(as_json(bars(results), content))
    (folder / "peers.md").write_text(_markdown(results))
    plot_ages(results.rows, folder / "peers.png")


def failures(rows: Sequence[Row]) -> list[str]:
    """Which rows lack runs, and why."""
    return [
        f"{row.name}, {in_words(row.clients)}: {'not run' if not row.runs else f'{len(row.failures)} runs failed'}: {row.failures[0]}"
        for row in rows
        if row.failures
    ]


def _markdown(results: Results) -> str:
    parts = [
        "# Peers compared",
        "Made by `python -m benchmarks.peers`; the method is in [README.md](../README.md).",
        "\n".join(f"- {name}: {value}" for name, value in results.machine.items()),
        *(as_markdown(sheet) for sheet in sheets(results)),
        "![Age on screen of each contender](peers.png)",
        "## Not run\n\n" + ("\n".join(f"- {failure}" for failure in failures(results.rows)) or "None: every row was run."),
        "## Disturbance\n\n" + _disturbance(results.rows),
    ]
    return "\n\n".join(parts) + "\n"


def _disturbance(rows: Sequence[Row]) -> str:
    runs = [run for row in rows for run in row.runs]
    if not runs:
        return "No run."
    other, stolen = max(run.other_cores for run in runs), max(run.stolen_cores for run in runs)
    unreadable = sum(run.unreadable for run in runs)
    return (
        f"In the worst run other processes took {other:.2f} cores and other virtual machines {stolen:.2f}. "
        f"Returned pictures whose number could not be read: {unreadable:g}."
    )


def _cells(row: Row) -> tuple[str, ...]:
    median = row.median
    if median is None:
        return (row.name, "not run", *("",) * (len(_COLUMNS) - 2))
    p50s_ms = [run.screen_age_p50_ms for run in row.runs if not math.isnan(run.screen_age_p50_ms)]
    return (
        row.name,
        f"{_whole(median.screen_age_p50_ms)} / {_whole(median.screen_age_p95_ms)}",
        f"{_whole(min(p50s_ms))} to {_whole(max(p50s_ms))}" if p50s_ms else "-",
        f"{_whole(median.age_p50_ms)} / {_whole(median.age_p95_ms)}",
        *(_whole(value) for value in (median.frames_per_second, median.growth_ms_per_s, median.cpu_frame_ms, median.resident_mib)),
    )


def _whole(value: float) -> str:
    return "-" if math.isnan(value) else str(round(value))


def in_words(count: int) -> str:
    """So many clients."""
    return f"{count} client{'s' * (count > 1)}"
