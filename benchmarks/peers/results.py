"""What a whole comparison measured: `Row`s in `Results`, and the rounds that fill them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.peers.run_figures import RunFigures, median_of

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.peers.contenders import BrowserPeer, ServerPeer

__all__ = ["Results", "Row", "rows_of", "run_rounds"]


@dataclass(slots=True)
class Row:
    """One contender with so many clients.

    Attributes:
        key, name: The contender's.
        clients: How many at once.
        runs: What each run gave.
        failures: Why runs gave nothing, in words.
    """

    key: str
    name: str
    clients: int
    runs: list[RunFigures] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def median(self) -> RunFigures | None:
        """The median of each figure over the runs; None if there is none."""
        return median_of(self.runs) if self.runs else None


@dataclass(frozen=True, slots=True)
class Results:
    """A comparison.

    Attributes:
        machine: What it ran on, see `handstream.bench.machine`.
        clip: The clip's name.
        frames_per_second: What each client's camera gave.
        seconds: The window of each run.
        rounds: How often each row was to be run.
        rows: In the tables' order.
    """

    machine: dict[str, str]
    clip: str
    frames_per_second: float
    seconds: float
    rounds: int
    rows: list[Row]


def rows_of(peers: Sequence[ServerPeer | BrowserPeer], clients: Sequence[int]) -> list[tuple[ServerPeer | BrowserPeer, Row]]:
    """An empty row for each contender and number of clients, all of one number together."""
    return [(peer, Row(peer.key, peer.name, count)) for count in clients for peer in peers]


def run_rounds(
    rows: Sequence[tuple[ServerPeer | BrowserPeer, Row]],
    measure: Callable[[ServerPeer | BrowserPeer, int], RunFigures],
    rounds: int,
    on_run: Callable[[Row], None],
) -> None:
    """Measures every row once, then again, so that all see the machine's good and bad minutes alike. Blocks.

    A run that fails is noted in its row and costs the others nothing. A row whose first run failed is not tried again.

    Args:
        rows: What to measure, filled in place.
        measure: Gives one run's figures, or raises HandstreamError.
        rounds: How often.
        on_run: Called before each run.
    """
    for _ in range(rounds):
        for peer, row in rows:
            on_run(row)
            if row.failures and not row.runs:
                continue
            try:
                row.runs.append(measure(peer, row.clients))
            except HandstreamError as error:
                row.failures.append(" ".join(str(error).split()))
