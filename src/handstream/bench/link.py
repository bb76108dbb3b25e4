"""One direction of an emulated path, without sockets or clocks: `Link` takes bytes and says when they arrive at the other end.

Theory of operation
-------------------

A chunk of bytes waits in the queue until the bottleneck passes it on, flies for the time of the way, and arrives. All moments are
computed from each other and never from when somebody asked, so a driver whose timers are late distorts one chunk and not the bandwidth.

- *Bottleneck*: a token bucket in its virtual scheduling form (the generic cell rate algorithm, ITU-T I.371 annex A): one moment, at which
  all that was accepted will have been paid for, stands for the tokens.
- *Jitter* is a function of time and seed alone: the same seconds are slow in every run with a seed, whatever is sent. Chunks
  leave the link in the order in which they were sent, so a slow one holds up those behind it.
- *Losses* fall at random moments that follow from the seed too. What would arrive within a retransmission timeout after one arrives at
  its end, at once: TCP gives nothing out of order.
- *A stall* stops the bottleneck and the arrivals. Afterwards what flew arrives, and the queue drains at the bandwidth.
- *Bound*: no more than `room_bytes` may be sent. A driver that stops reading its source then makes the sender wait, as a full queue in a
  network makes a sender's TCP wait.

Times are seconds of any one clock, such as an event loop's.
"""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handstream.bench.profiles import LinkProfile

__all__ = ["Link", "LinkStatistics"]


@dataclass(frozen=True, slots=True)
class LinkStatistics:
    """How full a link is and what passed it.

    Attributes:
        sent_bytes: What was sent into it.
        received_bytes: What was taken at its other end.
        held_bytes: What is on it now, in the queue and under way.
        max_held_bytes: The most that ever was.
        delay_ms: How long a byte would take that was sent now, if nothing unforeseen happens.
    """

    sent_bytes: int = 0
    received_bytes: int = 0
    held_bytes: int = 0
    max_held_bytes: int = 0
    delay_ms: float = 0.0


