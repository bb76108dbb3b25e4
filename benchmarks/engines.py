"""Compares hand engines: ours, `mp.solutions` and, with a bundle, MediaPipe Tasks. `python -m benchmarks.engines --help`.

The method is in benchmarks/README.md.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import cv2
import typer
from benchmarks.engine_comparison.comparison import compare_scene, compare_stills, measure_machine_use
from benchmarks.engine_comparison.contenders import contenders
from benchmarks.engine_comparison.report import sheets, write
from benchmarks.engine_comparison.results import Results
from benchmarks.engine_comparison.scenes import golden_points, scenes, stills
from benchmarks.sheets import as_rich
from rich.console import Console
from rich.progress import Progress

from handstream.bench.machine import describe_machine

FULL_FRAMES, QUICK_FRAMES = 325, 90
"""Frames of a scene at the most; the clip with the golden file has 325."""

QUICK_SCENES = 2


def main(
    *,
    data: Annotated[Path | None, typer.Option(help="The folder of real hands, with clips/, stills/ and golden/.")] = None,
    task_bundle: Annotated[Path | None, typer.Option(help="A hand_landmarker.task; with it MediaPipe Tasks is compared too.")] = None,
    results_folder: Annotated[Path | None, typer.Option("--results", help="Write engines.json, .md and .png into this folder.")] = None,
    quick: Annotated[bool, typer.Option(help="The demo clip's first two parts and the lite model only: about a minute.")] = False,
) -> None:
    """Compares the engines in one run, taking turns, and judges the bars."""
    console = Console()
    # As `handstream.opencv` does for the command, but not by its variables: they would reach the OpenCV that MediaPipe brings too.
    cv2.setNumThreads(1)
    entrants = contenders(task_bundle)
    results = Results(describe_machine(), {entrant.name: entrant.version for entrant in entrants})
    shown = scenes(data, QUICK_FRAMES)[:QUICK_SCENES] if quick else scenes(data, FULL_FRAMES)
    with Progress(console=console, transient=True) as progress:
        for scene in progress.track(shown, description="scenes"):
            compare_scene(results, entrants, scene, golden_points(data), complexities=(0,) if quick else (0, 1))
    if not quick:
        compare_stills(results, entrants, stills(data))
    measure_machine_use(results, entrants, shown[0], quick=quick)
    for sheet in sheets(results):
        console.print(as_rich(sheet))
    if results_folder:
        write(results, results_folder)


if __name__ == "__main__":
    typer.run(main)
