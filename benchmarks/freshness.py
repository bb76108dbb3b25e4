"""Shows how old what is shown is, on every path of the relay and under overload. `python -m benchmarks.freshness --help`.

The method is in benchmarks/README.md.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer
from benchmarks.freshness_comparison.plan import (
    CAPACITY,
    FLOODED,
    Lengths,
    capacity_trials,
    overload_trials,
    path_trials,
    session_trials,
)
from benchmarks.freshness_comparison.report import sheets, write
from benchmarks.freshness_comparison.results import Results
from benchmarks.freshness_comparison.trials import Trial, Trials
from benchmarks.sheets import as_rich
from rich.console import Console

from handstream.bench.machine import describe_machine
from handstream.bench.processes import ending_in_order
from handstream.errors import HandstreamError

QUICK = Lengths(path_s=4.0, disturbed_s=10.0, sessions_s=4.0, rounds=1, overload_s=4.0, long_overload_s=10.0, overloads=(1, 4))


class Part(StrEnum):
    """A part of the benchmark."""

    PATHS = "paths"
    SESSIONS = "sessions"
    OVERLOAD = "overload"


def main(
    *,
    part: Annotated[list[Part] | None, typer.Option(help="Only this part; may be given more than once. Default: all.")] = None,
    results_folder: Annotated[Path | None, typer.Option("--results", help="Write freshness.json, .md and .png into this folder.")] = None,
    quick: Annotated[bool, typer.Option(help="Shorter measurements and fewer of them: about four minutes in all.")] = False,
) -> None:
    """Measures the age of what is shown, ours and the original's in turns, and judges the bars."""
    console = Console()
    lengths = QUICK if quick else Lengths()
    parts = part or list(Part)
    results = Results(describe_machine() | {"form": "--quick" if quick else "whole"})
    with Trials() as trials:
        if Part.PATHS in parts:
            _measure(console, trials, path_trials(lengths), results)
        if Part.SESSIONS in parts:
            _measure(console, trials, session_trials(lengths), results)
        if Part.OVERLOAD in parts:
            _measure(console, trials, capacity_trials(lengths), results)
            saturated = next(results.of(CAPACITY, FLOODED.name), None)
            if saturated is not None:
                results.capacity_fps = saturated.answered_fps * saturated.sessions
                _measure(console, trials, overload_trials(lengths, results.capacity_fps), results)
    for sheet in sheets(results):
        console.print(as_rich(sheet))
    if results_folder:
        write(results, results_folder)


def _measure(console: Console, trials: Trials, planned: list[Trial], results: Results) -> None:
    """Measures one after another. What fails is noted, so that it does not take the others with it."""
    for trial in planned:
        name = f"{trial.scenario}: {trial.contender.name}"
        with console.status(f"{name}, {trial.seconds:g} s"):
            try:
                row = trials.measure(trial)
            except (HandstreamError, OSError, TimeoutError) as error:
                results.failures.append(f"{name}: {str(error) or type(error).__name__}")
                console.print(results.failures[-1], style="red")
                continue
        results.rows.append(row)
        console.print(f"{name}: age p50 {row.age.p50_ms:.1f} ms, p95 {row.age.p95_ms:.1f} ms, {row.answered_fps:.1f} frames/s", style="dim")


if __name__ == "__main__":
    with ending_in_order():
        typer.run(main)
