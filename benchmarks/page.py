"""How old is what the page shows, and where does the time go? The page in a Chromium with a camera, over the relay's networks.

    python -m benchmarks.page --results benchmarks/results

The method is in benchmarks/README.md.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer
from benchmarks.page_trials.chromium import carry_out
from benchmarks.page_trials.figures import Panel, Row, Window, display_difference_ms, panel, row, windows
from benchmarks.page_trials.plan import OUTPUTS, QUICK, WHOLE, DisplayTrial, StreamTrial, trials
from benchmarks.sheets import Bar, Sheet, as_json, as_markdown, as_rich, bars_sheet, number
from rich.console import Console

from handstream.bench.machine import describe_machine
from handstream.bench.processes import ending_in_order
from handstream.bench.profiles import PROFILES
from handstream.bench.spread import Spread
from handstream.errors import HandstreamError
from handstream.frames import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.page_trials.plan import Trial

_BEYOND_ROUND_TRIP_MS = {"4g": 40, "3g": 120}
"""How much older than the path's round trip the middle frame may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One run of the benchmark.

    Attributes:
        machine: What it ran on.
        rows: A row for each output in each scenario.
        display_difference_ms: The 95th percentile of the difference between the stages' sum and what was measured beside the page, for
            each round.
        panel: What the latency panel costs; None if it was not measured.
        failures: Trials that failed.
    """

    machine: dict[str, str]
    rows: list[Row]
    display_difference_ms: Spread
    panel: Panel | None
    failures: list[str] = field(default_factory=list)


def main(
    *,
    results_folder: Annotated[Path | None, typer.Option("--results", help="Write page.json and .md into this folder.")] = None,
    quick: Annotated[bool, typer.Option(help="Each path once and shorter: about a minute and a half.")] = False,
) -> None:
    """Measures the age of what the page shows in Chromium, by stage and over each path, and judges the bars."""
    console, machine = Console(), describe_machine() | {"form": "--quick" if quick else "whole"}
    planned = trials(QUICK if quick else WHOLE)
    try:
        with console.status("the page in Chromium") as status:
            found = carry_out(planned, lambda done: status.update(f"the page in Chromium: {done} of {len(planned)} trials"))
    except HandstreamError as error:
        console.print(str(error), style="red")
        raise typer.Exit(1) from error
    results = summed_up(machine, planned, found)
    for sheet in sheets(results):
        console.print(as_rich(sheet))
    for failure in results.failures:
        console.print(f"{failure} failed: artifacts/page/playwright.log says why", style="red")
    if results_folder is not None:
        write_results(results_folder, results)


def summed_up(machine: dict[str, str], planned: Sequence[Trial], found: Sequence[dict[str, Any] | None]) -> Results:
    """The figures of what the trials measured."""
    rounds: dict[tuple[str, str], list[Window]] = {}
    differences_ms: list[float] = []
    cost: Panel | None = None
    failures: list[str] = []
    for position, (trial, measured) in enumerate(zip(planned, found, strict=True)):
        if measured is None:
            failures.append(f"trial {position} ({trial.kind})")
        elif isinstance(trial, StreamTrial):
            for scenario, window in windows(trial, measured).items():
                rounds.setdefault((scenario, trial.output), []).append(window)
        elif isinstance(trial, DisplayTrial):
            differences_ms.append(display_difference_ms(measured))
        else:
            cost = panel(measured)
    chromium = next(measured["chromium"] for measured in found if measured is not None)
    return Results(
        machine=machine | {"chromium": chromium},
        rows=[row(*key, of_key) for key, of_key in rounds.items()],
        display_difference_ms=Spread.of(differences_ms),
        panel=cost,
        failures=failures,
    )


def bars(results: Results) -> list[Bar]:
    """What is to be reached."""
    return [
        *(_path_bar(results, path, output) for path in _BEYOND_ROUND_TRIP_MS for output in OUTPUTS),
        Bar("sum of the stages against capture to display: p95, ms", 1, results.display_difference_ms.median),
        Bar("latency panel: main thread, ms a frame", 1, math.nan if results.panel is None else results.panel.cost_ms.median),
    ]


def _path_bar(results: Results, path: str, output: str) -> Bar:
    found = (one.age_p50_ms.median for one in results.rows if (one.scenario, one.output) == (path, output))
    limit_ms = PROFILES[path].round_trip_s * 1e3 + _BEYOND_ROUND_TRIP_MS[path]
    return Bar(f"{path}, {output}: capture to display p50, ms", limit_ms, next(found, math.nan))


def sheets(results: Results) -> list[Sheet]:
    """All tables, the bars first."""
    return [bars_sheet(bars(results)), _ages_sheet(results), _parts_sheet(results), _stages_sheet(results), _panel_sheet(results)]


def _ages_sheet(results: Results) -> Sheet:
    columns = ("path", "output", "p50 ms", "p95 ms", "frames/s", "not shown, by stage")
    rows = [
        (
            one.scenario, one.output, _spread(one.age_p50_ms), _spread(one.age_p95_ms), _spread(one.frames_per_second),
            ", ".join(f"{count} {stage}" for stage, count in one.drops.items()) or "none",
        )
        for one in results.rows
    ]  # fmt: skip
    return Sheet("From capture to display: the median of the rounds, and their range", columns, rows)


def _parts_sheet(results: Results) -> Sheet:
    parts = list(results.rows[0].parts_ms) if results.rows else []
    rows = [(one.scenario, one.output, *(f"{one.parts_ms[part]:.1f} ms, {one.shares[part]:.0%}" for part in parts)) for one in results.rows]
    return Sheet("Whose the time is, of the frames of middle age", ("path", "output", *parts), rows)


def _stages_sheet(results: Results) -> Sheet:
    columns = ("stage", *(f"{one.scenario}, {one.output}" for one in results.rows))
    rows = [(stage.value, *(number(one.stages_ms.get(stage, math.nan), 1) for one in results.rows)) for stage in Stage]
    return Sheet("The same by stage, ms", columns, rows)


def _panel_sheet(results: Results) -> Sheet:
    columns = ("rounds", "open ms", "closed ms", "difference ms", "frames/s")
    found = results.panel
    rows = (
        []
        if found is None
        else [(str(found.rounds), *map(_spread, (found.open_ms, found.closed_ms, found.cost_ms, found.frames_per_second)))]
    )
    return Sheet("The main thread's time a frame, latency panel open and closed", columns, rows)


def _spread(spread: Spread) -> str:
    """The median, and how far the rounds lie apart where there are several."""
    median, low, high = (number(value, 1) for value in (spread.median, spread.low, spread.high))
    return median if low == high else f"{median} ({low} to {high})"


def write_results(folder: Path, results: Results) -> None:
    """The figures for programs, and the tables for people."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "page.json").write_text(as_json(bars(results), asdict(results)))
    description = "\n".join(f"- {name}: {value}" for name, value in results.machine.items())
    made = "Made by `python -m benchmarks.page`; the method is in [README.md](../README.md)."
    parts = ["# What the page shows", made, description, *map(as_markdown, sheets(results))]
    if results.failures:
        parts.append("## Failed\n\n" + "\n".join(f"- {failure}" for failure in results.failures))
    (folder / "page.md").write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    with ending_in_order():
        typer.run(main)
