"""A handstream server in a process of its own, for a benchmark: `python -m handstream.bench.served`.

It is the server of `handstream serve`, with two things more: how the engine looks for further hands and whom it lets in are options, and
its first line on standard output, once it can track, is `listening on ws://127.0.0.1:PORT/ws/video`.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated

from handstream.opencv import set_up_opencv

if __name__ == "__main__":
    set_up_opencv()  # as the command does, before OpenCV is imported

import typer

from handstream.errors import HandstreamError
from handstream.server.run import run
from handstream.server.settings import ServerSettings
from handstream.server.supervisor import run_supervised
from handstream.vision.engines import EngineName, Precision, open_engine
from handstream.vision.engines.openvino import OpenVINOEngine
from handstream.vision.tracker import HandGraph, Search

if TYPE_CHECKING:
    from handstream.vision.engines import Engine, TrackerOptions

__all__: list[str] = []

_NO_LIMITS = {
    "max_sessions": 1024,
    "max_sessions_by_address": 1024,
    "max_requests_per_second": 100_000,
    "max_requests_per_second_by_address": 100_000,
    "min_session_frames_per_second": 0.0,
}
"""All clients of a benchmark have one address. What the machine holds is to be found out, not what a server is told to let in."""


class _SynchronousEngine(OpenVINOEngine):
    """The engine as it would be if it looked for further hands in every picture, as MediaPipe does."""

    def open_tracker(self, options: TrackerOptions, **_: object) -> HandGraph:
        return super().open_tracker(options, search=Search.SYNCHRONOUS)


def _open(engine: EngineName, search: Search, precision: Precision) -> Engine:
    if engine == "openvino" and search is Search.SYNCHRONOUS:
        return _SynchronousEngine(precision=precision)
    return open_engine(engine, precision=precision)


def _main(
    *,
    engine: Annotated[EngineName, typer.Option(help="What finds the hands.")] = "openvino",
    search: Annotated[Search, typer.Option(help="How the openvino engine looks for further hands.")] = Search.BACKGROUND,
    precision: Annotated[Precision, typer.Option(help="What the networks compute in.")] = "f32",
    workers: Annotated[int, typer.Option(help="Processes, supervised if there is more than one; --search is for one alone.")] = 1,
    limited: Annotated[bool, typer.Option(help="Let in as many as handstream serve would, and no more.")] = False,
    metrics: Annotated[bool, typer.Option(help="Tell Prometheus how the server fares, as handstream serve does.")] = True,
) -> None:
    """Serve handstream for a benchmark until Ctrl-C."""
    settings = ServerSettings(
        host="127.0.0.1", port=0, engine=engine, precision=precision, workers=workers, metrics=metrics, log_level="warning"
    )
    if not limited:
        settings = settings.model_copy(update=_NO_LIMITS)
    urls: list[str] = []

    def announce() -> None:
        """Whoever starts this reads it."""
        print(f"listening on {urls[0].replace('http', 'ws', 1)}/ws/video", flush=True)  # noqa: T201 - the address is its output

    try:
        if workers == 1:
            run(settings, on_listening=urls.append, on_ready=announce, engine=partial(_open, engine, search, precision))
        else:
            run_supervised(settings, on_listening=urls.append, on_ready=announce)
    except HandstreamError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    typer.run(_main)
