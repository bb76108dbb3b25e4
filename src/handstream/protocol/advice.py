"""What rate each session is told to send when there is more work than the machine can carry: `Advisor`.

Theory of operation
-------------------

Frames beyond the capacity are dropped whatever anyone is told, and fairly, since sessions take turns (`executor.py`). Advice saves what it
costs to encode, send and receive them, and evens out the times between those that are processed.

Once a second each session's rate is measured from the frames it sent, from the first whole second of its sending on. The machine is
*busy* when together they are nearly what it carries, or one sends more than one session can have. (Nearly: sessions that wait for answers
never send more than is carried.) Then the level is found at which sessions that send more are capped so that all fit (max-min fairness, as
in Bertsekas and Gallager, "Data Networks", 1992, 6.5.2): modest ones keep what they send, the others get alike. A little headroom keeps
the queue empty.

All who are told anything are told the same rate, anew when it has changed by a good part, so that nothing swings. The capacity is measured
from a second's frames or less, and scatters by as much from one second to the next; so while anyone is told anything, it counts as the
average of some seconds. Who comes while the machine is busy is told at once, before it is known what it would send.

*Phase.* Sessions that send equally often always meet the same others: those whose frames come together once come together every time, and
wait for each other, while the threads idle a moment later. Random phases are no cure, since among many some always meet. So each is also
told when to begin. Their turns in the interval, which is the same for all, are apart by the golden ratio, which spreads any number of them
evenly, those who come later too (Knuth, "The Art of Computer Programming", volume 3, 6.4, on Fibonacci hashing). What is left is what
cameras make of it, which have pictures at times of their own.

A session that follows the advice no longer shows what it would like to send. So one that sends about what it was told counts as wanting
more: its rate rises when others leave, until it sends clearly less than it may, and when all that is wanted fits, the advice is taken back.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Generic, TypeVar

from handstream.protocol.capacity import Capacity
from handstream.protocol.control import Advice

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Advisor"]

S = TypeVar("S")

BUSY_FROM = 0.9
"""A machine that is offered this part of its capacity is busy: from there on its queue grows without need."""

HEADROOM = 0.8
"""The part of the capacity that is given away: a queue that is fed at four fifths of its rate is empty most of the time."""

LEAST_CHANGE = 0.15
"""A rate that differs by less from the last one told is not told."""

FOLLOWS_FROM = 0.8
"""A session that sends this part of what it was told counts as held back by it."""

LEAST_FPS = 1.0
"""No session is told to send less: what it would show could not be followed."""

SMOOTHING = 0.25
"""The weight of the newest second. At a few frames a second, a second more or less holds one more or less. Of the capacity too: 42 sessions
that together want six times of it, simulated with 14 seeds for a minute each, were told another rate 21 times without this, and once with
it."""

MOST_FPS = 120.0
"""As many as the server processes of one session by default (`max_session_frames_per_second`). A level above it is none."""

GOLDEN_PHASE = (math.sqrt(5) - 1) / 2
"""From one session's phase to that of the next, as a part of the interval."""


class Advisor(Generic[S]):
    """Advises the sessions of one server, whatever a session is: a hashable object. Not thread-safe."""

    def __init__(self) -> None:
        self._sent: dict[S, int] = {}
        self._rates: dict[S, float] = {}
        self._told: set[S] = set()
        self._told_fps = math.inf
        self._capacity: Capacity | None = None
        self._phase = 0.0
        self._time_ns: int | None = None

    def advise(self, sent: Mapping[S, int], capacity: Capacity | None, now_ns: int) -> dict[S, Advice]:
        """What to tell, and whom. Call it about once a second.

        Args:
            sent: How many frames each session has sent in all. Sessions that are not here are forgotten.
            capacity: What the machine can carry; None if that is not known.
            now_ns: Now, on any one monotonic clock.

        Returns:
            What is to be told to each session for which there is news.
        """
        self._measure(sent, now_ns)
        self._capacity = self._smoothed(capacity)
        level = math.inf if self._capacity is None else max(self._level(self._capacity), LEAST_FPS)
        return self._take_back() if level == math.inf else self._tell(round(level, 1), now_ns)

    def forget(self, session: S) -> None:
        """That session has another connection, whose client knows of no advice: it counts as one that has just come."""
        self._told.discard(session)
        self._rates.pop(session, None)
        self._sent.pop(session, None)

    def _measure(self, sent: Mapping[S, int], now_ns: int) -> None:
        elapsed_s = 0 if self._time_ns is None else (now_ns - self._time_ns) / 1e9
        rates: dict[S, float] = {}
        for session, count in sent.items():
            # A session sends for a part of the second in which it begins. Averaged in, that would hide for ten seconds what it sends.
            if self._sent.get(session) and elapsed_s > 0:
                rate = max(0, count - self._sent[session]) / elapsed_s
                before = self._rates.get(session, rate)
                rates[session] = before + (rate - before) * SMOOTHING
        self._rates = rates
        self._told &= sent.keys()
        self._sent = dict(sent)
        self._time_ns = now_ns

    def _smoothed(self, newest: Capacity | None) -> Capacity | None:
        """What the machine carries, over some seconds once anyone is told anything: what it carried before it was busy says little."""
        before = self._capacity
        if newest is None or before is None or self._told_fps == math.inf:
            return newest
        total, session = before.total, before.session
        return Capacity(total + (newest.total - total) * SMOOTHING, session + (newest.session - session) * SMOOTHING)

    def _level(self, capacity: Capacity) -> float:
        """The rate beyond which sessions are capped; infinite if nothing needs to be."""
        offered = sum(min(rate, capacity.session) for rate in self._rates.values())
        is_too_much = offered > BUSY_FROM * capacity.total or any(rate > capacity.session for rate in self._rates.values())
        if not is_too_much and self._told_fps == math.inf:
            return math.inf
        wanted = [self._wanted(session) for session in self._sent]
        level = min(_max_min_level(wanted, HEADROOM * capacity.total), capacity.session)
        return level if level < MOST_FPS and any(rate > level for rate in wanted) else math.inf

    def _wanted(self, session: S) -> float:
        """What a session would send, as far as it shows: without end if it has just begun, or sends about what it was told."""
        rate = self._rates.get(session, math.inf if self._sent[session] else 0.0)
        return math.inf if session in self._told and rate >= FOLLOWS_FROM * self._told_fps else rate

    def _tell(self, level: float, now_ns: int) -> dict[S, Advice]:
        is_news = self._told_fps == math.inf or abs(level - self._told_fps) > LEAST_CHANGE * self._told_fps
        if is_news:
            self._told_fps = level
        addressed = [session for session in self._sent if (is_news if session in self._told else self._wanted(session) > self._told_fps)]
        self._told.update(addressed)
        return {session: self._advice(now_ns) for session in addressed}

    def _advice(self, now_ns: int) -> Advice:
        """The rate, and when the next turn comes of one more session."""
        self._phase = (self._phase + GOLDEN_PHASE) % 1
        interval_ms = 1000 / self._told_fps
        return Advice(self._told_fps, round((self._phase * interval_ms - now_ns / 1e6) % interval_ms, 1))

    def _take_back(self) -> dict[S, Advice]:
        told, self._told, self._told_fps = self._told, set(), math.inf
        return dict.fromkeys(told, Advice(None))


def _max_min_level(wanted: list[float], total: float) -> float:
    """The level L at which the sum of min(each, L) is the total; infinite if all of them fit."""
    left = total
    for index, rate in enumerate(sorted(wanted)):
        share = left / (len(wanted) - index)
        if rate > share:
            return share
        left -= rate
    return math.inf
