"""What each cure brings: `Ablation` measures the original, its cures one by one and together, then handstream's own steps one by one.

Each measurement has a server of its own, freshly started, so that none meets what another left behind. A round measures every step at every
load once; rounds go to and fro, so that a machine that slows down meanwhile treats all alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from handstream.bench.load import Load
from handstream.bench.pictures import encoded_pictures
from handstream.bench.servers import CURES, ORIGINAL, Contender
from handstream.bench.spread import Spread, percentile
from handstream.bench.trial import Trial, measure

if TYPE_CHECKING:
    from handstream.bench.options import BenchOptions, Step

__all__ = ["STEPS", "Ablation", "AblationRow"]

_PLAIN = Contender(name="", way="plain")

STEPS = (
    ORIGINAL,
    replace(ORIGINAL, name="original, MediaPipe on a thread", arguments=("--engine-call", "executor")),
    replace(ORIGINAL, name="original, JPEG quality 50", arguments=("--jpeg-quality", "50")),
    replace(ORIGINAL, name="original, lite model", arguments=("--model-complexity", "0")),
    replace(ORIGINAL, name="original, all three cures", arguments=CURES),
    replace(ORIGINAL, name="+ bounded queue: the newest frame wins", arguments=(*CURES, "--mailbox")),
    replace(_PLAIN, name="+ handstream's server, MediaPipe's graph", arguments=("--engine", "mediapipe")),
    replace(_PLAIN, name="+ native engine, search in every picture", arguments=("--search", "synchronous")),
    replace(_PLAIN, name="+ search beside"),
    Contender(name="+ binary answers"),
    Contender(name="+ landmarks only", settings={"output": "landmarks"}),
)
"""Each step from the sixth on is the one before it and one thing more."""

LOADS = (1, 4)
"""Clients at once. One shows what a frame costs, four what becomes of it when there is more work than time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationRow:
    """One step at one load; each figure over its repeats.

    Attributes:
        step: The step's name.
        clients: How many at once.
        age_p50_ms, age_p95_ms: From when a frame was due to its answer.
        frames_per_second: Answers of one client.
        drop_percent: Frames that were dropped.
        down_bytes: Of an answer.
        cpu_ms: The server's processor time for an answer.
        lag_p95_ms: Of the server's event loop; not a number where it answered nothing at all.
        memory_mb: Of the server, resident, at the end.
        errors: Why clients ended early.
    """

    step: str
    clients: int
    age_p50_ms: Spread
    age_p95_ms: Spread
    frames_per_second: Spread
    drop_percent: Spread
    down_bytes: Spread
    cpu_ms: Spread
    lag_p95_ms: Spread
    memory_mb: Spread
    errors: list[str]


class Ablation:
    """The measurements so far. `run` may be interrupted; `rows` then tells of what was measured until then."""

    def __init__(self, options: BenchOptions, *, steps: tuple[Contender, ...] = STEPS, loads: tuple[int, ...] = LOADS) -> None:
        self._options = options
        self._steps = steps
        self._loads = loads
        self._trials: dict[tuple[str, int], list[Trial]] = {}

    @property
    def measurements(self) -> int:
        """How many there will be."""
        return self._options.repeats * len(self._steps) * len(self._loads)

    def run(self, step: Step) -> None:
        """Makes all measurements. Blocks for some ten seconds each.

        Raises:
            HandstreamError: A server does not start; without mediapipe the text says how to install it.
        """
        with Load(encoded_pictures(self._options.size_wh), max(self._loads)) as load:
            for number in range(self._options.repeats):
                for contender in self._steps if number % 2 == 0 else reversed(self._steps):
                    for clients in self._loads:
                        step(f"round {number + 1}, {contender.name}, {clients} {'client' if clients == 1 else 'clients'}")
                        self._measure(load, contender, clients)

    def rows(self) -> list[AblationRow]:
        """The figures of what was measured, in the order of the steps."""
        names = {contender.name: number for number, contender in enumerate(self._steps)}
        return [_row(*key, self._trials[key]) for key in sorted(self._trials, key=lambda key: (key[1], names[key[0]]))]

    def _measure(self, load: Load, contender: Contender, clients: int) -> None:
        trial = measure(contender, load, self._options, clients)
        self._trials.setdefault((contender.name, clients), []).append(trial)


def _row(step: str, clients: int, trials: list[Trial]) -> AblationRow:
    return AblationRow(
        step=step,
        clients=clients,
        age_p50_ms=Spread.of([trial.age_ms(50) for trial in trials]),
        age_p95_ms=Spread.of([trial.age_ms(95) for trial in trials]),
        frames_per_second=Spread.of([trial.frames_per_second for trial in trials]),
        drop_percent=Spread.of([trial.drop_share * 100 for trial in trials]),
        down_bytes=Spread.of([trial.down_bytes for trial in trials]),
        cpu_ms=Spread.of([trial.cpu_ms for trial in trials if trial.cpu_ms is not None]),
        # Of however few: the longer a loop is blocked, the fewer requests it answers in the same time.
        lag_p95_ms=Spread.of([percentile(trial.lags_ms, 95) for trial in trials]),
        memory_mb=Spread.of([trial.after.memory_bytes / 1e6 for trial in trials if trial.after is not None]),
        errors=sorted({error for trial in trials for error in trial.errors}),
    )
