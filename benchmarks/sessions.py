"""Runs several sessions at once and shows whether each is answered steadily. `python -m benchmarks.sessions --help`.

The method is in benchmarks/README.md.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from benchmarks.machine import describe_machine
from rich.console import Console
from rich.table import Table

from handstream.client import Answered, connect
from handstream.demo import frames
from handstream.errors import HandstreamError
from handstream.vision.codec import encode_jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator

FRAMES_PER_SECOND = 30
JPEG_QUALITY = 80
"""Of the frames sent. The demo clip's are 640x480 and about 16 KB then."""

WARM_UP_S = 2
CLIP_FRAMES = 300
PHASE_FRAMES = 71
"""How far apart in the clip the sessions begin, so that they do not all show the same scene."""

START_TIMEOUT_S = 60


@dataclass(frozen=True)
class SessionFigures:
    """One session's figures after the warm-up.

    Attributes:
        offered: Frames given to the client.
        answered: Frames answered with a result.
        dropped: Frames dropped by the server.
        replaced: Frames that a newer one replaced before the client could send them.
        frames_per_second: Answers a second.
        round_trip_p50_ms, round_trip_p95_ms, round_trip_p99_ms: From departure to arrival of the answer.
        growth_ms_per_s: The slope of the round trip over the run: far above zero, something queues.
        longest_gap_ms: The longest time without an answer.
    """

    offered: int
    answered: int
    dropped: int
    replaced: int
    frames_per_second: float
    round_trip_p50_ms: float
    round_trip_p95_ms: float
    round_trip_p99_ms: float
    growth_ms_per_s: float
    longest_gap_ms: float


def main(
    *,
    sessions: Annotated[int, typer.Option(min=1, max=64, help="Sessions at once, each in a process of its own.")] = 4,
    seconds: Annotated[float, typer.Option(min=1, max=120, help="How long, after two seconds of warm-up.")] = 20,
    output: Annotated[str, typer.Option(help="annotated, landmarks or both.")] = "annotated",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file too.")] = None,
) -> None:
    """Offers 640x480 at 30 frames/s in each session over loopback, and prints each session's figures."""
    with _server() as url, multiprocessing.get_context("spawn").Pool(sessions) as pool:
        work = [(url, output, seconds, number * PHASE_FRAMES) for number in range(sessions)]
        figures = pool.starmap(_run_session, work)
    Console().print(_table(figures, f"{sessions} sessions, 640x480 at {FRAMES_PER_SECOND} frames/s, {output}, {seconds:.0f} s"))
    if json_file:
        report = {"machine": describe_machine(), "output": output, "seconds": seconds, "sessions": [asdict(row) for row in figures]}
        json_file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


@contextmanager
def _server() -> Iterator[str]:
    """A server in a process of its own on a free port, ready to track."""
    command = [sys.executable, "-m", "handstream", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield _address(process)
        finally:
            process.terminate()


def _address(process: subprocess.Popen[str]) -> str:
    """The address that the server prints, once it is ready."""
    assert process.stderr is not None
    for line in process.stderr:
        url = next((word for word in line.split() if word.startswith("http://")), None)
        if url:
            _wait_until_ready(url)
            return url
    raise HandstreamError("The server ended before it printed its address; run `handstream serve` to see why.")


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise HandstreamError(f"The server at {url} was not ready after {START_TIMEOUT_S} s.")


def _run_session(url: str, output: str, seconds: float, first: int) -> SessionFigures:
    pictures = [encode_jpeg(rgb, JPEG_QUALITY) for rgb in frames(first, first + CLIP_FRAMES)]
    return asyncio.run(_stream(url, output, seconds, pictures))


async def _stream(url: str, output: str, seconds: float, pictures: list[bytes]) -> SessionFigures:
    async with connect(url, settings={"output": output}) as session:
        answers: list[Answered] = []

        async def receive() -> None:
            async for outcome in session:
                if isinstance(outcome, Answered):
                    answers.append(outcome)  # noqa: PERF401 - the task is cancelled, and what came before must be kept

        receiving = asyncio.create_task(receive())
        began = time.monotonic()
        offered = 0
        while (elapsed := time.monotonic() - began) < WARM_UP_S + seconds:
            await session.send(pictures[offered % len(pictures)])
            offered += 1
            await asyncio.sleep(max(0.0, offered / FRAMES_PER_SECOND - elapsed))
        receiving.cancel()
        counts = session.statistics()
    measured = [answer for answer in answers if answer.sent_time_ns >= (began + WARM_UP_S) * 1e9]
    return _figures(measured, offered=offered, dropped=counts.dropped, replaced=counts.replaced, seconds=seconds)


def _figures(answers: list[Answered], *, offered: int, dropped: int, replaced: int, seconds: float) -> SessionFigures:
    if not answers:
        raise HandstreamError("A session was never answered.")
    round_trips_ms = np.array([answer.round_trip_ns for answer in answers]) / 1e6
    received_s = np.array([answer.received_time_ns for answer in answers]) / 1e9
    p50, p95, p99 = np.percentile(round_trips_ms, [50, 95, 99]).tolist()
    return SessionFigures(
        offered=offered,
        answered=len(answers),
        dropped=dropped,
        replaced=replaced,
        frames_per_second=len(answers) / seconds,
        round_trip_p50_ms=p50,
        round_trip_p95_ms=p95,
        round_trip_p99_ms=p99,
        growth_ms_per_s=float(np.polyfit(received_s - received_s[0], round_trips_ms, 1)[0]),
        longest_gap_ms=float(np.diff(received_s).max() * 1e3),
    )


def _table(figures: list[SessionFigures], title: str) -> Table:
    table = Table(title=title, padding=(0, 0))
    for heading in ("session", "frames/s", "p50 ms", "p95 ms", "p99 ms", "growth ms/s", "gap ms", "dropped", "replaced"):
        table.add_column(heading, justify="right", no_wrap=True)
    for number, row in enumerate(figures, 1):
        table.add_row(
            str(number),
            f"{row.frames_per_second:.1f}",
            f"{row.round_trip_p50_ms:.1f}",
            f"{row.round_trip_p95_ms:.1f}",
            f"{row.round_trip_p99_ms:.1f}",
            f"{row.growth_ms_per_s:+.2f}",
            f"{row.longest_gap_ms:.0f}",
            str(row.dropped),
            str(row.replaced),
        )
    return table


if __name__ == "__main__":
    typer.run(main)
