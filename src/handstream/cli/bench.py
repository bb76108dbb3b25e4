"""`handstream bench`: what handstream does on this machine, in figures and in a page that one can show."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from handstream.bench.ablation import Ablation
from handstream.bench.capacity import Capacity, contenders
from handstream.bench.latency import Latency
from handstream.bench.options import BenchOptions
from handstream.bench.processes import ending_in_order
from handstream.bench.report import Report, check_outputs
from handstream.bench.servers import check_server
from handstream.bench.soak import Soak
from handstream.cli import bench_tables
from handstream.errors import HandstreamError
from handstream.frames import Output
from handstream.server.access import is_loopback
from handstream.vision.engines import Precision
from handstream.vision.engines.mediapipe import MEDIAPIPE_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from handstream.bench.options import Step

__all__ = ["app"]

app = typer.Typer(
    help="Measure handstream on this machine. The pictures are those of the demo clip, and the server is here unless you name another.",
    no_args_is_help=True,
)

_INTERRUPTED = 130
_SEARCH_S = 2.0
"""How long each try is with which `soak` finds out what to ask for."""

_SMALLEST_SIDE_PX, _LARGEST_SIDE_PX = 16, 3840


class _OnePrecision(StrEnum):
    """`Precision` for an option that may be given several times: typer takes lists of an Enum, not of a Literal."""

    F32 = "f32"
    AUTO = "auto"


_Url = Annotated[str | None, typer.Option(help="A server to measure, as http://127.0.0.1:8000. Without it one is started.")]
_Token = Annotated[str | None, typer.Option(envvar="HANDSTREAM_TOKEN", help="What the server at --url asks for, if it does.")]
_Size = Annotated[str, typer.Option(help="Width and height of the pictures sent, in pixels.")]
_Rate = Annotated[float, typer.Option(min=1, max=120, help="Frames a second that each session sends.")]
_OneOutput = Annotated[Output, typer.Option(help="What sessions ask for.")]
_Seconds = Annotated[float, typer.Option(min=0.5, max=120, help="How long each measurement is, after a second of warm-up.")]
_Precision = Annotated[Precision, typer.Option(help="What the networks of the server that is started compute in.")]
_Repeats = Annotated[int, typer.Option(min=1, max=21, help="How often each is made, in turns with the others.")]
_Json = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file too.")]
_Html = Annotated[Path | None, typer.Option("--html", help="Write them as one page with plots, which needs nothing else.")]
_Limit = Annotated[int, typer.Option(min=1, max=256, help="The most sessions that are tried.")]


@app.command()
def latency(
    *,
    url: _Url = None,
    token: _Token = None,
    size: _Size = "640x480",
    rate: _Rate = 30,
    output: _OneOutput = Output.ANNOTATED,
    precision: _Precision = "f32",
    seconds: _Seconds = 10,
    repeats: _Repeats = 3,
    json: _Json = None,
    html: _Html = None,
) -> None:
    """Show where the time of a frame goes, stage by stage, with one session and with four, beside what the bare kernels take."""
    check_outputs(json, html)
    if url is not None and precision != "f32":
        raise HandstreamError("A server at --url computes as it does: leave out --precision, or --url.", code="bad_option")
    options = _options(url=url, token=token, size=size, rate=rate, output=output, seconds=seconds, repeats=repeats)
    options = replace(options, precision=precision)
    bench, report = Latency(options), Report.begin("latency", options)
    is_complete = _run(bench.run, bench.measurements)
    results = bench.results()
    _finish(report.finished(results, is_complete=is_complete), bench_tables.latency_tables(results), json, html)


@app.command()
def capacity(
    *,
    url: _Url = None,
    token: _Token = None,
    size: _Size = "640x480",
    rate: _Rate = 30,
    output: Annotated[list[Output] | None, typer.Option(help="What sessions ask for; more than once for several.")] = None,
    workers: Annotated[
        list[int] | None,
        typer.Option(min=1, max=64, help="Processes of the server that is started; more than once for several. 1 unless you say."),
    ] = None,
    precision: Annotated[
        list[_OnePrecision] | None,
        typer.Option(help="What its networks compute in; more than once for several. f32 unless you say."),
    ] = None,
    limit: _Limit = 32,
    compare: Annotated[
        bool | None, typer.Option(help="Measure MediaPipe behind a plain server too; as a rule where it is installed.")
    ] = None,
    seconds: _Seconds = 4,
    repeats: _Repeats = 3,
    json: _Json = None,
    html: _Html = None,
) -> None:
    """Find how many sessions this machine holds: p95 of the age at most 33 ms, at most 1 % of the frames dropped."""
    check_outputs(json, html)
    if url is not None and (workers or precision):
        raise HandstreamError("A server at --url is as it is: leave out --workers and --precision, or --url.", code="bad_option")
    outputs = tuple(output or (Output.ANNOTATED, Output.LANDMARKS))
    options = _options(url=url, token=token, size=size, rate=rate, output=outputs[0], seconds=seconds, repeats=repeats)
    with_original = url is None and (_has_reference() if compare is None else compare)
    chosen = contenders(
        tuple(one.value for one in outputs),
        workers=tuple(workers or (1,)),
        precisions=tuple(one.value for one in precision or (_OnePrecision.F32,)),
        with_original=with_original,
    )
    bench, report = Capacity(options, chosen, limit), Report.begin("capacity", options, outputs=outputs, limit=limit)
    is_complete = _run(bench.run, None)
    results = bench.results()
    _finish(report.finished(results, is_complete=is_complete), bench_tables.capacity_tables(results), json, html)


@app.command()
def ablation(
    *,
    size: _Size = "640x480",
    rate: _Rate = 30,
    seconds: _Seconds = 4,
    repeats: _Repeats = 3,
    json: _Json = None,
    html: _Html = None,
) -> None:
    """Show what each cure brings: the original, its cures one by one and together, then handstream's steps one by one. Needs mediapipe."""
    check_outputs(json, html)
    options = _options(url=None, token=None, size=size, rate=rate, output=Output.ANNOTATED, seconds=seconds, repeats=repeats)
    bench, report = Ablation(options), Report.begin("ablation", options)
    is_complete = _run(bench.run, bench.measurements)
    rows = bench.rows()
    _finish(report.finished(rows, is_complete=is_complete), bench_tables.ablation_tables(rows), json, html)


