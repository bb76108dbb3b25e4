"""What the pages quote from the benchmarks' results, a function for each: `BLOCKS`. To add one, write it below `@_block`.

A block is given the results and the words of its place, and returns Markdown.
"""

from __future__ import annotations

import json
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
    "latency": "handstream bench latency --json benchmarks/results/latency.json",
    "capacity": "handstream bench capacity --json benchmarks/results/capacity.json",
    "ablation": "handstream bench ablation --json benchmarks/results/ablation.json",
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
    """What some results were measured on, as in "4 cores of an AMD EPYC"."""
    described = measured[results]["machine"]
    return f"{described['cores'].split()[0]} cores of an {described['processor']}"


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
            f"frames/s each, {many}",
            f"growth of the age, {many}",
            "processor time a frame",
            f"memory, {many}",
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
    row = next(row for row in measured["peers"]["rows"] if (row["key"], row["clients"]) == (key, int(clients)))
    return _number(row["median"][figure])


@_block
def peers_course(measured: Measured) -> str:
    """How the peers were measured, as in "3 rounds of 5 s"."""
    found = measured["peers"]
    return f"{found['rounds']} round{'s' * (found['rounds'] > 1)} of {found['seconds']:g} s"


@_block
def engines_bar(measured: Measured, name: str, decimals: str = "2") -> str:
    """What was measured for one bar of the engines' comparison."""
    return _number(_bar(measured["engines"], name)["value"], decimals=int(decimals))


@_block
def engines_ratios(measured: Measured, *names: str) -> str:
    """A row for each of these bars of the engines' comparison, with what was aimed at."""
    bars = [_bar(measured["engines"], name) for name in names]
    return _table(("at 30 frames/s", "ratio", "aimed at"), [(bar["name"], f"{bar['value']:.2f}", f"{bar['limit']:.2f}") for bar in bars])


def _bar(results: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(bar for bar in results["bars"] if bar["name"] == name)
    return found


@_block
def freshness(measured: Measured) -> str:
    """A row for each scenario and contender."""
    rows = [
        (
            row["scenario"],
            row["contender"],
            f"{_number(row['screen']['p50_ms'])} / {_number(row['screen']['p95_ms'])} ms",
            f"{_number(row['age']['p50_ms'])} / {_number(row['age']['p95_ms'])} ms",
            f"{_number(row['answered_fps'])} of {_number(row['offered_fps'])}",
            _number(row["fairness"], decimals=2),
        )
        for row in measured["freshness"]["rows"]
    ]
    return _table(("", "", "on screen p50 / p95", "answers p50 / p95", "frames/s", "fairness"), rows)


@_block
def latency(measured: Measured, sessions: str) -> str:
    """A row for each stage with so many sessions."""
    result = next(result for result in measured["latency"]["results"] if result["sessions"] == int(sessions))
    percentiles = ("p50_ms", "p95_ms", "p99_ms")
    rows = [(span["name"], *(_spread(span[percentile], 1) for percentile in percentiles)) for span in [*result["spans"], result["age"]]]
    return _table(("stage", "p50 ms", "p95 ms", "p99 ms"), rows)


@_block
def capacity(measured: Measured) -> str:
    """A row for each contender: how many sessions it holds."""
    rows = [
        (row["name"], f"{'at least ' if row['is_limit'] else ''}{row['sessions']}", _number(row["per_core"], decimals=2))
        for row in measured["capacity"]["results"]
    ]
    return _table(("", "sessions held", "for each core"), rows)


@_block
def ablation(measured: Measured, clients: str) -> str:
    """A row for each step with so many clients."""
    rows = [
        (
            row["step"],
            f"{_spread(row['age_p50_ms'])} / {_spread(row['age_p95_ms'])}",
            _spread(row["frames_per_second"]),
            _number(row["down_bytes"]["median"] / 1e3, decimals=1),
            _spread(row["cpu_ms"]),
            _spread(row["lag_p95_ms"], 1),
        )
        for row in measured["ablation"]["results"]
        if row["clients"] == int(clients)
    ]
    return _table(("", "age p50 / p95 ms", "frames/s", "kB an answer", "processor ms a frame", "event loop's lag p95 ms"), rows)


def _spread(spread: dict[str, Any], decimals: int = 0) -> str:
    """The median of a figure that was measured several times."""
    return _number(spread["median"], decimals=decimals)


def _number(value: float | None, unit: str = "", *, decimals: int = 0) -> str:
    """With its unit; nothing for what was not measured."""
    return "" if value is None else f"{value:,.{decimals}f}{unit}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [columns, ["---"] * len(columns), *rows])
