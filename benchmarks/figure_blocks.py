"""What the pages quote from the benchmarks' results, a function for each: `BLOCKS`. To add one, write it below `@_block`.

A block is given the results and the words of its place, and returns Markdown.
"""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING, Any, Final

from benchmarks.peers.contenders import OURS

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

__all__ = ["BLOCKS", "Measured"]

BLOCKS: Final[dict[str, Callable[..., str]]] = {}
"""By the name that a page uses."""

_COMMANDS: Final = {
    "peers": "python -m benchmarks.peers --results benchmarks/results",
    "engines": "python -m benchmarks.engines --results benchmarks/results",
    "freshness": "python -m benchmarks.freshness --results benchmarks/results",
    "page": "python -m benchmarks.page --results benchmarks/results",
    "observation": "python -m benchmarks.observation --results benchmarks/results",
    "latency": "handstream bench latency --json benchmarks/results/latency.json",
    "capacity": "handstream bench capacity --workers 1 --workers 2 --precision f32 --precision auto"
    " --json benchmarks/results/capacity.json",
    "ablation": "handstream bench ablation --json benchmarks/results/ablation.json",
    "soak": "handstream bench soak --minutes 60 --json benchmarks/results/soak.json",
}
"""What makes each file of results."""


class Measured:
    """The results in a folder, each file read when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """The content of `NAME.json`.

        Raises:
            HandstreamError: It is missing; the text says what makes it.
        """
        if name not in self._read:
            file = self._folder / f"{name}.json"
            if not file.exists():
                raise HandstreamError(f"there is no {file.name} in {self._folder.name}/: run {_COMMANDS[name]}")
            self._read[name] = json.loads(file.read_text(encoding="utf-8"))
        return self._read[name]


def _block(function: Callable[..., str]) -> Callable[..., str]:
    """Registers a block under its name, with dashes."""
    BLOCKS[function.__name__.replace("_", "-")] = function
    return function


@_block
def machine(measured: Measured, results: str) -> str:
    """What some results were measured on, as in "4 cores of an AMD EPYC", or "2 of 4 cores" where it could not use them all."""
    described = measured[results]["machine"]
    cores, usable = int(described["cores"].split()[0]), int(described["cores"].rpartition(", ")[2].split()[0])
    return f"{f'{usable} of {cores}' if usable < cores else cores} cores of an {described['processor']}"


@_block
def peers(measured: Measured) -> str:
    """A row for each contender: one client beside as many as were measured."""
    rows = measured["peers"]["rows"]
    few, many = min(row["clients"] for row in rows), max(row["clients"] for row in rows)
    by_key = {(row["key"], row["clients"]): row for row in rows}
    return _table(
        (
            "",
            f"on screen, {few} client",
            f"on screen, {many} clients",
            f"frames/s each, {many} clients",
            f"growth of the age, {many} clients",
            "processor time a frame",
            f"memory, {many} clients",
        ),
        [_peer_cells(by_key[row["key"], few], by_key[row["key"], many]) for row in rows if row["clients"] == few],
    )


def _peer_cells(few: dict[str, Any], many: dict[str, Any]) -> tuple[str, ...]:
    """One contender. A browser has no row with many clients: what it costs is told of the one."""
    name = f"**{few['name']}**" if few["key"] in OURS else few["name"]
    one, several = few["median"], many["median"]
    told = several or one
    if told is None:
        return (name, "not run", *("",) * 5)
    growth = (
        ""
        if several is None
        else "none"
        if abs(several["growth_ms_per_s"] or 0) < _NO_GROWTH_MS
        else _number(several["growth_ms_per_s"], " ms/s")
    )
    return (
        name,
        _ages(one),
        _ages(several),
        _number(several and several["frames_per_second"]),
        growth,
        _number(told["cpu_frame_ms"], " ms"),
        _number(several and several["resident_mib"], " MiB"),
    )


_NO_GROWTH_MS = 10
"""A slope within the noise of a window of some seconds."""


def _ages(median: dict[str, Any] | None) -> str:
    return "" if median is None else f"{_number(median['screen_age_p50_ms'])} / {_number(median['screen_age_p95_ms'])} ms"


@_block
def peers_figure(measured: Measured, key: str, clients: str, figure: str) -> str:
    """One figure of one contender, as a whole number."""
    median = _one(measured["peers"]["rows"], key=key, clients=int(clients))["median"]
    if median is None:
        raise ValueError("it was not run: leave it out of the sentence, or run it")
    return _number(median[figure])


@_block
def peers_course(measured: Measured) -> str:
    """How the peers were measured, as in "3 rounds of 5 s"."""
    found = measured["peers"]
    return f"{found['rounds']} round{'s' * (found['rounds'] > 1)} of {found['seconds']:g} s"


@_block
def bar(measured: Measured, results: str, name: str, decimals: str = "2") -> str:
    """What was measured for one bar of some results."""
    return _number(_one(measured[results]["bars"], name=name)["value"], decimals=int(decimals))


@_block
def bars(measured: Measured, results: str, *names: str) -> str:
    """A row for each of these bars of some results, all without any."""
    found = measured[results]["bars"]
    chosen = [_one(found, name=name) for name in names] or found
    rows = [(one["name"], _number(one["value"], decimals=2), f"{_WAYS[one['is_upper']]} {one['limit']:g}") for one in chosen]
    return _table(("", "measured", "aimed at"), rows)


_WAYS: Final = {True: "at most", False: "at least"}


@_block
def freshness(measured: Measured, *scenarios: str) -> str:
    """A row for each contender in each of these scenarios, in all without any; medians where it was measured several times."""
    found = measured["freshness"]["rows"]
    for scenario in scenarios:
        _one(found, scenario=scenario)
    pairs = dict.fromkeys((row["scenario"], row["contender"]) for row in found if not scenarios or row["scenario"] in scenarios)
    rows = [
        (
            scenario,
            f"**{contender}**" if contender.startswith("handstream") else contender,
            f"{_freshness(found, scenario, contender, 'screen.p50_ms')} / {_freshness(found, scenario, contender, 'screen.p95_ms')} ms",
            f"{_freshness(found, scenario, contender, 'age.p50_ms')} / {_freshness(found, scenario, contender, 'age.p95_ms')} ms",
            _freshness(found, scenario, contender, "answered_fps"),
            _freshness(found, scenario, contender, "fairness", 2),
        )
        for scenario, contender in pairs
    ]
    return _table(("", "", "on screen, p50 / p95", "answers, p50 / p95", "frames/s each", "fairness"), rows)


@_block
def freshness_figure(measured: Measured, scenario: str, contender: str, figure: str, decimals: str = "0") -> str:
    """One figure of one contender in one scenario, as `age.p50_ms`."""
    return _freshness(measured["freshness"]["rows"], scenario, contender, figure, int(decimals))


def _freshness(rows: Sequence[dict[str, Any]], scenario: str, contender: str, figure: str, decimals: int = 0) -> str:
    """The median of a figure, as `age.p50_ms`, over the rows of that contender in that scenario."""
    _one(rows, scenario=scenario, contender=contender)
    found: list[Any] = [row for row in rows if (row["scenario"], row["contender"]) == (scenario, contender)]
    for name in figure.split("."):
        found = [value[name] for value in found]
    known = [value for value in found if value is not None]
    return _number(statistics.median(known) if known else None, decimals=decimals)


@_block
def course(measured: Measured, results: str) -> str:
    """How often and how long `handstream bench` measured each, as in "3 times for 4 s"."""
    options = measured[results]["options"]
    times = "once" if options["repeats"] == 1 else f"{options['repeats']} times"
    return f"{times} for {options['seconds']:g} s"


@_block
def page(measured: Measured) -> str:
    """A row for each path and output of the page in Chromium: how old what it shows is, and whose the time is."""
    rows = measured["page"]["rows"]
    parts = list(rows[0]["parts_ms"])
    return _table(
        ("", "", "capture to display, p50 / p95", "frames/s", *parts),
        [
            (
                row["scenario"],
                row["output"],
                f"{_spread(row['age_p50_ms'])} / {_spread(row['age_p95_ms'])} ms",
                _spread(row["frames_per_second"]),
                *(f"{_number(row['parts_ms'][part])} ms, {100 * row['shares'][part]:.0f} %" for part in parts),
            )
            for row in rows
        ],
    )


@_block
def page_figure(measured: Measured, scenario: str, output: str, figure: str, decimals: str = "0") -> str:
    """One figure of the page with one output in one scenario, as `age_p50_ms`."""
    return _spread(_one(measured["page"]["rows"], scenario=scenario, output=output)[figure], int(decimals))


@_block
def page_stage(measured: Measured, scenario: str, output: str, stage: str) -> str:
    """What one stage takes of the frames of middle age, with one output in one scenario."""
    return _number(_one(measured["page"]["rows"], scenario=scenario, output=output)["stages_ms"][stage])


@_block
def page_panel(measured: Measured, figure: str, decimals: str = "0") -> str:
    """One figure of what the latency panel costs, as `open_ms`."""
    return _spread(measured["page"]["panel"][figure], int(decimals))


@_block
def page_panel_rounds(measured: Measured) -> str:
    """In how many rounds that was measured."""
    return _number(measured["page"]["panel"]["rounds"])


@_block
def latency(measured: Measured, sessions: str) -> str:
    """A row for each stage with so many sessions."""
    result = _one(measured["latency"]["results"], sessions=int(sessions))
    rows = [
        (span["name"], *(_spread(span[name], 1) for name in ("p50_ms", "p95_ms", "p99_ms"))) for span in [*result["spans"], result["age"]]
    ]
    return _table(("stage", "p50 ms", "p95 ms", "p99 ms"), rows)


@_block
def latency_figure(measured: Measured, sessions: str, figure: str, percentile: str) -> str:
    """The age or the server's time with so many sessions, and which percentile."""
    return _spread(_one(measured["latency"]["results"], sessions=int(sessions))[figure][percentile], 1)