@app.command()
def soak(
    *,
    minutes: Annotated[float, typer.Option(min=0.05, max=24 * 60, help="How long.")] = 5,
    share: Annotated[float, typer.Option(min=0.05, max=1.5, help="The part of the measured capacity that is asked of the server.")] = 0.8,
    sessions: Annotated[int | None, typer.Option(min=1, max=256, help="Ask for so many sessions, and do not measure the capacity.")] = None,
    url: _Url = None,
    token: _Token = None,
    size: _Size = "640x480",
    rate: _Rate = 30,
    output: _OneOutput = Output.ANNOTATED,
    limit: _Limit = 32,
    seconds: Annotated[float, typer.Option(min=1, max=120, help="How long a session stays before another takes its place.")] = 20,
    json: _Json = None,
    html: _Html = None,
) -> None:
    """Load a server for minutes, and see whether its memory, files, threads and latency stay as they were."""
    check_outputs(json, html)
    options = _options(url=url, token=token, size=size, rate=rate, output=output, seconds=seconds, repeats=1)
    report = Report.begin("soak", options, minutes=minutes, share=share if sessions is None else None)
    found = None
    if sessions is None:
        short = replace(options, seconds=_SEARCH_S)
        trial = Capacity(short, contenders((output.value,), with_original=False), limit)
        if not _run(trial.run, None):
            typer.echo("Ctrl-C: how many sessions the machine holds was not known yet, so nothing was measured.", err=True)
            raise typer.Exit(_INTERRUPTED)
        [found] = trial.results()
        sessions = max(1, int(found.sessions * share))
    bench = Soak(options, sessions=sessions, minutes=minutes, capacity=found)
    is_complete = _run(bench.run, bench.measurements)
    result = bench.result()
    _finish(report.finished([result], is_complete=is_complete), bench_tables.soak_tables(result), json, html)


def _has_reference() -> bool:
    """Whether the release of mediapipe is installed that the original runs."""
    try:
        return version("mediapipe") == MEDIAPIPE_VERSION
    except PackageNotFoundError:
        return False


def _options(*, url: str | None, token: str | None, size: str, rate: float, output: Output, seconds: float, repeats: int) -> BenchOptions:
    options = BenchOptions(
        url=url, token=token if url else None, size_wh=_size(size), frames_per_second=rate, output=output, seconds=seconds, repeats=repeats
    )
    if url is not None:
        check_server(url, token)
        _say_if_far(url)
    return options


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (
        width.isdecimal() and height.isdecimal() and all(_SMALLEST_SIDE_PX <= int(side) <= _LARGEST_SIDE_PX for side in (width, height))
    ):
        sides = f"each side {_SMALLEST_SIDE_PX} to {_LARGEST_SIDE_PX} pixels"
        raise HandstreamError(f"The size must be like 640x480, {sides}, not {text!r}.", code="bad_size")
    return int(width), int(height)


def _say_if_far(url: str) -> None:
    """Whoever measures another machine should know that pictures and load go there."""
    host = urlsplit(url).hostname
    assert host is not None, "it has been asked for a session"
    if not is_loopback(host):
        typer.echo(f"This sends load to {host}, which is another machine: measure only servers that are yours.", err=True)


def _run(run: Callable[[Step], None], measurements: int | None) -> bool:
    """Runs a benchmark with its progress: a bar on a terminal, a line for each measurement in a log. False if Ctrl-C ended it."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress, ending_in_order():
        task = progress.add_task("preparing", total=measurements)
        done = count()

        def step(text: str) -> None:
            progress.update(task, description=text, completed=next(done))
            if not console.is_terminal:
                typer.echo(text, err=True)

        try:
            run(step)
        except KeyboardInterrupt:
            return False
    return True


def _finish(report: Report, tables: list[RenderableType], json: Path | None, html: Path | None) -> None:
    console = Console()
    for table in tables:
        console.print(table, highlight=False)
    if json is not None:
        report.write_json(json)
    if html is not None:
        report.write_html(html)
    if not report.is_complete:
        console.print("Ctrl-C: these are the measurements until then.")
        raise typer.Exit(_INTERRUPTED)
