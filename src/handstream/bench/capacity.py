"""How many sessions a machine holds: `Capacity` finds it by bisection, for each contender in turns.

A number of sessions *holds* if the p95 of all their frames' ages is at most the frame interval's 33 ms, at most 1 % of the frames are
dropped and no session ends early. Each number is tried until most of `repeats` tries agree, each time on a freshly started server. The
contenders take turns, one try each, so that a slow minute of the machine is nobody's alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from handstream.bench.load import Load
from handstream.bench.pictures import encoded_pictures
from handstream.bench.servers import CURES, ORIGINAL, Contender
from handstream.bench.spread import Bisection
from handstream.bench.trial import Trial, measure
from handstream.processors import usable_cpus

if TYPE_CHECKING:
    from handstream.bench.options import BenchOptions, Step
    from handstream.vision.engines import Precision

__all__ = ["MOST_AGE_P95_MS", "MOST_DROP_PERCENT", "Capacity", "CapacityResult", "CapacityTrial", "Search", "contenders", "holds"]

MOST_AGE_P95_MS = 33.0
"""One frame of a camera: the answer to a picture is there before the next picture."""

MOST_DROP_PERCENT = 1.0

_CURED = replace(ORIGINAL, name="original with all three cures", arguments=CURES)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityTrial:
    """One try of one number of sessions.

    Attributes:
        sessions: The number.
        holds: Whether it held.
        age_p50_ms, age_p95_ms: Over all sessions.
        drop_percent: Over all sessions.
        cpu_cores: Cores that the server kept busy; None where that cannot be seen.
        errors: Why sessions ended early.
    """

    sessions: int
    holds: bool
    age_p50_ms: float
    age_p95_ms: float
    drop_percent: float
    cpu_cores: float | None
    errors: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityResult:
    """What one contender holds.

    Attributes:
        name: The contender.
        sessions: The most sessions that held; 0 if one did not.
        per_core: The same for each core of this machine.
        is_final: Whether the search came to its end.
        is_limit: Whether the limit of the search held, so that the machine may hold more.
        trials: All tries, in order.
    """

    name: str
    sessions: int
    per_core: float
    is_final: bool
    is_limit: bool
    trials: list[CapacityTrial]


def holds(trial: Trial) -> bool:
    """Whether every demand was met."""
    return not trial.errors and trial.age_ms(95) <= MOST_AGE_P95_MS and trial.drop_share * 100 <= MOST_DROP_PERCENT


def contenders(
    outputs: tuple[str, ...], *, workers: tuple[int, ...] = (1,), precisions: tuple[Precision, ...] = ("f32",), with_original: bool
) -> tuple[Contender, ...]:
    """A handstream for each of those outputs, numbers of processes and precisions, and on demand the original, which needs mediapipe."""
    ours = tuple(_handstream(output, *way) for way in product(workers, precisions) for output in outputs)
    return (*ours, _CURED) if with_original else ours


def _handstream(output: str, workers: int, precision: Precision) -> Contender:
    processes = "" if workers == 1 else f", {workers} processes"
    lowered = "" if precision == "f32" else f", precision {precision}"
    arguments = ("--workers", str(workers), "--precision", precision)
    return Contender(name=f"handstream, {output}{processes}{lowered}", arguments=arguments, settings={"output": output})


class Search:
    """The bisection of one contender, with several tries for each number."""

    def __init__(self, contender: Contender, limit: int, repeats: int) -> None:
        self.contender = contender
        self.bisection = Bisection(limit)
        self.trials: list[CapacityTrial] = []
        self._limit = limit
        self._majority = repeats // 2 + 1

    def add(self, trial: Trial) -> None:
        """Another try of the candidate."""
        verdict = holds(trial)
        self.trials.append(
            CapacityTrial(
                sessions=trial.sessions,
                holds=verdict,
                age_p50_ms=trial.age_ms(50),
                age_p95_ms=trial.age_ms(95),
                drop_percent=trial.drop_share * 100,
                cpu_cores=None if trial.cpu_s is None else trial.cpu_s / trial.seconds,
                errors=trial.errors,
            )
        )
        if sum(try_.sessions == trial.sessions and try_.holds is verdict for try_ in self.trials) >= self._majority:
            self.bisection.tell(holds=verdict)

    def result(self) -> CapacityResult:
        """What is known."""
        sessions = self.bisection.result
        return CapacityResult(
            name=self.contender.name,
            sessions=sessions,
            per_core=sessions / usable_cpus(),
            is_final=self.bisection.candidate is None,
            is_limit=sessions == self._limit,
            trials=self.trials,
        )


class Capacity:
    """The searches so far. `run` may be interrupted; `results` then tells of what was found until then."""

    def __init__(self, options: BenchOptions, chosen: tuple[Contender, ...], limit: int) -> None:
        self._options = options
        self._limit = limit
        self._searches = [Search(contender, limit, options.repeats) for contender in chosen]

    def run(self, step: Step) -> None:
        """Searches to the end. Blocks for some ten seconds a try.

        Raises:
            HandstreamError: A server does not start.
        """
        with Load(encoded_pictures(self._options.size_wh), self._limit) as load:
            while open_searches := [search for search in self._searches if search.bisection.candidate is not None]:
                for search in open_searches:
                    sessions = search.bisection.candidate
                    assert sessions is not None
                    step(f"{search.contender.name}, {sessions} {'session' if sessions == 1 else 'sessions'}")
                    search.add(measure(search.contender, load, self._options, sessions))

    def results(self) -> list[CapacityResult]:
        """One for each contender."""
        return [search.result() for search in self._searches]
