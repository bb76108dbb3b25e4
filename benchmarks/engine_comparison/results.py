"""Everything that one run of the comparison measured, as plain values: `Results`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.engine_comparison.agreement import Agreement
    from benchmarks.engine_comparison.processes import FirstResult, Memory
    from benchmarks.engine_comparison.throughput import Throughput

__all__ = ["AccuracyRow", "AgreementRow", "Results", "TimingRow"]


@dataclass(frozen=True, slots=True)
class TimingRow:
    """One contender on one scene with one set of options, at a camera's rate but for `back_to_back_p50_ms`.

    `hands_per_frame` counts all that it reported, duplicates too.
    """

    scene: str
    hands_in_view: int | None
    complexity: int
    max_hands: int
    contender: str
    frames: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    back_to_back_p50_ms: float
    cpu_frame_ms: float
    hands_per_frame: float
    duplicates: int


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """Ours against a reference on one scene."""

    scene: str
    complexity: int
    max_hands: int
    reference: str
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class AccuracyRow:
    """The mean distance to the known joints, over the palm length, on the hands that all contenders found."""

    scene: str
    complexity: int
    max_hands: int
    contender: str
    error: float


@dataclass(slots=True)
class Results:
    """One run. The rows stand in the order in which they were measured.

    Attributes:
        machine: What it ran on, see `handstream.bench.machine`.
        contenders: Their versions by name.
        overhead_ms: What ours adds around the networks, median.
        environment_mib: What the default installation takes on the disk.
    """

    machine: dict[str, str]
    contenders: dict[str, str]
    timings: list[TimingRow] = field(default_factory=list)
    agreements: list[AgreementRow] = field(default_factory=list)
    accuracy: list[AccuracyRow] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    first_results: list[FirstResult] = field(default_factory=list)
    throughput: list[Throughput] = field(default_factory=list)
    overhead_ms: float = float("nan")
    environment_mib: float = float("nan")
