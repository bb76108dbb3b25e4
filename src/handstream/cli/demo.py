"""`handstream demo`: makes the demo clip with its ground truth, and a file that plays a camera."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path  # noqa: TC003 - typer reads the annotations when it runs
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from handstream.demo import clip_path, truth
from handstream.demo.camera import write_camera_file
from handstream.demo.recording import record
from handstream.errors import HandstreamError
from handstream.vision.synthetic import DEMO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import TaskID

__all__ = ["app"]

app = typer.Typer(help="The demo clip: synthetic hands whose joints are known.", no_args_is_help=True)


@app.command()
def render(
    *,
    out: Annotated[Path, typer.Option(help="The folder to write hands.webm and hands.truth.json to; it is made if need be.")],
    workers: Annotated[int, typer.Option(min=1, help="How many processes render.")] = 3,
) -> None:
    """Render the demo clip anew, with its truth. It takes some minutes."""
    with _progress("rendering", DEMO.frame_count) as (progress, task):
        try:
            clip, truth_file = record(DEMO, out, workers=workers, on_frame=lambda: progress.advance(task))
        except OSError as error:
            raise HandstreamError(f"cannot write the demo clip to {out}: {error}; choose another folder with --out") from error
    typer.echo(f"{clip} and {truth_file}")


@app.command()
def camera(
    *,
    out: Annotated[Path, typer.Option(help="The motion JPEG file to write (.mjpeg), for Chromium's --use-file-for-fake-video-capture.")],
    clip: Annotated[Path | None, typer.Option(help="The video file to show; by default the demo clip.")] = None,
    codes: Annotated[bool, typer.Option(help="Mark each picture with its number along the bottom edge.")] = True,
    mirror: Annotated[bool, typer.Option(help="Mirror the pictures, as a selfie camera does.")] = False,
) -> None:
    """Write a file that Chromium takes for a camera, 30 pictures a second."""
    total = len(truth().frames) if clip is None else None
    with _progress("writing", total) as (progress, task):
        count = write_camera_file(out, clip or clip_path(), codes=codes, mirror=mirror, on_frame=lambda: progress.advance(task))
    typer.echo(f"{out}: {count} pictures")


@contextmanager
def _progress(description: str, total: int | None) -> Iterator[tuple[Progress, TaskID]]:
    """A progress bar on the standard error, so that the standard output holds the result alone."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield progress, progress.add_task(description, total=total)
