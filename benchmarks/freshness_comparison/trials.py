"""Runs a `Trial`, one contender in one scenario: `Trials.measure` starts its server, its path and its clients."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
from benchmarks.freshness_comparison.clients import Client, Load, stream_sessions
from benchmarks.freshness_comparison.figures import ages_ms, fairness, percentiles, recovery, session_screen_ages_ms, timeline, trend
from benchmarks.freshness_comparison.pictures import pictures
from benchmarks.freshness_comparison.recording import Window
from benchmarks.freshness_comparison.results import Row
from benchmarks.freshness_comparison.watch import Watch

from handstream.bench import servers
from handstream.bench.profiles import PROFILES
from handstream.bench.relay import Relay

if TYPE_CHECKING:
    from types import TracebackType

    from benchmarks.freshness_comparison.recording import Recording

    from handstream.bench.profiles import PathProfile
    from handstream.bench.relay import RelayStatistics

__all__ = ["Contender", "Trial", "Trials"]

CLIENT_PROCESSES = 4
_CONNECT_S = 1.5
_CONNECT_EACH_S = 0.15
"""How long a session of the original takes to be let in: it makes its graph on the event loop."""

_HANDSTREAM = servers.HANDSTREAM
_ORIGINAL = replace(servers.ORIGINAL, name="original", arguments=servers.CURES)

_GRACE_S = 30.0
"""How much later than planned clients may end."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A server with a kind of client.

    Attributes:
        name: In the results.
        client: How the client sends.
        is_original: Whether the server is the original with its three cures, or handstream.
        output: What handstream is asked for.
    """

    name: str
    client: Client
    is_original: bool = False
    output: str = "annotated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One contender in one scenario.

    Attributes:
        scenario: What is tried.
        contender: Who tries it.
        sessions: At once.
        profile: The path that the clients have, by name; None is the loopback itself.
        warm_up_s: How long the cameras run before the part that is measured.
        seconds: How long that is.
        is_page_like: Whether clients encode and decode pictures as a page does (`Load`).
    """

    scenario: str
    contender: Contender
    sessions: int = 1
    profile: str | None = None
    warm_up_s: float = 2.0
    seconds: float = 8.0
    is_page_like: bool = True


class Trials:
    """The processes that the clients run in, from entry to exit. A context manager."""

    def __enter__(self) -> Self:
        self._processes = ProcessPoolExecutor(CLIENT_PROCESSES, mp_context=multiprocessing.get_context("spawn"))
        for ready in [self._processes.submit(_make_ready) for _ in range(CLIENT_PROCESSES)]:
            ready.result()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._processes.shutdown(cancel_futures=True)

    def measure(self, trial: Trial) -> Row:
        """Runs a trial with a server of its own. Blocks until its end.

        Raises:
            HandstreamError: The server did not start, or did not take the sessions.
            TimeoutError: The clients did not end in time.
        """
        with servers.serving(_ORIGINAL if trial.contender.is_original else _HANDSTREAM) as server:
            return asyncio.run(self._measure(trial, server))

    async def _measure(self, trial: Trial, server: servers.Server) -> Row:
        profile = None if trial.profile is None else PROFILES[trial.profile]
        async with AsyncExitStack() as stack:
            relay = None if profile is None else await stack.enter_async_context(Relay(*server.host_and_port, profile))
            disturbances = [] if profile is None else _disturbances(profile, time.monotonic())
            load = _load(trial, server.url if relay is None else f"ws://127.0.0.1:{relay.port}/ws/video")
            watch = await stack.enter_async_context(Watch(server, load.window))
            meter = None if relay is None else asyncio.create_task(_carried_bytes(relay, load.window))
            recordings = await self._stream(load, trial.sessions)
            carried_bytes = _message_bytes(recordings) if meter is None else await meter
        return _row(trial, _Seen(load.window, recordings, watch, disturbances, carried_bytes))

    async def _stream(self, load: Load, sessions: int) -> list[Recording]:
        """Spreads the sessions over the processes; what each saw."""
        loop = asyncio.get_running_loop()
        shares = [share for first in range(CLIENT_PROCESSES) if (share := range(first, sessions, CLIENT_PROCESSES))]
        async with asyncio.timeout(load.window.end_s - time.monotonic() + _GRACE_S):
            found = await asyncio.gather(*(loop.run_in_executor(self._processes, stream_sessions, load, share) for share in shares))
        return [recording for recordings in found for recording in recordings]


