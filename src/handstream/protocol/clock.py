"""The other side's clock and the way to it: `RemoteClock` learns the round trip and the clock offset from exchanges of four stamps.

Theory of operation
-------------------

A frame and its result make one `Exchange`, as in NTP (RFC 5905 section 8): sent at `origin_ns` and answered at `destination_ns` by our
clock, received at `receive_ns` and answered at `transmit_ns` by the other side's. Its delay, `(destination - origin) - (transmit -
receive)`, is the time on the network alone; its offset, `((receive - origin) + (transmit - destination)) / 2`, is the other clock's lead
over ours if both ways took equally long.

They never do, so more is made of the stamps than that. No message arrives before it was sent, hence each exchange *proves* that

    transmit - destination  <=  offset  <=  receive - origin

whatever the network did. The bounds of all exchanges hold at once, so they are intersected (Marzullo and Owicki, "Maintaining the time in
a distributed system", 1983, rule IM): the lower bound comes from the fastest answer, the upper from the fastest question, and they need
not be of one exchange. The estimate is the middle. Its error is half of the difference between the two fastest ways (the part of the path
that is truly asymmetric, which no exchange of stamps can see) and never more than `offset_error_bound_ns`. Jitter costs nothing: a slow
exchange has wide bounds, and the intersection stays as it was.

- *Drift.* Two crystals part by at most `MAX_DRIFT_PPM`. Older knowledge is widened by that much, so it is forgotten exactly as fast as it
  spoils, and one pair of bounds is all the memory that is needed.
- *Jumps.* An exchange that contradicts the bounds is an outlier and changes nothing. `RESYNC_AFTER` of them in a row that agree with each
  other prove that a clock has jumped (a laptop slept, a server moved): their bounds replace the old ones. Garbage does not agree with
  itself.
- *Coarse clocks.* Browsers round `performance.now()`, so a delay may come out slightly negative. All bounds are widened by
  `resolution_ns`.
- *Impossible stamps* (out of range, an answer before its question, more time spent on the other side than passed here) are refused.
- *Mapping.* `to_local` never makes an answer look earlier than the one before it: answers arrive in order, so the lower bound rises by no
  more than the time between two answers, and the middle by half of that. Only a re-sync steps back.

The round trip is smoothed as in RFC 6298 section 2, in whole nanoseconds, so that the TypeScript twin (web/src/core/clock.ts) decides bit
for bit alike (tests/vectors/clock.json). The state is a dozen integers, however long the session.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from handstream.protocol.minimum import WindowMinimum

__all__ = ["ClockStatistics", "Exchange", "RemoteClock", "Verdict"]

MAX_DRIFT_PPM = 200
"""Two clocks part by at most so much: two crystals of 100 ppm each, the loosest that computers are built with."""

RESYNC_AFTER = 3
"""So many outliers in a row that agree with each other are a clock that has jumped."""

MAX_ROUND_TRIP_NS = 60_000_000_000
"""A longer exchange says nothing about the path; the least upper bound that RFC 6298 (2.5) allows for a timeout."""

MIN_WINDOW_NS = 10_000_000_000
"""How far back the least round trip reaches, as BBR's RTprop filter (draft-cardwell-iccrg-bbr-congestion-control, 4.1.1.3)."""

_MAX_STAMP_NS = 2**64 - 1
_DRIFT_DIVISOR = 1_000_000 // MAX_DRIFT_PPM


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The four stamps of a message and its answer, in ns, named as in RFC 5905. Each pair is of one monotonic clock.

    Attributes:
        origin_ns: When we sent the message, on our clock.
        receive_ns: When the other side received it, on its clock (`receive_time_ns` of a result).
        transmit_ns: When it sent the answer, on its clock (`send_time_ns` of a result).
        destination_ns: When we received the answer, on our clock.
    """

    origin_ns: int
    receive_ns: int
    transmit_ns: int
    destination_ns: int

    @property
    def delay_ns(self) -> int:
        """The time that message and answer spent on the network together; below 0 only by the clocks' rounding."""
        return (self.destination_ns - self.origin_ns) - (self.transmit_ns - self.receive_ns)

    @property
    def is_in_range(self) -> bool:
        """Whether the stamps are ones that clocks give, in an order that time allows."""
        stamps = (self.origin_ns, self.receive_ns, self.transmit_ns, self.destination_ns)
        return (
            all(0 <= stamp <= _MAX_STAMP_NS for stamp in stamps)
            and 0 <= self.destination_ns - self.origin_ns <= MAX_ROUND_TRIP_NS
            and self.transmit_ns >= self.receive_ns
        )


class Verdict(StrEnum):
    """What became of an exchange."""

    ACCEPTED = "accepted"
    """It agrees with what was known, and may have narrowed it."""
    IMPOSSIBLE = "impossible"
    """No two clocks give such stamps. It changed nothing."""
    OUTLIER = "outlier"
    """It contradicts what was known. It changed nothing, unless more follow that agree with it."""
    RESYNCED = "resynced"
    """It was the last of several outliers that agree: a clock has jumped, and they are now what is known."""