class Link:
    """A link as its profile describes it. Not thread-safe."""

    def __init__(self, profile: LinkProfile, *, seed: str, start_s: float) -> None:
        """An empty link whose jitter and losses follow from the seed and the time since `start_s`."""
        self._profile = profile
        self._jitter = _Jitter(profile, seed=f"{seed}/jitter", start_s=start_s)
        self._losses = _Losses(profile, seed=f"{seed}/losses", start_s=start_s)
        self._queue: deque[tuple[float, bytes]] = deque()
        self._flying: deque[tuple[float, bytes]] = deque()
        self._queued_bytes = 0
        self._paid_s = start_s
        self._stalled_until_s = start_s
        self._sent_bytes = 0
        self._received_bytes = 0
        self._max_held_bytes = 0

    @property
    def room_bytes(self) -> int:
        """How much may be sent at once now; 0 when the link is full."""
        free_bytes = self._profile.capacity_bytes - (self._sent_bytes - self._received_bytes)
        return min(self._profile.chunk_bytes, free_bytes)

    def send(self, data: bytes, now_s: float) -> None:
        """Puts bytes into the queue. No bytes are the end of the stream, which arrives after all that was sent before.

        Raises:
            ValueError: That is more than there is room for.
        """
        if len(data) > self.room_bytes:
            raise ValueError(f"{len(data)} bytes were sent into a link with room for {self.room_bytes}")
        self._queue.append((now_s, data))
        self._queued_bytes += len(data)
        self._sent_bytes += len(data)
        self._max_held_bytes = max(self._max_held_bytes, self._sent_bytes - self._received_bytes)

    def receive(self, now_s: float) -> bytes | None:
        """Takes the next bytes that have arrived; empty for the end of the stream, None if nothing has arrived."""
        self._pass_on(now_s)
        if not self._flying or max(self._flying[0][0], self._stalled_until_s) > now_s:
            return None
        _, data = self._flying.popleft()
        self._received_bytes += len(data)
        return data

    def due_s(self, now_s: float) -> float | None:
        """When to ask for bytes again, at the earliest; None while the link is empty."""
        self._pass_on(now_s)
        if self._flying:
            return max(self._flying[0][0], self._stalled_until_s)
        return self._departure_s() if self._queue else None

    def stall(self, now_s: float, until_s: float) -> None:
        """Lets nothing pass or arrive from now until then."""
        self._pass_on(now_s)
        self._stalled_until_s = max(self._stalled_until_s, until_s)

    def statistics(self, now_s: float) -> LinkStatistics:
        """How full the link is and what passed it."""
        self._pass_on(now_s)
        waiting_s = max(self._paid_s, self._stalled_until_s, now_s) - now_s + self._queued_bytes / self._profile.bytes_per_s
        return LinkStatistics(
            sent_bytes=self._sent_bytes,
            received_bytes=self._received_bytes,
            held_bytes=self._sent_bytes - self._received_bytes,
            max_held_bytes=self._max_held_bytes,
            delay_ms=round(1e3 * (waiting_s + self._jitter.at(now_s + waiting_s)) + self._profile.delay_ms, 3),
        )

    def _pass_on(self, now_s: float) -> None:
        """The bottleneck passes on what it has time for by now."""
        while self._queue and (departure_s := self._departure_s()) <= now_s:
            _, data = self._queue[0]
            self._paid_s = self._start_s() + len(data) / self._profile.bytes_per_s
            self._queue.popleft()
            self._queued_bytes -= len(data)
            arrival_s = departure_s + self._profile.delay_ms / 1e3 + self._jitter.at(departure_s)
            self._flying.append((self._losses.delivered_s(arrival_s), data))

    def _start_s(self) -> float:
        """When the bottleneck begins to earn what the first chunk of the queue costs."""
        sent_s, _ = self._queue[0]
        return max(self._paid_s, self._stalled_until_s, sent_s)

    def _departure_s(self) -> float:
        """When the first chunk of the queue has passed the bottleneck."""
        sent_s, data = self._queue[0]
        paid_s = self._start_s() + (len(data) - self._profile.burst_bytes) / self._profile.bytes_per_s
        return max(sent_s, self._stalled_until_s, paid_s)


class _Jitter:
    """What is added to a link's delay, as a function of time."""

    def __init__(self, profile: LinkProfile, *, seed: str, start_s: float) -> None:
        self._mean_s = profile.jitter_ms / 1e3
        self._step_s = profile.jitter_correlation_ms / 1e3
        self._seed = seed
        self._start_s = start_s
        self._index = -1
        self._ends_s = (0.0, 0.0)

    def at(self, time_s: float) -> float:
        """The added delay at that time, in seconds."""
        steps = (time_s - self._start_s) / self._step_s
        index = math.floor(steps)
        if index != self._index:
            self._index = index
            self._ends_s = (self._draw(index), self._draw(index + 1))
        before_s, after_s = self._ends_s
        return before_s + (after_s - before_s) * (steps - index)

    def _draw(self, index: int) -> float:
        # A generator for each draw, so that a draw depends on its place in time and not on the draws before it.
        return self._mean_s * _generator(f"{self._seed}/{index}").expovariate(1)


class _Losses:
    """The moments at which a loss holds the stream up. They are asked for about in the order of time: one that is over is forgotten."""

    def __init__(self, profile: LinkProfile, *, seed: str, start_s: float) -> None:
        self._per_s = profile.losses_per_s
        self._timeout_s = profile.retransmission_timeout_ms / 1e3
        self._random = _generator(seed)
        self._loss_s = start_s + self._gap_s()

    def delivered_s(self, arrival_s: float) -> float:
        """When that which arrives then is delivered in order."""
        while arrival_s >= self._loss_s + self._timeout_s:
            self._loss_s += self._timeout_s + self._gap_s()
        return arrival_s if arrival_s < self._loss_s else self._loss_s + self._timeout_s

    def _gap_s(self) -> float:
        return self._random.expovariate(self._per_s) if self._per_s else math.inf


def _generator(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the weather of a network is no secret
