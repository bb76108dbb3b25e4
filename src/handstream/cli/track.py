"""`handstream track`: finds the hands in a video, an image or a folder of images, and writes what was asked for."""

from __future__ import annotations

import signal
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path  # noqa: TC003 - typer reads the annotations when the command runs
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from handstream.files.landmarks import landmarks_sink
from handstream.files.opening import check_distinct, open_output, open_source
from handstream.files.tracking import TrackingSummary, track_source
from handstream.vision.engines import DEFAULT_ENGINE, EngineName, Precision, TrackerOptions, open_engine
from handstream.vision.tracker import Search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from rich.progress import Task

    from handstream.files import Sink, Source
    from handstream.vision.engines import Engine, Tracker

__all__ = ["track"]

_DEFAULTS = TrackerOptions()
_MAX_SKIPPED_TOLD = 10
_INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended: 128 and the number of SIGINT, as shells have it."""


def track(
    source: Annotated[Path, typer.Argument(help="A video file, an image, or a folder of images.", show_default=False)],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write the annotated video here (.mp4, .mov or .mkv; for an image an image, for a folder a folder)."
        ),
    ] = None,
    landmarks: Annotated[Path | None, typer.Option("--landmarks", "-l", help="Write one JSON object a frame here (.jsonl).")] = None,
    world_landmarks: Annotated[bool, typer.Option("--world-landmarks", help="Write world landmarks, in metres, as well.")] = False,
    max_hands: Annotated[
        int, typer.Option(min=1, envvar="HANDSTREAM_MAX_HANDS", help="The most hands reported in one picture.")
    ] = _DEFAULTS.max_hands,
    model_complexity: Annotated[
        int, typer.Option(min=0, max=1, envvar="HANDSTREAM_MODEL_COMPLEXITY", help="0 is the lite model, 1 the full one.")
    ] = _DEFAULTS.model_complexity,
    min_detection_confidence: Annotated[
        float, typer.Option(min=0, max=1, envvar="HANDSTREAM_MIN_DETECTION_CONFIDENCE", help="The least score of a palm detection, 0..1.")
    ] = _DEFAULTS.min_detection_confidence,
    min_tracking_confidence: Annotated[
        float,
        typer.Option(
            min=0, max=1, envvar="HANDSTREAM_MIN_TRACKING_CONFIDENCE", help="The least hand presence for a hand to be followed, 0..1."
        ),
    ] = _DEFAULTS.min_tracking_confidence,
    engine: Annotated[
        EngineName, typer.Option(envvar="HANDSTREAM_ENGINE", help="What finds the hands. mediapipe is the reference, an extra.")
    ] = DEFAULT_ENGINE,
    precision: Annotated[
        Precision,
        typer.Option(
            envvar="HANDSTREAM_PRECISION", help="What the networks compute in. auto takes less where the processor can and parity holds."
        ),
    ] = "f32",
    models: Annotated[
        Path | None,
        typer.Option(
            envvar="HANDSTREAM_MODELS",
            help="Folder or .task bundle that holds the models. Without it they are fetched once and kept in the cache.",
        ),
    ] = None,
) -> None:
    """Find the hands in a video, an image or a folder of images.

    Existing outputs are replaced. Ctrl-C stops early and leaves whole files of what was done until then.
    """
    console = Console(stderr=True)
    outputs = [path for path in (output, landmarks) if path is not None]
    check_distinct(source, outputs)
    with ExitStack() as stack:
        opened = open_source(source)
        stack.callback(opened.close)
        sinks = _open_sinks(stack, opened, source, output, landmarks, with_world_landmarks=world_landmarks)
        options = TrackerOptions(
            max_hands=max_hands,
            model_complexity=model_complexity,
            min_detection_confidence=min_detection_confidence,
            min_tracking_confidence=min_tracking_confidence,
            static_image_mode=opened.frame_rate is None,
        )
        opened_engine = stack.enter_context(open_engine(engine, models=models, precision=precision))
        tracker = stack.enter_context(closing(_open_tracker(opened_engine, options)))
        with _stop_on_signal() as is_stopping, _progress(console, opened) as on_frame:
            summary = track_source(opened, tracker, sinks, on_frame=on_frame, is_stopping=is_stopping)
        damaged = opened.damaged
        if not summary.frames:
            console.print("stopped before the first picture; nothing was written", highlight=False)
            # Raised inside the block, so that the sinks leave older files of those names as they are.
            raise typer.Exit(_INTERRUPTED)
    _report(console, summary, damaged, outputs)
    if summary.interrupted:
        raise typer.Exit(_INTERRUPTED)


def _open_sinks(
    stack: ExitStack, source: Source, source_path: Path, output: Path | None, landmarks: Path | None, *, with_world_landmarks: bool
) -> list[Sink]:
    """The landmarks come first: the other sink draws into the picture."""
    sinks = []
    if landmarks is not None:
        sinks.append(stack.enter_context(landmarks_sink(landmarks, with_world_landmarks=with_world_landmarks)))
    if output is not None:
        sinks.append(stack.enter_context(open_output(output, source, source_path)))
    return sinks


def _open_tracker(engine: Engine, options: TrackerOptions) -> Tracker:
    """A recording is to give the same hands in every run, so nothing is looked for beside; MediaPipe never does."""
    from handstream.vision.engines.openvino import OpenVINOEngine  # noqa: PLC0415 - other commands need not wait for the library

    if isinstance(engine, OpenVINOEngine):
        return engine.open_tracker(options, search=Search.SYNCHRONOUS)
    return engine.open_tracker(options)


@contextmanager
def _stop_on_signal() -> Iterator[Callable[[], bool]]:
    """Ctrl-C and SIGTERM ask for an end after the picture in hand, so that the files can be finished; a second one ends at once."""
    received: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _progress(console: Console, source: Source) -> Iterator[Callable[[], None]]:
    """A bar on a terminal; nothing where standard error is a file or a pipe."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("frames"), _FramesPerSecond(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=source.expected_count)
        yield lambda: progress.advance(task)


class _FramesPerSecond(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.0f} frames/s" if task.speed else "")


def _report(console: Console, summary: TrackingSummary, damaged: Sequence[str], written: list[Path]) -> None:
    for text in damaged[:_MAX_SKIPPED_TOLD]:
        console.print(f"[yellow]skipped[/] {escape(text)}", highlight=False, soft_wrap=True)
    if len(damaged) > _MAX_SKIPPED_TOLD:
        console.print(f"[yellow]skipped[/] {len(damaged) - _MAX_SKIPPED_TOLD} more", highlight=False)
    stopped = "stopped after " if summary.interrupted else ""
    rate = f"{summary.frames_per_second:.1f} frames/s"
    counts = f"{_counted(summary.frames, 'frame')}, {_counted(summary.hands, 'hand')}"
    console.print(f"{stopped}{counts}, {rate}", highlight=False, soft_wrap=True)
    for path in written:
        console.print(f"wrote {escape(str(path))}", highlight=False, soft_wrap=True)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