def _make_ready() -> None:
    """Loads what a client needs. It takes long enough that each process gets one of these."""
    pictures()
    time.sleep(1)


def _load(trial: Trial, url: str) -> Load:
    start_s = time.monotonic() + _CONNECT_S + _CONNECT_EACH_S * trial.sessions * trial.contender.is_original
    begin_s = start_s + trial.warm_up_s
    return Load(
        url=url,
        client=trial.contender.client,
        output=trial.contender.output,
        start_s=start_s,
        window=Window(begin_s, begin_s + trial.seconds),
        is_page_like=trial.is_page_like,
    )


def _disturbances(profile: PathProfile, start_s: float) -> list[Window]:
    """When nothing gets through a path that is there since then."""
    recurrence = profile.stalls or profile.refusals
    if recurrence is None:
        return []
    begins_s = [start_s + recurrence.every_s * count for count in range(1, 13)]
    return [Window(begin_s, begin_s + recurrence.duration_s) for begin_s in begins_s]


async def _carried_bytes(relay: Relay, window: Window) -> tuple[float, float]:
    """What the relay carries up and down in the window, everything included."""
    read: list[RelayStatistics] = []
    for moment_s in (window.begin_s, window.end_s):
        await asyncio.sleep(max(0.0, moment_s - time.monotonic()))
        read.append(relay.statistics())
    before, after = read
    return after.up.received_bytes - before.up.received_bytes, after.down.received_bytes - before.down.received_bytes


def _message_bytes(recordings: list[Recording]) -> tuple[float, float]:
    return sum(recording.up_bytes for recording in recordings), sum(recording.down_bytes for recording in recordings)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of a trial; `carried_bytes` are up and down."""

    window: Window
    recordings: list[Recording]
    watch: Watch
    disturbances: list[Window]
    carried_bytes: tuple[float, float]


def _row(trial: Trial, seen: _Seen) -> Row:
    window, recordings = seen.window, seen.recordings
    ages = [ages_ms(recording, window) for recording in recordings]
    session_seconds = trial.sessions * window.seconds
    stages = sorted({stage for recording in recordings for stage in recording.drops})
    return Row(
        scenario=trial.scenario,
        contender=trial.contender.name,
        sessions=trial.sessions,
        seconds=window.seconds,
        age=percentiles(np.concatenate(ages)),
        screen=percentiles(np.concatenate([session_screen_ages_ms(recording, window) for recording in recordings])),
        offered_fps=sum(recording.offered for recording in recordings) / session_seconds,
        answered_fps=sum(map(len, ages)) / session_seconds,
        drops={stage: sum(recording.drops.get(stage, 0) for recording in recordings) for stage in stages},
        unanswered=sum(recording.unanswered for recording in recordings),
        up_kb_per_s=seen.carried_bytes[0] / session_seconds / 1e3,
        down_kb_per_s=seen.carried_bytes[1] / session_seconds / 1e3,
        fairness=fairness(recordings, window),
        trend=trend(recordings, window),
        loop_lag_p99_ms=seen.watch.loop_lag_p99_ms,
        request_p99_ms=seen.watch.request_p99_ms,
        memory_mib=seen.watch.memory_mib,
        timeline_ms=timeline(recordings, window),
        recovery=recovery(recordings[0], window, seen.disturbances),
    )
