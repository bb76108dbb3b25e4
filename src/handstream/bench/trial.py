"""One measurement of one server under one load: `run_trial` gives its `Trial`."""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Self

from handstream.bench.load import LoadPlan
from handstream.bench.servers import serving
from handstream.bench.spread import percentile

if TYPE_CHECKING:
    from handstream.bench.load import Load
    from handstream.bench.options import BenchOptions
    from handstream.bench.records import SessionRecord
    from handstream.bench.servers import Contender, Server, Usage

__all__ = ["Trial", "load_plan", "measure", "run_trial"]

PROBE_INTERVAL_S = 0.1
"""Ten requests a second cost a server next to nothing, and are far fewer than it takes from one address."""

PROBE_TIMEOUT_S = 5.0
RESULT_TIMEOUT_S = 30.0
"""How long after its measured time a trial may end: the sessions stop waiting for answers long before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The figures of one trial.

    Attributes:
        sessions: How many ran at once.
        seconds: How long was measured.
        records: What each session saw.
        cpu_s: The server's processor time meanwhile; None where it cannot be seen.
        after: What the server used at the end; None as well.
        lags_ms: How long the server took for the smallest request, `GET /healthz`, one after another: the lag of its event loop.
    """

    sessions: int
    seconds: float
    records: list[SessionRecord]
    cpu_s: float | None
    after: Usage | None
    lags_ms: list[float]

    @property
    def ages_ms(self) -> list[float]:
        """All ages, of all sessions."""
        return list(chain.from_iterable(record.ages_ms for record in self.records))

    @property
    def offered(self) -> int:
        """Frames that were due."""
        return sum(record.offered for record in self.records)

    @property
    def answered(self) -> int:
        """Frames that were answered."""
        return sum(record.answered for record in self.records)

    @property
    def drop_share(self) -> float:
        """The part of the frames that were dropped, 0..1."""
        return sum(record.dropped for record in self.records) / max(1, self.offered)

    @property
    def frames_per_second(self) -> float:
        """Answers a second, of one session on average."""
        return self._arrived / self.seconds / self.sessions

    @property
    def down_bytes(self) -> float:
        """Bytes of an answer."""
        return sum(record.down_bytes for record in self.records) / max(1, self.answered)

    @property
    def cpu_ms(self) -> float | None:
        """The server's processor time for an answer, both of the measured time."""
        return None if self.cpu_s is None else self.cpu_s * 1e3 / max(1, self._arrived)

    @property
    def _arrived(self) -> int:
        return sum(record.arrived for record in self.records)

    @property
    def errors(self) -> list[str]:
        """Why sessions ended early, each reason once."""
        return sorted({record.error for record in self.records if record.error})

    def age_ms(self, percent: float) -> float:
        """A percentile of the ages."""
        return percentile(self.ages_ms, percent)

    def span_ms(self, name: str, percent: float) -> float:
        """A percentile of one span, over all sessions."""
        return percentile(self.spans_ms(name), percent)

    def spans_ms(self, name: str) -> list[float]:
        """One span of every frame that was answered."""
        return list(chain.from_iterable(record.spans_ms.get(name, ()) for record in self.records))

    @property
    def span_names(self) -> list[str]:
        """The spans that were told, in their order."""
        return list(dict.fromkeys(chain.from_iterable(record.spans_ms for record in self.records)))


def run_trial(server: Server, load: Load, plan: LoadPlan, sessions: int) -> Trial:
    """Runs that many sessions against the server. Blocks for the warm-up, the measured time and a few seconds more."""
    running = load.start(plan, sessions)
    with _Probe(server) as probe:
        _sleep_until(running.window_ns)
        probe.begin()
        before = server.usage()
        _sleep_until(running.window_ns + round(plan.seconds * 1e9))
        after, lags_ms = server.usage(), probe.end()
    records = running.records(RESULT_TIMEOUT_S)
    cpu_s = after.cpu_s - before.cpu_s if before is not None and after is not None else None
    return Trial(sessions=sessions, seconds=plan.seconds, records=records, cpu_s=cpu_s, after=after, lags_ms=lags_ms)


def measure(contender: Contender, load: Load, options: BenchOptions, sessions: int) -> Trial:
    """The same with a server of its own, freshly started, unless the options name one.

    Raises:
        HandstreamError: The server does not start.
    """
    with serving(contender, options.url) as server:
        return run_trial(server, load, load_plan(contender, server, options), sessions)


def load_plan(contender: Contender, server: Server, options: BenchOptions) -> LoadPlan:
    """What the sessions of a trial do."""
    return LoadPlan(
        url=server.url,
        way=contender.way,
        token=options.token,
        settings=contender.settings,
        frames_per_second=options.frames_per_second,
        warm_up_s=options.warm_up_s,
        seconds=options.seconds,
    )


def _sleep_until(time_ns: int) -> None:
    time.sleep(max(0.0, (time_ns - time.monotonic_ns()) / 1e9))


class _Probe:
    """Asks for `/healthz` again and again, on a thread of its own and one connection."""

    def __init__(self, server: Server) -> None:
        host, port = server.host_and_port
        connection = http.client.HTTPSConnection if server.is_tls else http.client.HTTPConnection
        self._connection = connection(host, port, timeout=PROBE_TIMEOUT_S)
        self._is_over = threading.Event()
        self._lags_ms: list[float] = []
        self._thread = threading.Thread(target=self._ask, name="handstream-probe", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join(PROBE_TIMEOUT_S + 1)
        self._connection.close()

    def begin(self) -> None:
        """What was asked before does not count."""
        self._lags_ms = []

    def end(self) -> list[float]:
        """The times since the beginning, in ms. A request that is under way is waited for: the longest are those that count."""
        self._is_over.set()
        self._thread.join(PROBE_TIMEOUT_S + 1)
        return self._lags_ms

    def _ask(self) -> None:
        while not self._is_over.wait(PROBE_INTERVAL_S):
            began_ns = time.perf_counter_ns()
            try:
                self._connection.request("GET", "/healthz")
                self._connection.getresponse().read()
            except TimeoutError:
                self._connection.close()  # The next request opens another. This one counts with the time that it waited.
            except (OSError, http.client.HTTPException):
                self._connection.close()
                continue  # It was refused or cut off, which says nothing of the loop.
            self._lags_ms.append((time.perf_counter_ns() - began_ns) / 1e6)
