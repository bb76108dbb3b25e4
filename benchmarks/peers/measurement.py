"""Measures one contender once: `Course` says how, `Course.measure` does it. At most about 15 s more than its window."""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.peers.browser import measure_in_browser
from benchmarks.peers.contenders import BrowserPeer, ServerPeer
from benchmarks.peers.environments import python_of
from benchmarks.peers.recording import Recording
from benchmarks.peers.run_figures import RunFigures, figures_of
from benchmarks.peers.sampling import Sampler

from handstream.bench.processes import end, last_words, listening, start
from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Course"]

_APART_FRAMES = 37
"""How far apart in the clip the clients begin, so that they do not all show the same picture."""

_CLIENT_TIMEOUT_S = 15
"""For a client to start, connect and end, beyond warm-up and window."""


@dataclass(frozen=True, slots=True)
class Course:
    """What all contenders go through.

    Attributes:
        clip: The prepared pictures.
        frames_per_second: What each client's camera gives.
        warm_up_s: Before the window.
        seconds: The window.
        scratch: A folder for recordings and logs.
    """

    clip: Path
    frames_per_second: float
    warm_up_s: float
    seconds: float
    scratch: Path

    def measure(self, peer: ServerPeer | BrowserPeer, clients: int) -> RunFigures:
        """One run with all clients at once. Blocks.

        Raises:
            HandstreamError: It cannot be installed, started or finished; the text says why.
        """
        if isinstance(peer, ServerPeer):
            return self._measure_server(peer, clients)
        if clients > 1:
            raise HandstreamError("every visitor's own machine does the work: several on one machine would say nothing")
        return measure_in_browser(peer, self)

    def _measure_server(self, peer: ServerPeer, clients: int) -> RunFigures:
        client = str(python_of(peer.client_environment))
        server = [str(python_of(peer.environment)), "-m", *peer.server]
        outs = [self.scratch / f"client{number}.json" for number in range(clients)]
        with listening(server, self.scratch / "server.log", peer.name) as (url, process_id), Sampler(process_id) as sampler:
            commands = [
                [client, "-m", *peer.client, *self._client_options(url, out, number * _APART_FRAMES)] for number, out in enumerate(outs)
            ]
            self._run_clients(commands, outs)
        return figures_of([Recording.read(out) for out in outs], sampler.samples)

    def _client_options(self, url: str, out: Path, first: int) -> list[str]:
        return [
            *("--url", url, "--clip", str(self.clip), "--first", str(first), "--out", str(out)),
            *("--frames-per-second", str(self.frames_per_second), "--warm-up-s", str(self.warm_up_s), "--seconds", str(self.seconds)),
        ]

    def _run_clients(self, commands: list[list[str]], outs: list[Path]) -> None:
        for out in outs:
            out.unlink(missing_ok=True)
        running = [start(command, out.with_suffix(".log")) for command, out in zip(commands, outs, strict=True)]
        deadline_s = time.monotonic() + self.warm_up_s + self.seconds + _CLIENT_TIMEOUT_S
        try:
            for process in running:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, deadline_s - time.monotonic()))
        finally:
            for process in running:
                end(process)
        unfinished = [out for out in outs if not out.exists()]
        if unfinished:
            raise HandstreamError(
                f"{len(unfinished)} of {len(outs)} clients did not finish: {last_words(unfinished[0].with_suffix('.log'))}"
            )
