"""Everything that one run of the benchmark measured, as plain values: `Results`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.freshness_comparison.figures import Percentiles, Recovery

__all__ = ["Results", "Row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One contender in one scenario, over the part that is measured.

    Attributes:
        scenario: What was tried.
        contender: Who tried it.
        sessions: At once.
        seconds: How long.
        age: Of the answered pictures when their answers came.
        screen: Of the newest answered picture, at any moment.
        offered_fps: Pictures a second that a session's camera gave, on average.
        answered_fps: Pictures a second that were answered in a session, on average.
        drops: Pictures that were not answered, by stage, all sessions.
        unanswered: Pictures on their way at the end, all sessions.
        up_kb_per_s: Sent in a session, on average, in kB/s.
        down_kb_per_s: Received in a session, on average, in kB/s.
        fairness: The least answers of a session over the most.
        trend: The median age in the last quarter over that in the first.
        loop_lag_p99_ms: By how much the server's event loop is late, as the server itself measures it.
        request_p99_ms: The time that a small HTTP request to the server takes meanwhile.
        memory_mib: The server's memory over time, pairs of s and MiB.
        timeline_ms: The age on screen over time, pairs of s and ms.
        recovery: How the age came back after a disturbance, if there was one.
    """

    scenario: str
    contender: str
    sessions: int
    seconds: float
    age: Percentiles
    screen: Percentiles
    offered_fps: float
    answered_fps: float
    drops: dict[str, int]
    unanswered: int
    up_kb_per_s: float
    down_kb_per_s: float
    fairness: float
    trend: float
    loop_lag_p99_ms: float
    request_p99_ms: float
    memory_mib: list[tuple[float, float]]
    timeline_ms: list[tuple[float, float]]
    recovery: Recovery | None


@dataclass(slots=True)
class Results:
    """One run of the benchmark. The rows stand in the order in which they were measured.

    Attributes:
        machine: What it ran on, see `handstream.bench.machine`.
        capacity_fps: What handstream answers on this machine at the most, all sessions together, in frames a second.
        rows: What was measured.
        failures: What could not be, and why.
    """

    machine: dict[str, str]
    capacity_fps: float = float("nan")
    rows: list[Row] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def of(self, scenario: str, contender: str) -> Iterator[Row]:
        """The rows of that contender in that scenario."""
        return (row for row in self.rows if (row.scenario, row.contender) == (scenario, contender))
