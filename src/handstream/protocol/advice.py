"""What rate each session is told to send when there is more work than the machine can carry: `Advisor`.

Theory of operation
-------------------

Frames beyond the capacity are dropped whatever anyone is told, and fairly, since sessions take turns (`executor.py`). Advice saves what it
costs to encode, send and receive them, and evens out the times between those that are processed.

Once a second each session's rate is measured from the frames it sent. The machine is *busy* when together they are nearly what it
carries, or one sends more than one session can have. (Nearly: sessions that wait for answers never send more than is carried.) Then the
level is found at which sessions that send more are capped so that all fit (max-min fairness, as in Bertsekas and Gallager, "Data
Networks", 1992, 6.5.2): modest ones keep what they send, the others get alike. A little headroom keeps the queue empty.

A session that follows the advice no longer shows what it would like to send. So one that sends about what it was told counts as wanting
more: its rate rises when others leave, until it sends clearly less than it may, and when all that is wanted fits, the advice is taken back.
Between beginning and end lies the headroom, and a rate is told only if it differs by a good part from the last one told, so nothing swings.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handstream.protocol.capacity import Capacity

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
"""The weight of the newest second. At a few frames a second, a second more or less holds one more or less."""

MOST_FPS = 120.0
"""As many as the server processes of one session by default (`max_session_frames_per_second`). A level above it is none."""


class Advisor(Generic[S]):
    """Advises the sessions of one server, whatever a session is: a hashable object. Not thread-safe."""

    def __init__(self) -> None:
        self._sent: dict[S, int] = {}
        self._rates: dict[S, float] = {}
        self._told: dict[S, float] = {}
        self._time_ns: int | None = None
        self._is_busy = False

    def advise(self, sent: Mapping[S, int], capacity: Capacity | None, now_ns: int) -> dict[S, float | None]:
        """What to tell, and whom. Call it about once a second.

        Args:
            sent: How many frames each session has sent in all. Sessions that are not here are forgotten.
            capacity: What the machine can carry; None if that is not known.
            now_ns: Now, on any one monotonic clock.

        Returns:
            For each session that is to be told something new, frames a second, or None where it may send as it likes again.
        """
        self._measure(sent, now_ns)
        level = math.inf if capacity is None else self._level(capacity)
        news: dict[S, float | None] = {}
        level = max(level, LEAST_FPS)
        for session, rate in self._rates.items():
            told = self._told.get(session)
            if level == math.inf:
                if told is not None:
                    news[session] = None
            elif (told is None and rate > level) or (told is not None and abs(level - told) > LEAST_CHANGE * told):
                news[session] = round(level, 1)
        self._remember(news)
        return news

    def _measure(self, sent: Mapping[S, int], now_ns: int) -> None:
        elapsed_s = 0 if self._time_ns is None else (now_ns - self._time_ns) / 1e9
        rates: dict[S, float] = {}
        for session, count in sent.items():
            if session in self._sent and elapsed_s > 0:
                rate = max(0, count - self._sent[session]) / elapsed_s
                before = self._rates.get(session, rate)
                rates[session] = before + (rate - before) * SMOOTHING
        self._rates = rates
        self._told = {session: told for session, told in self._told.items() if session in sent}
        self._sent = dict(sent)
        self._time_ns = now_ns

    def _level(self, capacity: Capacity) -> float:
        """The rate beyond which sessions are capped; infinite if nothing needs to be."""
        offered = sum(min(rate, capacity.session) for rate in self._rates.values())
        is_too_much = offered > BUSY_FROM * capacity.total or any(rate > capacity.session for rate in self._rates.values())
        self._is_busy = self._is_busy or is_too_much
        if not self._is_busy:
            return math.inf
        level = min(_max_min_level([self._wanted(session) for session in self._rates], HEADROOM * capacity.total), capacity.session)
        self._is_busy = level < MOST_FPS and any(self._wanted(session) > level for session in self._rates)
        return level if self._is_busy else math.inf

    def _wanted(self, session: S) -> float:
        rate = self._rates[session]
        return math.inf if rate >= FOLLOWS_FROM * self._told.get(session, math.inf) else rate

    def _remember(self, news: Mapping[S, float | None]) -> None:
        for session, rate in news.items():
            if rate is None:
                del self._told[session]
            else:
                self._told[session] = rate


def _max_min_level(wanted: list[float], total: float) -> float:
    """The level L at which the sum of min(each, L) is the total; infinite if all of them fit."""
    left = total
    for index, rate in enumerate(sorted(wanted)):
        share = left / (len(wanted) - index)
        if rate > share:
            return share
        left -= rate
    return math.inf
