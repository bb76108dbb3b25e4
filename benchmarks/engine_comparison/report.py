"""Shows a run's results: tables for the terminal and for Markdown from the same rows, JSON, and a plot. `write` makes the three files."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from benchmarks.engine_comparison.bars import judge
from benchmarks.engine_comparison.plot import plot_times
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.engine_comparison.results import Results

__all__ = ["Sheet", "as_rich", "sheets", "write"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: a title, the columns' names, the rows' cells as text."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def sheets(results: Results) -> list[Sheet]:
    """All tables, the bars first; those without a row are left out."""
    found = [
        _bars(results),
        _timings(results),
        _agreements(results),
        _accuracy(results),
        _memory(results),
        _first_results(results),
        _throughput(results),
    ]
    return [sheet for sheet in found if sheet.rows]


def as_rich(sheet: Sheet) -> Table:
    """The table for a terminal."""
    table = Table(*sheet.columns, title=sheet.title, title_justify="left")
    for row in sheet.rows:
        table.add_row(*row)
    return table


def write(results: Results, folder: Path) -> None:
    """Writes `engines.json`, `engines.md` and `engines.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    measured = {"bars": [asdict(bar) | {"verdict": bar.verdict} for bar in judge(results)], **asdict(results)}
    (folder / "engines.json").write_text(json.dumps(_rounded(measured), indent=1) + "\n")
    (folder / "engines.md").write_text(_markdown(results))
    plot_times(results.timings, folder / "engines.png")


def _markdown(results: Results) -> str:
    machine = [f"- {name}: {value}" for name, value in results.machine.items()]
    parts = [
        "# Engines compared",
        "Made by `python -m benchmarks.engines`; the method is in [README.md](../README.md).",
        "\n".join(machine),
    ]
    parts += [f"## {sheet.title}\n\n{_markdown_table(sheet)}" for sheet in sheets(results)]
    parts.append(_differences(results))
    return "\n\n".join(parts) + "\n"


def _markdown_table(sheet: Sheet) -> str:
    rule = ("---",) * len(sheet.columns)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [sheet.columns, rule, *sheet.rows])


def _differences(results: Results) -> str:
    """The frames in which ours lacks a hand that a reference reports."""
    lines = [
        f"- {row.scene}, complexity {row.complexity}, maximum {row.max_hands}, against {row.reference}: {', '.join(row.agreement.missing)}"
        for row in results.agreements
        if row.agreement.missing
    ]
    return "## Frames in which a hand of the reference is not found\n\n" + ("\n".join(lines) or "None.")


def _bars(results: Results) -> Sheet:
    rows = [
        (bar.name, f"{'at most' if bar.is_upper else 'at least'} {bar.limit:g}", _number(bar.value, 3), bar.verdict)
        for bar in judge(results)
    ]
    return Sheet("Bars", ("bar", "limit", "measured", "verdict"), rows)


def _timings(results: Results) -> Sheet:
    columns = ("scene", "hands", "model", "max", "engine", "p50 ms", "p95 ms", "p99 ms", "CPU ms/frame", "hands/frame", "duplicates")
    rows = [
        (
            row.scene, str(row.hands_in_view or "varies"), _model(row.complexity), str(row.max_hands), row.contender,
            *(_number(value, 1) for value in (row.p50_ms, row.p95_ms, row.p99_ms, row.cpu_frame_ms)),
            _number(row.hands_per_frame, 2), str(row.duplicates),
        )
        for row in results.timings
    ]  # fmt: skip
    return Sheet("Time a frame, 30 frames/s offered", columns, rows)


def _agreements(results: Results) -> Sheet:
    columns = ("scene", "model", "max", "against", "its hands", "found", "ours alone", "other handedness", "error / palm median %", "p95 %")
    rows = [
        (
            row.scene, _model(row.complexity), str(row.max_hands), row.reference,
            str(row.agreement.reference_hands), str(row.agreement.found), str(row.agreement.extra), str(row.agreement.other_handedness),
            _number(100 * row.agreement.median, 2), _number(100 * row.agreement.p95, 2),
        )
        for row in results.agreements
    ]  # fmt: skip
    return Sheet("Agreement", columns, rows)


def _accuracy(results: Results) -> Sheet:
    rows = [(row.scene, _model(row.complexity), str(row.max_hands), row.contender, _number(100 * row.error, 2)) for row in results.accuracy]
    return Sheet("Mean error against the synthetic truth", ("scene", "model", "max", "engine", "error / palm %"), rows)


def _memory(results: Results) -> Sheet:
    rows = [(row.contender, str(row.sessions), _number(row.total_mib, 0), _number(row.added_mib, 1)) for row in results.memory]
    return Sheet("Memory", ("engine", "sessions", "resident MiB", "added to the first session, MiB"), rows)


def _first_results(results: Results) -> Sheet:
    rows = [(row.contender, _number(row.first_result_ms, 0)) for row in results.first_results]
    return Sheet("First result in a new process, warm", ("engine", "ms"), rows)


def _throughput(results: Results) -> Sheet:
    rows = [
        (row.contender, str(row.threads), _number(row.one_thread_fps, 0), _number(row.all_threads_fps, 0), _number(row.scaling, 2))
        for row in results.throughput
    ]
    return Sheet("Throughput, lite, one hand, maximum 1", ("engine", "sessions", "one session, frames/s", "all, frames/s", "ratio"), rows)


def _model(complexity: int) -> str:
    return ("lite", "full")[complexity]


def _number(value: float, decimals: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{decimals}f}"


def _rounded(value: object) -> object:
    """Numbers to four decimals and none that JSON does not know, all else as it is."""
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value
