"""From what clients and samples saw to the figures of one run, and from runs to medians: `figures_of` and `median_of`."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.screen import screen_ages_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.peers.recording import Recording
    from benchmarks.peers.sampling import Sample
    from numpy.typing import NDArray

__all__ = ["RunFigures", "figures_of", "median_of"]

_TREND_FRAMES = 10
"""Fewer show no trend."""


@dataclass(frozen=True, slots=True)
class RunFigures:
    """One run. Ages are pooled over its clients, rates are for each of them. What cannot be known is NaN.

    Attributes:
        screen_age_p50_ms, screen_age_p95_ms: The age of the picture on the screen, at any moment of the window.
        age_p50_ms, age_p95_ms: The age of returned frames, from capture until their pixels are there.
        growth_ms_per_s: The slope of the age over the window: far above zero, frames queue.
        captured_per_second: Frames that a client captured.
        frames_per_second: Different frames that came back to a client.
        cpu_frame_ms: Processor time of the tracking processes for each returned frame.
        resident_mib: Their memory at the end of the window.
        client_cores: Cores that all clients together took.
        other_cores: Cores that neither server nor clients took, but other processes.
        stolen_cores: Cores that other virtual machines took.
        unreadable: Returned pictures whose number could not be read.
    """

    screen_age_p50_ms: float
    screen_age_p95_ms: float
    age_p50_ms: float
    age_p95_ms: float
    growth_ms_per_s: float
    captured_per_second: float
    frames_per_second: float
    cpu_frame_ms: float
    resident_mib: float
    client_cores: float
    other_cores: float
    stolen_cores: float
    unreadable: float


def figures_of(recordings: Sequence[Recording], samples: Sequence[Sample]) -> RunFigures:
    """The figures of one run: a recording of each client, and samples of the tracking processes throughout."""
    returned = [_returned(recording) for recording in recordings]
    inside = [_inside(frames, recording) for frames, recording in zip(returned, recordings, strict=True)]
    ages_ms = np.concatenate([_ages_ms(frames) for frames in inside])
    screen_ms = np.concatenate(
        [
            screen_ages_ms(frames[:, 1], frames[:, 2], recording.begin_s, recording.end_s)
            for frames, recording in zip(returned, recordings, strict=True)
        ]
    )  # fmt: skip
    begin_s = statistics.fmean(recording.begin_s for recording in recordings)
    end_s = statistics.fmean(recording.end_s for recording in recordings)
    client_s, span_s = sum(recording.cpu_s for recording in recordings), end_s - begin_s
    cpu_s = _during(samples, "cpu_s", begin_s, end_s)
    client_seconds = sum(recording.end_s - recording.begin_s for recording in recordings)
    return RunFigures(
        screen_age_p50_ms=_percentile(screen_ms, 50),
        screen_age_p95_ms=_percentile(screen_ms, 95),
        age_p50_ms=_percentile(ages_ms, 50),
        age_p95_ms=_percentile(ages_ms, 95),
        growth_ms_per_s=_mean([_trend_ms_per_s(frames) for frames in inside]),
        captured_per_second=sum(_captured(recording) for recording in recordings) / client_seconds,
        frames_per_second=sum(len(np.unique(frames[:, 0])) for frames in inside) / client_seconds,
        cpu_frame_ms=cpu_s * 1e3 / len(ages_ms) if len(ages_ms) else float("nan"),
        resident_mib=float(np.interp(end_s, [sample.at_s for sample in samples], [sample.resident_mib for sample in samples])),
        client_cores=client_s / span_s,
        other_cores=(_during(samples, "machine_cpu_s", begin_s, end_s) - cpu_s - client_s) / span_s,
        stolen_cores=_during(samples, "stolen_s", begin_s, end_s) / span_s,
        unreadable=sum(recording.unreadable for recording in recordings),
    )


def median_of(runs: Sequence[RunFigures]) -> RunFigures:
    """The median of each figure over the runs that have it."""
    return RunFigures(**{field.name: _median([getattr(run, field.name) for run in runs]) for field in fields(RunFigures)})


def _returned(recording: Recording) -> NDArray[np.float64]:
    """`(n, 3)`: number, captured at, came back at."""
    captured = dict(recording.captured)
    return np.array([(number, captured[number], at_s) for number, at_s in recording.returned], np.float64).reshape(-1, 3)


def _inside(frames: NDArray[np.float64], recording: Recording) -> NDArray[np.float64]:
    return frames[(frames[:, 2] >= recording.begin_s) & (frames[:, 2] < recording.end_s)]


def _captured(recording: Recording) -> int:
    return sum(recording.begin_s <= at_s < recording.end_s for _, at_s in recording.captured)


def _ages_ms(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((frames[:, 2] - frames[:, 1]) * 1e3, np.float64)


def _trend_ms_per_s(frames: NDArray[np.float64]) -> float:
    if len(frames) < _TREND_FRAMES:
        return float("nan")
    return float(np.polyfit(frames[:, 2] - frames[0, 2], _ages_ms(frames), 1)[0])


def _during(samples: Sequence[Sample], total: str, begin_s: float, end_s: float) -> float:
    """By how much a total grew from one moment to another."""
    values = np.interp([begin_s, end_s], [sample.at_s for sample in samples], [getattr(sample, total) for sample in samples])
    return float(values[1] - values[0])


def _percentile(values: NDArray[np.float64], percent: float) -> float:
    return float(np.percentile(values, percent)) if len(values) else float("nan")


def _known(values: Sequence[float]) -> list[float]:
    return [value for value in values if not np.isnan(value)]


def _mean(values: Sequence[float]) -> float:
    known = _known(values)
    return statistics.fmean(known) if known else float("nan")


def _median(values: Sequence[float]) -> float:
    known = _known(values)
    return statistics.median(known) if known else float("nan")
