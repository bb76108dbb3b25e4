"""Serving: `run` binds the port, serves the application and stops it gracefully; `run_reloading` starts it anew when a file changes."""

from __future__ import annotations

import errno
import math
import os
import socket
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.supervisors import ChangeReload

import handstream
from handstream.errors import HandstreamError
from handstream.server.access import check_exposure
from handstream.server.app import create_app
from handstream.server.garbage import set_start_apart
from handstream.server.heap import give_back_large_blocks
from handstream.server.listener import Server
from handstream.server.logs import configure_logs
from handstream.server.tls import certified
from handstream.server.transport import FreshWebSocketProtocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fastapi import FastAPI

    from handstream.server.readiness import EngineLoader
    from handstream.server.settings import ServerSettings
    from handstream.vision.engines import Engine

__all__ = ["address", "bind", "prepared", "run", "run_reloading", "uvicorn_config"]


def run(
    settings: ServerSettings,
    *,
    on_listening: Callable[[str], None],
    on_ready: Callable[[], None],
    engine: Callable[[], Engine] | None = None,
) -> None:
    """Serves until the process is told to stop (SIGINT, SIGTERM). Blocks.

    Args:
        settings: The server's settings.
        on_listening: Called with the server's address once its port is bound.
        on_ready: Called once sessions are taken, on the event loop.
        engine: Opens the engine; None opens the one that the settings name.

    Raises:
        HandstreamError: The port cannot be bound, or the engine could not be loaded.
    """
    give_back_large_blocks()
    failures: list[HandstreamError] = []

    def loaded(loader: EngineLoader) -> None:
        if loader.failure is None:
            set_start_apart()
            on_ready()
        else:
            failures.append(loader.failure)
            server.should_exit = True

    with prepared(settings) as settings, bind(settings.host, settings.port) as listener:  # noqa: PLR1704 - the same, with a certificate
        server = Server(uvicorn_config(create_app(settings, engine=engine, on_loaded=loaded), settings))
        on_listening(address(listener, settings))
        with suppress(KeyboardInterrupt):  # uvicorn raises the signal again once it has stopped.
            server.run(sockets=[listener])
    if failures:
        raise failures[0]


def run_reloading(settings: ServerSettings, *, on_listening: Callable[[str], None]) -> None:
    """Serves like `run`, in a child process that is started anew whenever a file of the package changes. Blocks.

    Raises:
        HandstreamError: The port cannot be bound.
    """
    with prepared(settings) as settings, bind(settings.host, settings.port) as listener:  # noqa: PLR1704 - the same, with a certificate
        os.environ.update(settings.environment())
        config = uvicorn_config("handstream.server.app:create_app", settings, reload_dirs=[str(Path(handstream.__file__).parent)])
        on_listening(address(listener, settings))
        ChangeReload(config, target=partial(_run_reloaded, config, settings), sockets=[listener]).run()


@contextmanager
def prepared(settings: ServerSettings) -> Iterator[ServerSettings]:
    """The settings as they are served: nothing is open to strangers by oversight, and there is a certificate if there is to be one.

    Raises:
        HandstreamError: Anyone could connect from beyond this machine, or the certificate cannot be used.
    """
    check_exposure(settings)
    with certified(settings) as certified_settings:
        yield certified_settings


def uvicorn_config(app: FastAPI | str, settings: ServerSettings, *, reload_dirs: list[str] | None = None) -> uvicorn.Config:
    """How uvicorn serves the application, or the one that a factory of that name makes."""
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        reload=reload_dirs is not None,
        reload_dirs=reload_dirs,
        http="httptools",
        ws=FreshWebSocketProtocol,
        ws_max_size=settings.max_message_bytes,
        ws_per_message_deflate=False,
        proxy_headers=False,  # `server/admission.py` reads them
        server_header=False,
        ssl_certfile=settings.ssl_certfile,
        ssl_keyfile=settings.ssl_keyfile,
        timeout_graceful_shutdown=math.ceil(settings.stop_within_s / 2),  # the other half is for the frames that are processed
        log_config=None,
        access_log=settings.log_level == "debug",
        # What uvicorn says below "error" of each connection and request, the sessions and refusals say themselves, as much as can be read.
        log_level=settings.log_level if settings.log_level not in ("info", "warning") else "error",
    )


def _run_reloaded(config: uvicorn.Config, settings: ServerSettings, sockets: list[socket.socket]) -> None:
    """What the child process runs, which begins with an interpreter of its own."""
    configure_logs(settings.log_level, settings.log_format)
    Server(config).run(sockets)


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        HandstreamError: It cannot; the text says what to do.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise HandstreamError(f"The server cannot listen on {host}, port {port}: {_why(error)}", code="cannot_listen") from error


def address(listener: socket.socket, settings: ServerSettings | None = None) -> str:
    """The address at which a browser on this machine finds the server.

    Args:
        listener: The server's socket.
        settings: Whether it speaks https; None for http.
    """
    scheme = "http" if settings is None or settings.ssl_certfile is None else "https"
    host, port = listener.getsockname()[:2]
    local = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - the address is shown, not bound
    return f"{scheme}://{local.get(host, f'[{host}]' if ':' in host else host)}:{port}"


def _why(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program listens there. Stop it, or choose another port with --port; 0 takes any that is free."
    if error.errno == errno.EACCES:
        return "this user may not listen there. Ports below 1024 are for root on most systems: choose a higher one with --port."
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return "this machine has no such address. 127.0.0.1 is this machine alone, 0.0.0.0 every address that it has (--host)."
    return str(error)
