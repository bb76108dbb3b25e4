"""Where the time of a frame goes: `Latency` measures one session and four, stage by stage, and before and after each the bare kernels.

The machine's speed drifts while it is measured. One half of the kernels' time before the server's and one half after it see, on average,
the machine that the server saw.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from handstream.bench.kernels import KERNELS, KernelTimer, KernelTimes
from handstream.bench.load import Load
from handstream.bench.pictures import encoded_pictures
from handstream.bench.servers import HANDSTREAM, serving
from handstream.bench.spread import Spread, percentile, tail_percentile
from handstream.bench.trial import Trial, load_plan, run_trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handstream.bench.options import BenchOptions, Step

__all__ = ["LOADS", "SPANS", "Latency", "LatencyResult", "PercentileRow"]

LOADS = (1, 4)
"""Sessions at once."""

SPANS = ("client", "receive", "queue", "decode", "track", "annotate", "encode", "send", "network")
"""The parts of a frame's age, which add up to it: until it was given to the socket, the server's stages, and both ways of the network."""

PERCENTS = (50, 95, 99)


@dataclass(frozen=True, slots=True, kw_only=True)
class PercentileRow:
    """One span, over the repeats.

    Attributes:
        name: The span.
        p50_ms, p95_ms, p99_ms: Its percentiles; not a number where a repeat has too few frames to tell.
    """

    name: str
    p50_ms: Spread
    p95_ms: Spread
    p99_ms: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyResult:
    """What was found with one number of sessions.

    Attributes:
        sessions: The number.
        age: From when a frame was due to the arrival of its answer.
        spans: Its parts, in order.
        server: From the frame's last byte to the answer's departure.
        kernels: The bare kernels and their sum, where they were timed.
        drop_percent: Frames that were dropped.
        frames_per_second: Answers of one session.
        over_kernels_p50, over_kernels_p99: The server's time over the sum of the kernels, both at that percentile; None without kernels.
        ages_ms: The percentiles 0 to 100 of the age, over all repeats, to be drawn.
        timeline_s, timeline_ms: The ages of the last repeat's first session, in order, to be drawn.
        errors: Why sessions ended early.
    """

    sessions: int
    age: PercentileRow
    spans: list[PercentileRow]
    server: PercentileRow
    kernels: list[PercentileRow]
    drop_percent: Spread
    frames_per_second: Spread
    over_kernels_p50: Spread | None
    over_kernels_p99: Spread | None
    ages_ms: list[float]
    timeline_s: list[float]
    timeline_ms: list[float]
    errors: list[str]


class Latency:
    """The measurements so far. `run` may be interrupted; `results` then tells of what was measured until then."""

    def __init__(self, options: BenchOptions, *, loads: tuple[int, ...] = LOADS) -> None:
        self._options = options
        self._loads = loads
        self._trials: dict[int, list[Trial]] = {sessions: [] for sessions in loads}
        self._kernels: dict[int, list[KernelTimes]] = {sessions: [] for sessions in loads}

    @property
    def measurements(self) -> int:
        """How many there will be."""
        return self._options.repeats * len(self._loads)

    def run(self, step: Step) -> None:
        """Makes all measurements. Blocks.

        Raises:
            HandstreamError: The server does not start.
        """
        options = self._options
        pictures = encoded_pictures(options.size_wh)
        contender = replace(HANDSTREAM, arguments=("--precision", options.precision), settings={"output": options.output.value})
        with (
            serving(contender, options.url) as server,
            Load(pictures, max(self._loads)) as load,
            KernelTimer(pictures, options.output, options.precision) if options.url is None else nullcontext() as timer,
        ):
            plan = load_plan(contender, server, options)
            for number in range(options.repeats):
                for sessions in self._loads:
                    step(f"round {number + 1}, {sessions} {'session' if sessions == 1 else 'sessions'}")
                    before = self._kernel_times(timer, sessions)
                    trial = run_trial(server, load, plan, sessions)
                    after = self._kernel_times(timer, sessions)
                    self._kernels[sessions] += [{name: before[name] + after[name] for name in before}] if before else []
                    self._trials[sessions].append(trial)

    def _kernel_times(self, timer: KernelTimer | None, sessions: int) -> KernelTimes:
        """Those of half a measurement. A server elsewhere is on another machine as far as we know, so that none are timed then."""
        options = self._options
        return timer.run(sessions, options.frames_per_second, options.seconds / 2) if timer is not None else {}

    def results(self) -> list[LatencyResult]:
        """One for each number of sessions that was measured."""
        with_image = self._options.output.has_image
        return [_result(sessions, trials, self._kernels[sessions], with_image) for sessions, trials in self._trials.items() if trials]


def _result(sessions: int, trials: list[Trial], kernels: list[KernelTimes], with_image: bool) -> LatencyResult:  # noqa: FBT001
    sums_ms = [_sums(times, with_image=with_image) for times in kernels]
    server_ms = [trial.spans_ms("server") for trial in trials]
    ages_ms = list(chain.from_iterable(trial.ages_ms for trial in trials))
    named = [name for name in KERNELS if with_image or name != "encode"]
    return LatencyResult(
        sessions=sessions,
        age=_row("age", [trial.ages_ms for trial in trials]),
        spans=[_row(name, [trial.spans_ms(name) for trial in trials]) for name in SPANS if name in trials[0].span_names],
        server=_row("server", server_ms),
        kernels=[*(_row(name, [times[name] for times in kernels]) for name in named), _row("sum", sums_ms)] if kernels else [],
        drop_percent=Spread.of([trial.drop_share * 100 for trial in trials]),
        frames_per_second=Spread.of([trial.frames_per_second for trial in trials]),
        over_kernels_p50=_ratio(server_ms, sums_ms, 50) if kernels else None,
        over_kernels_p99=_ratio(server_ms, sums_ms, 99) if kernels else None,
        ages_ms=[percentile(ages_ms, percent) for percent in range(101)],
        timeline_s=trials[-1].records[0].due_s,
        timeline_ms=trials[-1].records[0].ages_ms,
        errors=sorted({error for trial in trials for error in trial.errors}),
    )


def _row(name: str, repeats_ms: Sequence[Sequence[float]]) -> PercentileRow:
    p50, p95, p99 = (Spread.of([tail_percentile(values, percent) for values in repeats_ms]) for percent in PERCENTS)
    return PercentileRow(name=name, p50_ms=p50, p95_ms=p95, p99_ms=p99)


def _sums(times: KernelTimes, *, with_image: bool) -> list[float]:
    """The kernels of each frame together."""
    encode_ms = times["encode"] if with_image else [0.0] * len(times["encode"])
    return [sum(spans) for spans in zip(times["decode"], times["network"], encode_ms, strict=True)]


def _ratio(server_ms: list[list[float]], sums_ms: list[list[float]], percent: float) -> Spread:
    """Each repeat's ratio: server and kernels of one repeat ran right after each other."""
    pairs = zip(server_ms, sums_ms, strict=True)
    return Spread.of([tail_percentile(server, percent) / tail_percentile(kernels, percent) for server, kernels in pairs])
