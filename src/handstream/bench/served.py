"""A handstream server in a process of its own, for a benchmark: `python -m handstream.bench.served`.

It is the server of `handstream serve`, with two things more: how the engine looks for further hands is an option, and its first line on
standard output, once it can track, is `listening on ws://127.0.0.1:PORT/ws/video`.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated

import cv2
import typer
import uvicorn

from handstream.errors import HandstreamError
from handstream.server.app import create_app
from handstream.server.run import bind, uvicorn_config
from handstream.server.settings import ServerSettings
from handstream.vision.engines import EngineName, open_engine
from handstream.vision.engines.openvino import OpenVINOEngine
from handstream.vision.tracker import HandGraph, Search

if TYPE_CHECKING:
    from handstream.server.readiness import EngineLoader
    from handstream.vision.engines import Engine, TrackerOptions

__all__: list[str] = []


class _SynchronousEngine(OpenVINOEngine):
    """The engine as it would be if it looked for further hands in every picture, as MediaPipe does."""

    def open_tracker(self, options: TrackerOptions, **_: object) -> HandGraph:
        return super().open_tracker(options, search=Search.SYNCHRONOUS)


def _open(engine: EngineName, search: Search) -> Engine:
    return _SynchronousEngine() if engine == "openvino" and search is Search.SYNCHRONOUS else open_engine(engine)


def _main(
    *,
    engine: Annotated[EngineName, typer.Option(help="What finds the hands.")] = "openvino",
    search: Annotated[Search, typer.Option(help="How the openvino engine looks for further hands.")] = Search.BACKGROUND,
) -> None:
    """Serve handstream for a benchmark until Ctrl-C."""
    cv2.setNumThreads(1)  # as the command does, see `handstream.cli.main`
    settings = ServerSettings(port=0, engine=engine, log_level="warning")

    def loaded(loader: EngineLoader) -> None:
        if loader.failure is not None:
            server.should_exit = True
            sys.stderr.write(f"{loader.failure}\n")
        else:
            print(f"listening on ws://127.0.0.1:{port}/ws/video", flush=True)  # noqa: T201 - who starts it reads it

    try:
        with bind("127.0.0.1", settings.port) as listener:
            port = listener.getsockname()[1]
            app = create_app(settings, engine=partial(_open, engine, search), on_loaded=loaded)
            server = uvicorn.Server(uvicorn_config(app, settings))
            server.run(sockets=[listener])
    except HandstreamError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    typer.run(_main)
