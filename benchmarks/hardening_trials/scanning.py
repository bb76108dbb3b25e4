"""A stranger's HTTP load generator, wrk, against a server with honest sessions: what it gets, and what it costs them, `scan`."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from benchmarks.hardening_trials.honest import HONEST, REST_S, Honest

from handstream.bench.load import LoadPlan
from handstream.bench.servers import serving
from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from handstream.bench.load import Load
    from handstream.bench.servers import Contender, Server

__all__ = ["Asked", "Scan", "scan"]

PATHS: Final = ("/", "/healthz", "/metrics", "/demo/hands.webm", "/not-there")
CONNECTIONS = 4
"""Of each path. They ask as fast as they are answered, all paths at once."""

SECONDS = 3
LEAD_S = 2
"""How long before the measured time they begin. The budget of their address, of five seconds' worth, is spent by then."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What wrk saw of one path.

    Attributes:
        path: The path.
        requests_per_second: Answers of any kind.
        refused: The part of them that were neither 2xx nor 3xx.
        broken: Connections that could not be made, or broke, or timed out.
    """

    path: str
    requests_per_second: float
    refused: float
    broken: int


@dataclass(frozen=True, slots=True)
class Scan:
    """One trial of honest sessions, quiet or with wrk beside them.

    Attributes:
        honest: How the sessions fared.
        asked: What wrk saw, by path; empty if it was quiet.
    """

    honest: Honest
    asked: list[Asked]


def scan(contender: Contender, load: Load, rounds: int) -> list[Scan]:
    """The honest sessions of that server in turns: quiet, then under wrk. Blocks for half a minute a round.

    Raises:
        HandstreamError: wrk is not there, or did not run.
    """
    if shutil.which("wrk") is None:
        raise HandstreamError("wrk is not installed (Debian and Ubuntu: apt-get install wrk).")
    with serving(contender) as server:
        scans = []
        for paths in ((), PATHS) * rounds:
            scans.append(_trial(server, load, paths))
            time.sleep(REST_S)
        return scans


def _trial(server: Server, load: Load, paths: tuple[str, ...]) -> Scan:
    running = load.start(LoadPlan(url=server.url, way="v1", warm_up_s=LEAD_S + 1, seconds=SECONDS), HONEST)
    with ExitStack() as ending:
        time.sleep(max(0.0, running.window_ns / 1e9 - LEAD_S - time.monotonic()))
        asking = []
        for path in paths:
            process = ending.enter_context(_wrk(f"http://{urlsplit(server.url).netloc}{path}"))
            ending.callback(process.kill)
            asking.append((path, process))
        records = running.records(60)
        asked = [_asked(path, process.communicate(timeout=30)[0]) for path, process in asking]
    return Scan(Honest.of(records), asked)


def _wrk(url: str) -> subprocess.Popen[str]:
    # A stranger's requests take none of this machine's processors, so these take what the server leaves.
    command = [
        "nice",
        "-n",
        "19",
        "wrk",
        "--threads",
        "1",
        "--connections",
        str(CONNECTIONS),
        "--duration",
        f"{LEAD_S + SECONDS + 1}s",
        url,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _asked(path: str, said: str) -> Asked:
    total, rate = re.search(r"(\d+) requests in", said), re.search(r"Requests/sec:\s+([\d.]+)", said)
    if total is None or rate is None:
        raise HandstreamError(f"wrk did not run: {' '.join(said.split())[-200:]}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    return Asked(
        path,
        requests_per_second=float(rate[1]),
        refused=int(refused[1]) / max(1, int(total[1])) if refused else 0.0,
        broken=sum(map(int, errors.groups())) if errors else 0,
    )
