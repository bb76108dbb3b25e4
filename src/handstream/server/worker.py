"""One of several processes that serve: `serve_reporting` runs the application on the common socket and tells the supervisor how it is.

What the settings limit in all is shared out: each process keeps to its share (`share_of`) and knows nothing of what the others let in, so
together they never let in more. As the process with the fewest connections accepts first (`server/listener.py`), the shares fill up alike.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from handstream.errors import HandstreamError
from handstream.processors import usable_cpus
from handstream.server.app import create_app
from handstream.server.garbage import set_start_apart
from handstream.server.heap import give_back_large_blocks
from handstream.server.listener import Server
from handstream.server.logs import configure_logs
from handstream.server.run import uvicorn_config
from handstream.vision.engines import open_engine

if TYPE_CHECKING:
    import socket
    from multiprocessing.connection import Connection

    from fastapi import FastAPI

    from handstream.server.neighbours import Neighbours
    from handstream.server.readiness import EngineLoader
    from handstream.server.settings import ServerSettings

__all__ = ["Report", "check_shares", "serve_reporting", "share_of"]

_REPORT_INTERVAL_S = 0.25

_NEEDED = ("max_sessions", "max_sessions_by_address", "max_waiting_connections")
"""Counts of which a process without any would serve nobody."""

_COUNTS = (*_NEEDED, "max_parked_sessions")

_RATES = ("max_requests_per_second", "max_requests_per_second_by_address")


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker tells its supervisor.

    Attributes:
        is_ready: Whether it takes sessions.
        failure: Why its engine could not be loaded; None if it was, or is being.
        problem: What is stuck, as its watchdog says; None if nothing is.
    """

    is_ready: bool
    failure: str | None
    problem: str | None


def check_shares(settings: ServerSettings) -> None:
    """Whether every process gets a share of what is shared out.

    Raises:
        HandstreamError: One would serve nobody.
    """
    for name in _NEEDED:
        if getattr(settings, name) < settings.workers:
            option, count = f"--{name.replace('_', '-')}", settings.workers
            raise HandstreamError(
                f"{option} {getattr(settings, name)} cannot be shared out among {count} processes, as each needs one at the least."
                f" Set it to {count} or more, or take fewer --workers.",
                code="bad_option",
            )


def share_of(settings: ServerSettings, index: int) -> ServerSettings:
    """What the process with that number, from 0, keeps to, so that all of them together keep to the settings."""
    counts = {name: (getattr(settings, name) + settings.workers - 1 - index) // settings.workers for name in _COUNTS}
    rates = {name: getattr(settings, name) / settings.workers for name in _RATES}
    threads = settings.threads or max(1, usable_cpus() // settings.workers)
    return settings.model_copy(update={**counts, **rates, "threads": threads})


def serve_reporting(settings: ServerSettings, listener: socket.socket, neighbours: Neighbours, reports: Connection) -> None:
    """What a worker's process runs from its beginning to its end. Blocks until it is told to stop.

    Args:
        settings: The server's settings.
        listener: The socket to accept from, which other processes accept from too.
        neighbours: Those other processes.
        reports: Where each `Report` is sent. Once nobody reads them, the supervisor is gone, and this process stops as well.
    """
    configure_logs(settings.log_level, settings.log_format)
    give_back_large_blocks()
    share = share_of(settings, neighbours.index)
    engine = partial(
        open_engine, share.engine, threads=share.threads, at_once=share.threads, models=share.models, precision=share.precision
    )
    reporter = _Reporter(reports)

    def loaded(loader: EngineLoader) -> None:
        if loader.failure is not None:
            server.should_exit = True
        else:
            set_start_apart()
        reporter.loaded(loader)

    app = create_app(share, engine=engine, on_loaded=loaded, neighbours=neighbours)
    server = Server(uvicorn_config(app, share))
    threading.Thread(target=reporter.run, args=(app,), name="handstream-reporter", daemon=True).start()
    with suppress(KeyboardInterrupt):  # uvicorn raises the signal again once it has stopped.
        server.run(sockets=[listener])


class _Reporter:
    """Reports from a thread of its own, so that it also does while the event loop is blocked."""

    def __init__(self, reports: Connection) -> None:
        self._reports = reports
        self._sending = threading.Lock()
        self._loader: EngineLoader | None = None

    def loaded(self, loader: EngineLoader) -> None:
        """The engine is loaded, or could not be. Reports it at once: the process may end."""
        self._loader = loader
        self._send(None)

    def run(self, app: FastAPI) -> None:
        """Reports until the process ends, or nobody reads the reports."""
        while self._send(app.state.watchdog.problem() if hasattr(app.state, "watchdog") else None):
            time.sleep(_REPORT_INTERVAL_S)
        os.kill(os.getpid(), signal.SIGTERM)

    def _send(self, problem: str | None) -> bool:
        failure = self._loader.failure if self._loader is not None else None
        report = Report(self._loader is not None and failure is None, None if failure is None else str(failure), problem)
        try:
            with self._sending:
                self._reports.send(report)
        except OSError:
            return False
        return True
