"""Shows a run's results: tables for the terminal and for Markdown from the same rows, JSON, and a plot. `write` makes the three files."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from benchmarks.engine_comparison.bars import judge
from benchmarks.engine_comparison.plot import plot_times
from benchmarks.sheets import Sheet, as_json, as_markdown, bars_sheet, number

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.engine_comparison.results import Results

__all__ = ["sheets", "write"]


def sheets(results: Results) -> list[Sheet]:
    """All tables, the bars first; those without a row are left out."""
    found = [
        bars_sheet(judge(results)),
        _timings(results),
        _agreements(results),
        _accuracy(results),
        _memory(results),
        _first_results(results),
        _throughput(results),
    ]
    return [sheet for sheet in found if sheet.rows]


def write(results: Results, folder: Path) -> None:
    """Writes `engines.json`, `engines.md` and `engines.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "engines.json").write_text(as_json(judge(results), asdict(results)))
    (folder / "engines.md").write_text(_markdown(results))
    plot_times(results.timings, folder / "engines.png")


def _markdown(results: Results) -> str:
    machine = [f"- {name}: {value}" for name, value in results.machine.items()]
    parts = [
        "# Engines compared",
        "Made by `python -m benchmarks.engines`; the method is in [README.md](../README.md).",
        "\n".join(machine),
    ]
    parts += [as_markdown(sheet) for sheet in sheets(results)]
    parts.append(_differences(results))
    return "\n\n".join(parts) + "\n"


def _differences(results: Results) -> str:
    """The frames in which ours lacks a hand that a reference reports."""
    lines = [
        f"- {row.scene}, complexity {row.complexity}, maximum {row.max_hands}, against {row.reference}: {', '.join(row.agreement.missing)}"
        for row in results.agreements
        if row.agreement.missing
    ]
    return "## Frames in which a hand of the reference is not found\n\n" + ("\n".join(lines) or "None.")


def _timings(results: Results) -> Sheet:
    columns = (
        "scene",
        "hands",
        "model",
        "max",
        "engine",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "back to back",
        "CPU ms/frame",
        "hands/frame",
        "duplicates",
    )
    rows = [
        (
            row.scene, str(row.hands_in_view or "varies"), _model(row.complexity), str(row.max_hands), row.contender,
            *(number(value, 1) for value in (row.p50_ms, row.p95_ms, row.p99_ms, row.back_to_back_p50_ms, row.cpu_frame_ms)),
            number(row.hands_per_frame, 2), str(row.duplicates),
        )
        for row in results.timings
    ]  # fmt: skip
    return Sheet("Time a frame, 30 frames/s offered; p50 back to back", columns, rows)


def _agreements(results: Results) -> Sheet:
    columns = ("scene", "model", "max", "against", "its hands", "found", "ours alone", "other handedness", "error / palm median %", "p95 %")
    rows = [
        (
            row.scene, _model(row.complexity), str(row.max_hands), row.reference,
            str(row.agreement.reference_hands), str(row.agreement.found), str(row.agreement.extra), str(row.agreement.other_handedness),
            number(100 * row.agreement.median, 2), number(100 * row.agreement.p95, 2),
        )
        for row in results.agreements
    ]  # fmt: skip
    return Sheet("Agreement", columns, rows)


def _accuracy(results: Results) -> Sheet:
    rows = [(row.scene, _model(row.complexity), str(row.max_hands), row.contender, number(100 * row.error, 2)) for row in results.accuracy]
    return Sheet("Mean error against the synthetic truth", ("scene", "model", "max", "engine", "error / palm %"), rows)


def _memory(results: Results) -> Sheet:
    rows = [(row.contender, str(row.sessions), number(row.total_mib, 0), number(row.added_mib, 1)) for row in results.memory]
    return Sheet("Memory", ("engine", "sessions", "resident MiB", "added to the first session, MiB"), rows)


def _first_results(results: Results) -> Sheet:
    rows = [(row.contender, number(row.first_result_ms, 0)) for row in results.first_results]
    return Sheet("First result in a new process, warm", ("engine", "ms"), rows)


def _throughput(results: Results) -> Sheet:
    rows = [
        (row.contender, str(row.threads), number(row.one_thread_fps, 0), number(row.all_threads_fps, 0), number(row.scaling, 2))
        for row in results.throughput
    ]
    return Sheet("Throughput, lite, one hand, maximum 1", ("engine", "sessions", "one session, frames/s", "all, frames/s", "ratio"), rows)


def _model(complexity: int) -> str:
    return ("lite", "full")[complexity]
