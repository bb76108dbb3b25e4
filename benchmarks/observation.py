"""What does it cost to watch the server? Processor time a frame with metrics and spans and without, and what one frame's bookkeeping takes.

    python -m benchmarks.observation --results benchmarks/results

The servers of one round run side by side under the same load, so that what else the machine does falls on all of them alike. They change
places from round to round.
"""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from benchmarks.sheets import Bar, Sheet, as_json, as_markdown, as_rich, bars_sheet
from rich.console import Console

from handstream.bench.load import Load, LoadPlan
from handstream.bench.machine import describe_machine
from handstream.bench.pictures import encoded_pictures
from handstream.bench.processes import ending_in_order
from handstream.bench.servers import HANDSTREAM, serving
from handstream.protocol.trace import SERVER_STAGES, Trace
from handstream.server.figures import AnsweredFrame, SessionFigures
from handstream.server.metrics import ServerMetrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from handstream.bench.servers import Server

CONTENDERS = {"without": replace(HANDSTREAM, arguments=("--no-metrics",)), "with metrics": HANDSTREAM}
SESSIONS = 2
SPANS_NS = dict(zip(SERVER_STAGES, (3_000, 80_000, 1_300_000, 6_000_000, 150_000, 1_900_000, 40_000), strict=True))
"""About what the stages of an annotated frame take."""

_CALLS, _BATCHES = 2000, 9


def main(
    *,
    rounds: Annotated[int, typer.Option(min=1, help="How often all servers are loaded, after once to warm up.")] = 6,
    seconds: Annotated[float, typer.Option(min=1, max=120, help="How long each time.")] = 6,
    results_folder: Annotated[Path | None, typer.Option("--results", help="Write observation.json and .md into this folder.")] = None,
) -> None:
    """Measures what it costs to watch the server, and judges the bars."""
    console, machine = Console(), describe_machine()
    bookkeeping_us = time_bookkeeping()
    measured = run_rounds(rounds, seconds)
    sheets = [bookkeeping_sheet(bookkeeping_us), rounds_sheet(measured), bars_sheet(bars(bookkeeping_us, measured))]
    for sheet in sheets:
        console.print(as_rich(sheet))
    if results_folder is not None:
        write_results(results_folder, machine, sheets, bookkeeping_us, measured)


def time_bookkeeping() -> dict[str, float]:
    """What each step of one frame's bookkeeping takes, in microseconds: the median of batches."""
    metrics, figures = ServerMetrics(engine="openvino", precision="f32"), SessionFigures(0)
    frame = answered_frame()
    return {
        "stamps": _median_us(_stamp),
        "record": _median_us(answered_frame),
        "session's figures": _median_us(lambda: figures.answered(frame)),
        "histograms": _median_us(lambda: metrics.answered(frame)),
    }


def answered_frame() -> AnsweredFrame:
    """A frame as the server records it."""
    return AnsweredFrame(
        session="a1b2c3d4", frame_id=7, receive_time_ns=0, spans_ns=SPANS_NS, hands=1, received_bytes=30_000, sent_bytes=22_000
    )


def _stamp() -> None:
    trace = Trace(time.monotonic_ns())
    for stage in SERVER_STAGES:
        trace.end(stage, time.monotonic_ns())


def _median_us(call: Callable[[], object]) -> float:
    batches = []
    for _ in range(_BATCHES):
        start_ns = time.perf_counter_ns()
        for _ in range(_CALLS):
            call()
        batches.append((time.perf_counter_ns() - start_ns) / _CALLS / 1e3)
    return statistics.median(batches)


def run_rounds(rounds: int, seconds: float) -> list[dict[str, float]]:
    """Processor time an answered frame in ms, of each contender, for each round."""
    pictures = encoded_pictures()
    with ExitStack() as stack:
        servers = {name: stack.enter_context(serving(contender)) for name, contender in CONTENDERS.items()}
        loads = {name: stack.enter_context(Load(pictures, SESSIONS)) for name in CONTENDERS}
        measured = []
        for number in range(rounds + 1):
            names = list(CONTENDERS) if number % 2 else list(CONTENDERS)[::-1]
            measured.append(run_round({name: (servers[name], loads[name]) for name in names}, seconds))
    return measured[1:]  # the first one warms up


def run_round(contenders: dict[str, tuple[Server, Load]], seconds: float) -> dict[str, float]:
    """Loads all of them at once. The whole time counts, connections too: each answered frame is one of it."""
    before_s = {name: _cpu_s(server) for name, (server, _) in contenders.items()}
    running = {
        name: load.start(LoadPlan(url=server.url, way="v1", settings={"output": "annotated"}, warm_up_s=0.0, seconds=seconds), SESSIONS)
        for name, (server, load) in contenders.items()
    }
    answered = {name: sum(record.answered for record in run.records(seconds + 30)) for name, run in running.items()}
    return {name: (_cpu_s(server) - before_s[name]) / answered[name] * 1e3 for name, (server, _) in contenders.items()}


def _cpu_s(server: Server) -> float:
    usage = server.usage()
    assert usage is not None
    return usage.cpu_s


def ratio(rounds: list[dict[str, float]]) -> float:
    """With over without, the median of the rounds."""
    return statistics.median(one["with metrics"] / one["without"] for one in rounds)


def bookkeeping_sheet(bookkeeping_us: dict[str, float]) -> Sheet:
    """The steps and their sum."""
    rows = [(name, f"{value:.1f}") for name, value in bookkeeping_us.items()]
    return Sheet("One frame's bookkeeping", ("step", "us"), [*rows, ("all", f"{sum(bookkeeping_us.values()):.1f}")])


def rounds_sheet(rounds: list[dict[str, float]]) -> Sheet:
    """Each round and the median."""
    rows = [
        (str(number), *(f"{one[name]:.2f}" for name in CONTENDERS), f"{one['with metrics'] / one['without']:.3f}")
        for number, one in enumerate(rounds, 1)
    ]
    medians = [f"{statistics.median(one[name] for one in rounds):.2f}" for name in CONTENDERS]
    columns = ("round", *(f"{name}, ms" for name in CONTENDERS), "ratio")
    return Sheet("Processor time an annotated frame", columns, [*rows, ("median", *medians, f"{ratio(rounds):.3f}")])


def bars(bookkeeping_us: dict[str, float], rounds: list[dict[str, float]]) -> list[Bar]:
    """What is to be reached."""
    total_us = sum(bookkeeping_us.values())
    share = total_us / 1e3 / statistics.median(one["without"] for one in rounds)
    return [
        Bar("bookkeeping, us a frame", 50, total_us),
        Bar("bookkeeping over the processor time of a frame", 0.02, share),
        Bar("processor time with metrics over without", 1.02, ratio(rounds)),
    ]


def write_results(
    folder: Path, machine: dict[str, str], sheets: list[Sheet], bookkeeping_us: dict[str, float], rounds: list[dict[str, float]]
) -> None:
    """The figures for programs, and the tables for people. The machine is as it was before."""
    folder.mkdir(parents=True, exist_ok=True)
    measured = {"machine": machine, "bookkeeping_us": bookkeeping_us, "cpu_ms_by_round": rounds}
    (folder / "observation.json").write_text(as_json(bars(bookkeeping_us, rounds), measured))
    description = "\n".join(f"- {name}: {value}" for name, value in machine.items())
    made = "Made by `python -m benchmarks.observation`; the method is in [README.md](../README.md)."
    parts = ["# What it costs to watch the server", made, description, *(as_markdown(sheet) for sheet in sheets)]
    (folder / "observation.md").write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    with ending_in_order():
        typer.run(main)
