"""The honest sessions that strangers are not to disturb: `LIMITED` serves them, `Honest` says how they fared."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from handstream.bench.servers import HANDSTREAM
from handstream.bench.spread import percentile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handstream.bench.records import SessionRecord

__all__ = ["HONEST", "LIMITED", "REST_S", "Honest", "yield_processors"]

LIMITED: Final = replace(HANDSTREAM, arguments=("--limited",))
"""The server with its limits as `handstream serve` has them."""

HONEST: Final = 4

REST_S: Final = 6
"""Between two trials, so that budgets fill up again, as they would be before strangers come."""


@dataclass(frozen=True, slots=True)
class Honest:
    """How they fared in one trial.

    Attributes:
        p50_ms: Median age of their answers.
        p95_ms: Its 95th percentile.
        longest_ms: The oldest answer: how long the server was silent, if it was.
        answered: Their answered frames, of those offered.
        errors: Why sessions ended early, each reason once.
    """

    p50_ms: float
    p95_ms: float
    longest_ms: float
    answered: float
    errors: tuple[str, ...]

    @classmethod
    def of(cls, records: Sequence[SessionRecord]) -> Honest:
        """From what each of them saw."""
        ages_ms = list(chain.from_iterable(record.ages_ms for record in records))
        answered = sum(record.answered for record in records) / max(1, sum(record.offered for record in records))
        errors = tuple(sorted({record.error for record in records if record.error}))
        return cls(percentile(ages_ms, 50), percentile(ages_ms, 95), max(ages_ms, default=float("nan")), answered, errors)


def yield_processors() -> None:
    """For a process of strangers: their work takes none of this machine's processors, so it takes what the server leaves."""
    os.nice(19)