@_block
def capacity(measured: Measured) -> str:
    """A row for each contender: how many sessions it holds."""
    rows = [
        (
            row["name"],
            f"{'' if row['is_final'] and not row['is_limit'] else 'at least '}{row['sessions']}",
            _number(row["per_core"], decimals=2),
        )
        for row in measured["capacity"]["results"]
    ]
    return _table(("", "sessions held", "for each core"), rows)


@_block
def capacity_figure(measured: Measured, name: str) -> str:
    """How many sessions one contender holds."""
    return _number(_one(measured["capacity"]["results"], name=name)["sessions"])


@_block
def ablation(measured: Measured, clients: str) -> str:
    """A row for each step with so many clients."""
    rows = [
        (
            row["step"],
            f"{_spread(row['age_p50_ms'])} / {_spread(row['age_p95_ms'])} ms",
            _spread(row["frames_per_second"]),
            _number(row["down_bytes"]["median"] / 1e3, " kB", decimals=1),
            f"{_spread(row['cpu_ms'])} ms",
            f"{_spread(row['lag_p95_ms'], 1)} ms",
        )
        for row in measured["ablation"]["results"]
        if row["clients"] == int(clients)
    ]
    return _table(("", "age, p50 / p95", "frames/s each", "an answer", "processor time a frame", "event loop's lag, p95"), rows)


