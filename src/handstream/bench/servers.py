"""The servers that a benchmark measures: `Contender` describes one, `serving` runs it in a process, `Server` says what it uses."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil

from handstream.bench.processes import family, listening
from handstream.client import connect
from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from handstream.bench.load import Way

__all__ = ["CURES", "HANDSTREAM", "ORIGINAL", "Contender", "Server", "Usage", "check_server", "serving"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A server to be measured, and how its clients talk to it.

    Attributes:
        name: What the tables call it.
        module: The Python module that serves it and prints where it listens.
        arguments: The module's arguments.
        way: How clients talk to it.
        settings: What sessions of `handstream.v1` ask for.
    """

    name: str
    module: str = "handstream.bench.served"
    arguments: tuple[str, ...] = ()
    way: Way = "v1"
    settings: Mapping[str, object] = field(default_factory=dict)


HANDSTREAM = Contender(name="handstream")

ORIGINAL = Contender(name="original, as first written", module="handstream.bench.original", way="plain")

CURES = ("--engine-call", "executor", "--model-complexity", "0", "--jpeg-quality", "50")
"""The three cures of the original: MediaPipe off the event loop, the lite model, and a smaller JPEG."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a server's processes use at one moment.

    Attributes:
        cpu_s: Processor time so far, user and system.
        memory_bytes: Resident memory.
        threads: Its threads.
        files: Open file descriptors; 0 where the system does not tell.
    """

    cpu_s: float
    memory_bytes: int
    threads: int
    files: int


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs.

    Attributes:
        url: Its WebSocket.
        pid: Its process; None for one that was started by somebody else.
    """

    url: str
    pid: int | None = None

    @property
    def is_tls(self) -> bool:
        """Whether it speaks TLS."""
        return urlsplit(self.url).scheme in ("wss", "https")

    @property
    def host_and_port(self) -> tuple[str, int]:
        """Where it listens."""
        parts = urlsplit(self.url)
        return parts.hostname or "127.0.0.1", parts.port or (443 if self.is_tls else 80)

    def usage(self) -> Usage | None:
        """What it uses now, with its child processes; None if that cannot be seen, or it is gone."""
        members = [] if self.pid is None else family(self.pid)
        cpu_s, memory_bytes, threads, files = 0.0, 0, 0, 0
        try:
            for one in members:
                times = one.cpu_times()
                cpu_s += times.user + times.system
                memory_bytes += one.memory_info().rss
                threads += one.num_threads()
                files += one.num_fds() if hasattr(one, "num_fds") else 0
        except psutil.Error:
            return None
        return Usage(cpu_s, memory_bytes, threads, files) if members else None


@contextmanager
def serving(contender: Contender, url: str | None = None) -> Iterator[Server]:
    """The contender, ready, until the end of the block: in a process of its own, or at that address, where somebody else started it.

    Raises:
        HandstreamError: It does not start; the text has its last words. Or the address is none.
    """
    if url is not None:
        yield _elsewhere(url)
        return
    command = [sys.executable, "-m", contender.module, *contender.arguments]
    with tempfile.TemporaryDirectory() as folder, listening(command, Path(folder) / "server.log", contender.name) as (address, process_id):
        yield Server(address, process_id)


def check_server(url: str, token: str | None) -> None:
    """Opens a session at that address and ends it. Blocks until then.

    Raises:
        HandstreamError: There is no server, or it refuses a session; the text says why.
    """
    try:
        asyncio.run(_greet(_elsewhere(url).url, token))
    except HandstreamError as error:
        if error.code == "token_missing":  # the server's text is for who writes a client
            raise HandstreamError(f"The server at {url} asks for a token: --token, or better HANDSTREAM_TOKEN.", code=error.code) from error
        raise


async def _greet(url: str, token: str | None) -> None:
    async with connect(url, token=token, reconnect_within_s=0):
        pass


def _elsewhere(url: str) -> Server:
    schemes = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port beyond 65535, or a bracket that is not closed
        is_address = False
    if not is_address:
        raise HandstreamError(f"The server's address must be like http://127.0.0.1:8000, not {url!r}.", code="bad_url")
    path = parts.path if parts.path.strip("/") else "/ws/video"
    return Server(parts._replace(scheme=schemes[parts.scheme], path=path).geturl())
