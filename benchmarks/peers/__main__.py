"""Compares handstream with other ways to show tracked hands of a browser's video. `python -m benchmarks.peers --help`.

The method is in benchmarks/README.md.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from benchmarks.peers.clip import prepare
from benchmarks.peers.contenders import CONTENDERS, BrowserPeer, ServerPeer
from benchmarks.peers.measurement import Course
from benchmarks.peers.report import failures, in_words, sheets, write
from benchmarks.peers.results import Results, Row, rows_of, run_rounds
from benchmarks.sheets import as_rich
from rich.console import Console
from rich.progress import Progress

from handstream.bench.machine import describe_machine
from handstream.bench.processes import ending_in_order
from handstream.errors import HandstreamError

FRAMES_PER_SECOND = 30
WARM_UP_S = 2.0
SECONDS, QUICK_SECONDS = 5.0, 3.0
ROUNDS = 3
WIDTH = 120
"""Of the tables in a file or a pipe."""


def main(
    *,
    clip: Annotated[Path | None, typer.Option(help="A video with a hand in view; the demo clip unless given.")] = None,
    clients: Annotated[
        list[int] | None, typer.Option(min=1, max=16, help="Clients at once; may be given again. 1 and 4 unless given.")
    ] = None,
    contender: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(peer.key for peer in CONTENDERS)}; may be given again.")
    ] = None,
    results_folder: Annotated[Path | None, typer.Option("--results", help="Write peers.json, .md and .png into this folder.")] = None,
    quick: Annotated[bool, typer.Option(help="One round of 3 s windows: about three minutes.")] = False,
) -> None:
    """Runs all contenders in turns, on this machine alone, and shows how old the hand on the screen is."""
    rows = rows_of(_chosen(contender), clients or [1, 4])
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    try:
        results = _compare(rows, clip, console, *((1, QUICK_SECONDS) if quick else (ROUNDS, SECONDS)))
    except HandstreamError as error:
        typer.echo(f"benchmarks.peers: {error}", err=True)
        raise typer.Exit(1) from error
    for sheet in sheets(results):
        console.print(as_rich(sheet))
    for failure in failures(results.rows):
        console.print(failure)
    if results_folder:
        write(results, results_folder)


def _chosen(keys: list[str] | None) -> list[ServerPeer | BrowserPeer]:
    """The contenders of these keys, in the tables' order; all without any."""
    unknown = set(keys or ()) - {peer.key for peer in CONTENDERS}
    if unknown:
        raise typer.BadParameter(f"there is no contender {', '.join(sorted(unknown))}; see --help")
    return [peer for peer in CONTENDERS if keys is None or peer.key in keys]


def _compare(rows: list[tuple[ServerPeer | BrowserPeer, Row]], clip: Path | None, console: Console, rounds: int, seconds: float) -> Results:
    """All runs, with a bar that shows how far they are."""
    name = clip.name if clip else "the demo clip"
    results = Results(describe_machine(), name, FRAMES_PER_SECOND, seconds, rounds, [row for _, row in rows])
    with tempfile.TemporaryDirectory() as folder, Progress(console=console, transient=True) as progress:
        scratch = Path(folder)
        course = Course(scratch / "clip.npy", FRAMES_PER_SECOND, WARM_UP_S, seconds, scratch)
        prepare(clip, course.clip)
        bar = progress.add_task("starting", total=rounds * len(rows))

        def show(row: Row) -> None:
            progress.update(bar, advance=1, description=f"{row.name}, {in_words(row.clients)}")

        run_rounds(rows, course.measure, rounds, show)
    return results


if __name__ == "__main__":
    with ending_in_order():
        typer.run(main)