@_block
def ablation_figure(measured: Measured, step: str, clients: str, figure: str) -> str:
    """One figure of one step with so many clients."""
    return _spread(_one(measured["ablation"]["results"], step=step, clients=int(clients))[figure])


@_block
def soak_figure(measured: Measured, figure: str, decimals: str = "0") -> str:
    """One figure of the soak."""
    return _number(_one(measured["soak"]["results"])[figure], decimals=int(decimals))


def _one(rows: Sequence[dict[str, Any]], **wanted: object) -> dict[str, Any]:
    """The first row that has these values.

    Raises:
        ValueError: There is none; the text says what the rows have instead.
    """
    found = next((row for row in rows if all(row[name] == value for name, value in wanted.items())), None)
    if found is None:
        there = sorted({tuple(str(row[name]) for name in wanted) for row in rows})
        raise ValueError(f"no row with {wanted}; there are {there}")
    return found


def _spread(spread: dict[str, Any], decimals: int = 0) -> str:
    """The median of a figure that was measured several times."""
    return _number(spread["median"], decimals=decimals)


def _number(value: float | None, unit: str = "", *, decimals: int = 0) -> str:
    """With its unit; nothing for what was not measured."""
    return "" if value is None else f"{value:,.{decimals}f}{unit}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [columns, ["---"] * len(columns), *rows])
