"""How the terminal shows a benchmark's results: a table for each kind."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from handstream.bench.capacity import MOST_AGE_P95_MS, MOST_DROP_PERCENT
from handstream.bench.soak import LEAST_TREND_S

if TYPE_CHECKING:
    from rich.console import RenderableType

    from handstream.bench.ablation import AblationRow
    from handstream.bench.capacity import CapacityResult
    from handstream.bench.latency import LatencyResult, PercentileRow
    from handstream.bench.soak import SoakResult
    from handstream.bench.spread import Spread

__all__ = ["ablation_tables", "capacity_tables", "latency_tables", "soak_tables"]


def latency_tables(results: list[LatencyResult]) -> list[RenderableType]:
    """A table for each number of sessions: the parts of the age, and the kernels below."""
    return [part for result in results for part in (_latency_table(result), _latency_words(result), *_errors(result.errors))]


def capacity_tables(results: list[CapacityResult]) -> list[RenderableType]:
    """What each contender holds, and what it was at that number and one more."""
    table = _table(f"sessions with p95 at most {MOST_AGE_P95_MS:g} ms and at most {MOST_DROP_PERCENT:g} % dropped")
    table.add_column("server", overflow="fold")
    for heading in ("sessions", "each core", "tries", "p95 ms there", "p95 ms at one more"):
        table.add_column(heading, justify="right")
    for result in results:
        more = "+" if result.is_limit else "" if result.is_final else " so far"
        table.add_row(
            result.name,
            f"[bold]{result.sessions}{more}[/]",
            f"{result.per_core:.2f}",
            str(len(result.trials)),
            _p95_at(result, result.sessions),
            _p95_at(result, result.sessions + 1),
        )
    return [table, *_errors([error for result in results for trial in result.trials for error in trial.errors])]


def ablation_tables(rows: list[AblationRow]) -> list[RenderableType]:
    """A table for each number of clients."""
    tables: list[RenderableType] = []
    for clients in sorted({row.clients for row in rows}):
        table = _table(f"{clients} {'client' if clients == 1 else 'clients'}")
        table.add_column("step", overflow="fold", min_width=24)
        for heading in ("p50 ms", "p95 ms", "frames/s", "dropped %", "kB", "CPU ms", "lag p95 ms", "MB"):
            table.add_column(heading, justify="right", no_wrap=True)
        for row in rows:
            if row.clients == clients:
                table.add_row(
                    row.step,
                    _spread(row.age_p50_ms),
                    _spread(row.age_p95_ms),
                    _number(row.frames_per_second.median),
                    _number(row.drop_percent.median),
                    f"{row.down_bytes.median / 1e3:.1f}",
                    _number(row.cpu_ms.median),
                    _number(row.lag_p95_ms.median),
                    _number(row.memory_mb.median, digits=0),
                )
        tables.append(table)
    return [*tables, *_errors([error for row in rows for error in row.errors])]


def soak_tables(result: SoakResult) -> list[RenderableType]:
    """The soak in one table, and its verdicts."""
    table = _table(f"{result.sessions} {'session' if result.sessions == 1 else 'sessions'} for {result.minutes:.1f} minutes")
    for heading in ("minute", "p50 ms", "p95 ms", "dropped %", "memory MB", "files", "threads"):
        table.add_column(heading, justify="right", no_wrap=True)
    for point in result.points:
        table.add_row(
            f"{point.time_s / 60:.1f}",
            _number(point.age_p50_ms),
            _number(point.age_p95_ms),
            _number(point.drop_percent),
            _number(point.memory_mb),
            str(point.files or "-"),
            str(point.threads or "-"),
        )
    known = result.memory_mb_per_hour
    trend = f"unknown, for it takes {LEAST_TREND_S:.0f} s after the warm-up" if known is None else f"{known:+.1f} MB/h"
    words = f"{_capacity_words(result.capacity)} Memory after {result.warm_up_s:.0f} s of warm-up: {trend}."
    if result.minutes * 60 - result.warm_up_s >= LEAST_TREND_S:
        words += f" The p95 was {_number(result.first_p95_ms)} ms in the first minute and {_number(result.last_p95_ms)} ms in the last."
    return [table, f"{words}\n", *_errors([error for point in result.points for error in point.errors])]


def _capacity_words(capacity: CapacityResult | None) -> str:
    """Where the number of a soak's sessions comes from."""
    if capacity is None:
        return "The number of sessions was given; the capacity was not measured."
    held = f"{capacity.sessions} {'session' if capacity.sessions == 1 else 'sessions'}"
    return f"The capacity was found first: {held}{' or more' if capacity.is_limit else ''}."


def _latency_table(result: LatencyResult) -> Table:
    table = _table(f"{result.sessions} {'session' if result.sessions == 1 else 'sessions'}")
    table.add_column("part of a frame's age")
    for heading in ("p50 ms", "p95 ms", "p99 ms"):
        table.add_column(heading, justify="right", no_wrap=True)
    for span in result.spans:
        _add(table, span)
    table.add_section()
    _add(table, result.age, style="bold")
    table.add_section()
    _add(table, result.server)
    for kernel in result.kernels:
        _add(table, kernel, name="kernels together" if kernel.name == "sum" else f"kernel: {kernel.name}")
    return table


def _latency_words(result: LatencyResult) -> str:
    words = f"{_number(result.frames_per_second.median)} frames/s each, {_number(result.drop_percent.median)} % dropped."
    if result.over_kernels_p50 is not None and result.over_kernels_p99 is not None:
        p50, p99 = _spread(result.over_kernels_p50, digits=2), _spread(result.over_kernels_p99, digits=2)
        words += f" The server took {p50} times the kernels' time at p50, {p99} at p99."
    if math.isnan(result.age.p99_ms.median):
        words += " A percentile that no frame of a repeat lies beyond is left out: p99 takes 100 frames, and so more --seconds."
    return words + "\n"


def _errors(errors: list[str]) -> list[RenderableType]:
    """Why sessions ended early, each reason once."""
    return [Text(f"Sessions ended early: {error}\n", "yellow") for error in sorted(set(errors))]


def _table(title: str) -> Table:
    return Table(title=title, box=box.SIMPLE_HEAD, title_style="bold", title_justify="left", pad_edge=False)


def _add(table: Table, row: PercentileRow, *, name: str = "", style: str = "") -> None:
    table.add_row(name or row.name, *(_spread(value) for value in (row.p50_ms, row.p95_ms, row.p99_ms)), style=style)


def _spread(value: Spread, *, digits: int = 1) -> str:
    """The median, and between brackets the least and the greatest where they say something else."""
    median, low, high = (_number(one, digits=digits) for one in (value.median, value.low, value.high))
    return median if low == high else f"{median} [dim]({low} to {high})[/]"


def _number(value: float | None, *, digits: int = 1) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:,.{digits}f}"


def _p95_at(result: CapacityResult, sessions: int) -> str:
    """The p95s of the tries with that many sessions, from the least to the greatest."""
    found = sorted(trial.age_p95_ms for trial in result.trials if trial.sessions == sessions)
    if not found:
        return "-"
    return _number(found[0]) if len(found) == 1 else f"{_number(found[0])} to {_number(found[-1])}"
