"""Whether a server stays as it began: `Soak` loads one for minutes and watches its memory, files, threads and latency.

It runs in segments. In each, new sessions connect, send for a while and go, as visitors do, so that what a session leaves behind shows too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handstream.bench.load import Load
from handstream.bench.pictures import encoded_pictures
from handstream.bench.servers import Contender, serving
from handstream.bench.spread import Spread, slope
from handstream.bench.trial import Trial, load_plan, run_trial

if TYPE_CHECKING:
    from handstream.bench.capacity import CapacityResult
    from handstream.bench.options import BenchOptions, Step

__all__ = ["Soak", "SoakPoint", "SoakResult"]

WARM_UP_S = 300.0
"""Allocators and caches fill for about so long: CPython keeps up to 2,000 free tuples of each size and 4,096 looked up attributes, and some
are added only each second. A soak of less than 25 minutes leaves out its first fifth."""

LEAST_TREND_S = 120.0
"""In a shorter time, a page more or less would be megabytes an hour."""

_WARM_UP_SHARE = 0.2
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakPoint:
    """One segment.

    Attributes:
        time_s: Its end, since the soak began.
        age_p50_ms, age_p95_ms: Over all its sessions.
        drop_percent: Over all its sessions.
        memory_mb: Resident, at its end; None, like the next two, where the server cannot be seen.
        files: Open file descriptors then.
        threads: The server's threads then.
        errors: Why sessions ended early.
    """

    time_s: float
    age_p50_ms: float
    age_p95_ms: float
    drop_percent: float
    memory_mb: float | None
    files: int | None
    threads: int | None
    errors: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakResult:
    """The whole soak.

    Attributes:
        capacity: What was found to hold beforehand; None where the number of sessions was given.
        sessions: How many ran at once.
        minutes: How long it ran.
        warm_up_s: What the trend leaves out.
        memory_mb_per_hour: The trend of the memory after that, by least squares; None where it cannot be seen, or after too short a time.
        first_p95_ms, last_p95_ms: The age's p95 in the first minute after the warm-up, and in the last: the median of its segments'.
        points: The segments.
    """

    capacity: CapacityResult | None
    sessions: int
    minutes: float
    warm_up_s: float
    memory_mb_per_hour: float | None
    first_p95_ms: float
    last_p95_ms: float
    points: list[SoakPoint]


class Soak:
    """The segments so far. `run` may be interrupted; `result` then tells of what was measured until then."""

    def __init__(self, options: BenchOptions, *, sessions: int, minutes: float, capacity: CapacityResult | None = None) -> None:
        self._options = options
        self._capacity = capacity
        self._sessions = sessions
        self._segments = max(1, round(minutes * _MINUTE_S / options.seconds))
        self._points: list[SoakPoint] = []

    @property
    def measurements(self) -> int:
        """How many segments there will be."""
        return self._segments

    def run(self, step: Step) -> None:
        """Runs all segments on one server. Blocks.

        Raises:
            HandstreamError: The server does not start.
        """
        options = self._options
        contender = Contender(name="handstream", settings={"output": options.output.value})
        pictures = encoded_pictures(options.size_wh)
        with serving(contender, options.url) as server, Load(pictures, self._sessions) as load:
            plan = load_plan(contender, server, options)
            for number in range(self._segments):
                step(f"segment {number + 1}, {self._sessions} {'session' if self._sessions == 1 else 'sessions'}")
                self.add(run_trial(server, load, plan, self._sessions))

    def result(self) -> SoakResult:
        """What the segments so far say."""
        length_s = len(self._points) * self._options.seconds
        warm_up_s = min(WARM_UP_S, length_s * _WARM_UP_SHARE)
        settled = [point for point in self._points if point.time_s - self._options.seconds >= warm_up_s]
        minute = max(1, round(_MINUTE_S / self._options.seconds))
        return SoakResult(
            capacity=self._capacity,
            sessions=self._sessions,
            minutes=length_s / _MINUTE_S,
            warm_up_s=warm_up_s,
            memory_mb_per_hour=_trend(settled),
            first_p95_ms=Spread.of([point.age_p95_ms for point in settled[:minute]]).median,
            last_p95_ms=Spread.of([point.age_p95_ms for point in settled[-minute:]]).median,
            points=self._points,
        )

    def add(self, trial: Trial) -> None:
        """Another segment has ended."""
        after = trial.after
        self._points.append(
            SoakPoint(
                time_s=(len(self._points) + 1) * trial.seconds,
                age_p50_ms=trial.age_ms(50),
                age_p95_ms=trial.age_ms(95),
                drop_percent=trial.drop_share * 100,
                memory_mb=None if after is None else after.memory_bytes / 1e6,
                files=None if after is None else after.files,
                threads=None if after is None else after.threads,
                errors=trial.errors,
            )
        )


def _trend(points: list[SoakPoint]) -> float | None:
    """The growth of the memory in MB/h; None if that cannot be said."""
    known = [(point.time_s, point.memory_mb) for point in points if point.memory_mb is not None]
    if not known or known[-1][0] - known[0][0] < LEAST_TREND_S:
        return None
    times_s, memory_mb = zip(*known, strict=True)
    return slope(times_s, memory_mb) * 3600