@dataclass(frozen=True, slots=True)
class ClockStatistics:
    """How many exchanges got which verdict."""

    accepted: int
    impossible: int
    outlier: int
    resynced: int


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The offset lies in `lower_ns..upper_ns`, as far as is known at `time_ns` by our clock."""

    lower_ns: int
    upper_ns: int
    time_ns: int

    @property
    def middle_ns(self) -> int:
        return (self.lower_ns + self.upper_ns) // 2

    def joined(self, newer: _Bounds) -> _Bounds | None:
        """What both say together at the newer one's time; None if they contradict each other."""
        # Our clock may have jumped back, and nothing is known of a time before.
        drift_ns = -(-max(0, newer.time_ns - self.time_ns) // _DRIFT_DIVISOR)
        lower_ns = max(self.lower_ns - drift_ns, newer.lower_ns)
        upper_ns = min(self.upper_ns + drift_ns, newer.upper_ns)
        return _Bounds(lower_ns, upper_ns, newer.time_ns) if lower_ns <= upper_ns else None


class RemoteClock:
    """What is known of one peer's clock and of the path to it. Not thread-safe; one for each connection.

    Attributes:
        round_trip_ns: The smoothed round trip on the network (RFC 6298's SRTT); None before the first exchange.
        variation_ns: Its mean deviation (RFC 6298's RTTVAR); None before the first exchange.
    """

    __slots__ = (
        "_bounds",
        "_counts",
        "_minimum",
        "_resolution_ns",
        "_rival",
        "_rivals",
        "round_trip_ns",
        "variation_ns",
    )

    def __init__(self, *, resolution_ns: int = 1_000_000) -> None:
        """Knows nothing yet.

        Args:
            resolution_ns: The step of the coarser of the two clocks. The default suits every browser: `performance.now()` moves in steps of
                1 ms in Firefox and Safari and of 0.1 ms in Chromium. 0 suits two `time.monotonic_ns()`.

        Raises:
            ValueError: The resolution is below 0.
        """
        if resolution_ns < 0:
            raise ValueError(f"resolution_ns must be 0 or more, not {resolution_ns}")
        self._resolution_ns = resolution_ns
        self._bounds: _Bounds | None = None
        self._rival: _Bounds | None = None
        self._rivals = 0
        self._minimum = WindowMinimum(MIN_WINDOW_NS)
        self._counts = dict.fromkeys(Verdict, 0)
        self.round_trip_ns: int | None = None
        self.variation_ns: int | None = None

    def update(self, exchange: Exchange) -> Verdict:
        """Learns from one exchange. Its stamps need not be trusted: whatever they are, nothing is raised and nothing grows."""
        verdict = self._judge(exchange)
        self._counts[verdict] += 1
        if verdict in (Verdict.ACCEPTED, Verdict.RESYNCED):
            self._measure(max(0, exchange.delay_ns), exchange.destination_ns)
        return verdict

    @property
    def offset_ns(self) -> int | None:
        """The other clock's lead over ours, as of the newest accepted exchange; None before the first."""
        return None if self._bounds is None else self._bounds.middle_ns

    @property
    def offset_error_bound_ns(self) -> int | None:
        """The most that `offset_ns` can be wrong, as of the newest accepted exchange; None before the first."""
        return None if self._bounds is None else self._bounds.upper_ns - self._bounds.middle_ns

    @property
    def min_round_trip_ns(self) -> int | None:
        """The least round trip of the last 5 to 10 s: the path without its queues. None before the first exchange."""
        return None if self._minimum.value is None else int(self._minimum.value)

    def to_local(self, remote_ns: int) -> int | None:
        """That moment of the other side's clock on ours; None before the first exchange."""
        return None if self._bounds is None else remote_ns - self._bounds.middle_ns

    def ways_ns(self, exchange: Exchange) -> tuple[int, int]:
        """How long the message and its answer were on the network, each by itself: the exchange's delay, divided where the clocks say.

        The sum is exact. The division is as good as the offset: wrong by at most `offset_error_bound_ns`. Before the first exchange
        both ways count as equally long.
        """
        delay_ns, arrived_ns = max(0, exchange.delay_ns), self.to_local(exchange.receive_ns)
        if arrived_ns is None:
            return delay_ns // 2, delay_ns - delay_ns // 2
        up_ns = min(max(0, arrived_ns - exchange.origin_ns), delay_ns)
        return up_ns, delay_ns - up_ns

    def statistics(self) -> ClockStatistics:
        """The verdicts so far."""
        return ClockStatistics(**{verdict.value: count for verdict, count in self._counts.items()})

    def _judge(self, exchange: Exchange) -> Verdict:
        if not exchange.is_in_range or exchange.delay_ns < -2 * self._resolution_ns:
            return Verdict.IMPOSSIBLE
        proven = _Bounds(
            exchange.transmit_ns - exchange.destination_ns - self._resolution_ns,
            exchange.receive_ns - exchange.origin_ns + self._resolution_ns,
            exchange.destination_ns,
        )
        joined = proven if self._bounds is None else self._bounds.joined(proven)
        if joined is None:
            return self._suspect_jump(proven)
        self._bounds = joined
        self._rival = None
        return Verdict.ACCEPTED

    def _suspect_jump(self, proven: _Bounds) -> Verdict:
        joined = None if self._rival is None else self._rival.joined(proven)
        self._rival, self._rivals = (proven, 1) if joined is None else (joined, self._rivals + 1)
        if self._rivals < RESYNC_AFTER:
            return Verdict.OUTLIER
        self._bounds, self._rival = self._rival, None
        return Verdict.RESYNCED

    def _measure(self, delay_ns: int, now_ns: int) -> None:
        self._minimum.add(delay_ns, now_ns)
        if self.round_trip_ns is None or self.variation_ns is None:
            self.round_trip_ns, self.variation_ns = delay_ns, delay_ns // 2
            return
        # RFC 6298 (2.3): beta is 1/4, alpha 1/8, and the variation comes first.
        self.variation_ns += (abs(self.round_trip_ns - delay_ns) - self.variation_ns) // 4
        self.round_trip_ns += (delay_ns - self.round_trip_ns) // 8
