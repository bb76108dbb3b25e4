"""From what the trials measured to figures: ages, rates, drops, where the time went, and what the panel costs. Arithmetic alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from handstream.bench.spread import Spread, percentile
from handstream.frames import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.page_trials.plan import StreamTrial

__all__ = ["OTHERS", "Panel", "Row", "Window", "display_difference_ms", "panel", "row", "windows"]

OTHERS: Final = {
    Stage.CAPTURE: "camera",
    Stage.NETWORK_UP: "network",
    Stage.NETWORK_DOWN: "network",
    Stage.PRESENT: "screen",
}
"""Whose time a stage is, where it is not ours: all other stages are the page's own work and waits, and the server's."""

_MIDDLE_PERCENT = (40, 60)
"""Where the time goes is told of the middle fifth of the frames, by age: their stages add up to about the median age, as medians do not."""


@dataclass(frozen=True, slots=True)
class Window:
    """One part of one stream.

    Attributes:
        seconds: How long it is.
        frames: The frames of which it became known in this time what became of them, as the page saves them.
        skipped: Pictures that gave way to newer ones on the page before they were sent.
    """

    seconds: float
    frames: list[dict[str, Any]]
    skipped: int

    @property
    def shown(self) -> list[dict[str, Any]]:
        """Those that reached the screen."""
        return [frame for frame in self.frames if frame["outcome"] == "shown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One output in one scenario, over all rounds.

    Attributes:
        scenario: The path, or a part of the time on it.
        output: What the page asked the server for.
        age_p50_ms, age_p95_ms: From capture to display, by the page's own trace, for each round.
        frames_per_second: That reached the screen, for each round.
        drops: Frames that did not, by the stage where they were dropped or by what became of them; all rounds.
        parts_ms: Whose time it is that the frames of middle age take: ours, the camera's, the network's, the screen's.
        shares: The same as parts of the whole.
        stages_ms: The same by stage.
    """

    scenario: str
    output: str
    age_p50_ms: Spread
    age_p95_ms: Spread
    frames_per_second: Spread
    drops: dict[str, int]
    parts_ms: dict[str, float]
    shares: dict[str, float]
    stages_ms: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The main thread's time for each frame with the latency panel open and closed, and what it costs, for each round.

    Attributes:
        rounds: How often both were measured.
        frames_per_second: Meanwhile. The panel is drawn twice a second, so fewer frames have more of it each.
    """

    rounds: int
    open_ms: Spread
    closed_ms: Spread
    cost_ms: Spread
    frames_per_second: Spread


def windows(trial: StreamTrial, measured: dict[str, Any]) -> dict[str, Window]:
    """The parts of a stream by their scenarios."""
    found: dict[str, Window] = {}
    marks = zip(trial.marks_s, measured["skipped"], strict=True)
    for scenario, ((begin_s, skipped_before), (end_s, skipped)) in zip(trial.scenarios, pairwise(marks), strict=True):
        begin_ms, end_ms = (measured["began_ms"] + 1e3 * mark_s for mark_s in (begin_s, end_s))
        frames = [frame for frame in measured["frames"] if begin_ms <= frame["settled_ms"] < end_ms]
        found[scenario] = Window(end_s - begin_s, frames, skipped - skipped_before)
    return found


def row(scenario: str, output: str, rounds: Sequence[Window]) -> Row:
    """The figures of one output in one scenario, of its rounds."""
    ages_ms = [[_age_ms(frame) for frame in window.shown] for window in rounds]
    stages_ms = _middle_stages_ms([frame for window in rounds for frame in window.shown])
    parts_ms = dict.fromkeys(("ours", "network", "camera", "screen"), 0.0)
    for stage, span_ms in stages_ms.items():
        parts_ms[OTHERS.get(Stage(stage), "ours")] += span_ms
    whole_ms = sum(parts_ms.values())
    return Row(
        scenario=scenario,
        output=output,
        age_p50_ms=Spread.of([percentile(ages, 50) for ages in ages_ms]),
        age_p95_ms=Spread.of([percentile(ages, 95) for ages in ages_ms]),
        frames_per_second=Spread.of([len(window.shown) / window.seconds for window in rounds]),
        drops=_drops(rounds),
        parts_ms=parts_ms,
        shares={part: part_ms / whole_ms if whole_ms else 0.0 for part, part_ms in parts_ms.items()},
        stages_ms=stages_ms,
    )


def display_difference_ms(measured: dict[str, Any]) -> float:
    """By how much the stages' sum and the time from capture to display that was measured beside the page differ: the 95th percentile."""
    return percentile([abs(frame["wholeMs"] - frame["sumMs"]) for frame in measured["frames"]], 95)


def panel(measured: dict[str, Any]) -> Panel:
    """What the latency panel costs."""
    rounds: list[tuple[float, float, float]] = []
    for one in measured["rounds"]:
        opened_ms, closed_ms = (one[way]["busyMs"] / one[way]["frames"] for way in ("open", "closed"))
        rounds.append((opened_ms, closed_ms, one["open"]["frames"] / one["open"]["seconds"]))
    return Panel(
        rounds=len(rounds),
        open_ms=Spread.of([opened_ms for opened_ms, _, _ in rounds]),
        closed_ms=Spread.of([closed_ms for _, closed_ms, _ in rounds]),
        cost_ms=Spread.of([opened_ms - closed_ms for opened_ms, closed_ms, _ in rounds]),
        frames_per_second=Spread.of([rate for _, _, rate in rounds]),
    )


def _age_ms(frame: dict[str, Any]) -> float:
    age_ms: float = frame["settled_ms"] - frame["captured_ms"]
    return age_ms


def _drops(rounds: Sequence[Window]) -> dict[str, int]:
    counts = Counter({Stage.CAPTURE.value: sum(window.skipped for window in rounds)})
    for window in rounds:
        counts.update(frame["dropped_at"] or frame["outcome"] for frame in window.frames if frame["outcome"] != "shown")
    return {name: count for name, count in counts.items() if count}


def _middle_stages_ms(shown: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The mean span of each stage that ran, over the frames of middle age."""
    ages_ms = [_age_ms(frame) for frame in shown]
    least_ms, most_ms = (percentile(ages_ms, percent) for percent in _MIDDLE_PERCENT)
    middle = [frame["stages_ms"] for frame, age_ms in zip(shown, ages_ms, strict=True) if least_ms <= age_ms <= most_ms]
    stages = [stage.value for stage in Stage if any(stage in spans for spans in middle)]
    return {stage: sum(spans.get(stage, 0.0) for spans in middle) / len(middle) for stage in stages}
