"""How many frames a client may have unanswered: `FrameWindow`, and what became of each frame that it sent.

Theory of operation
-------------------

A send into a choked connection returns at once, so only an answer says that a frame arrived; whatever is sent without waiting for answers
piles up before the bottleneck, and the picture on the screen is as old as the pile is long. So at most N frames are unanswered.

*How many.* A path that takes R ms to answer a frame is kept busy at one frame every I ms by R / I frames; more only queue. This is the
bandwidth-delay product that TCP Vegas and BBR (draft-cardwell-iccrg-bbr-congestion-control, 4.2.1) bound what is in flight by:

    N = clamp(ceil(floor / max(I, MIN_INTERVAL_MS)), 1, MAX_FRAMES), and one more where that is more than 1

The floor is the *least* round trip of the last 5 to 10 s, from a frame's departure to its answer: the path and the work without queues. An
average would count the queue as path, allow more frames, and so justify the queue. What a frame waited for a thread of the server is
taken off, since other sessions may have caused it. I is what the rate controller says. N is 1 on a local network, 4 at 90 ms and 30
frames/s. It begins at 1 and grows by one an answer, so that an unknown path is not flooded.

*Doubt.* A path may become longer, and its old floor would then choke the rate until it is forgotten. A frame that was sent while no other
was in flight cannot have waited behind its own kind: when `ALONE_FRAMES` such frames in a row took much longer than the floor, they are
the floor. And where frames are never alone, but `DOUBT_FRAMES` in a row took much longer than the floor, N goes to 1 until it is known
whether that is a queue (which drains meanwhile) or the path (whose floor is then adopted). This is BBR's ProbeRTT, but only when in doubt.

*Settling.* A frame occupies a place until it is settled, once: `answered`, `refused` with an error, or dropped at a stage, which the
server tells. A frame of which nothing is heard in time is given up and counts as dropped at `network_up`, so a lost answer frees its place
and nothing can dead-lock. The timeout is that of RFC 6298: smoothed round trip and four times its variation, within bounds, doubled with
each round of silence. Frame ids are never sent twice, so every answer is a valid sample (Karn's problem does not arise).

*Outage.* Once a frame has been given up and until anything is heard again, one frame at a time is sent: into a path that is dead it would
only make the pile longer that must be drained later. The answer to a frame that was given up is *late*: it changes no place and no count
but its own, and it ends the outage at once, so that full rate returns with the path and not with the next timeout.

*Display.* An answer that waits to be shown is a queue as well. A page that tells what it has shown (`shown`) may have `MAX_UNSHOWN`
answers that it has not; further frames wait until it catches up. This too ends after a timeout, so a page that never tells is slow and not
dead.

It reads no clock: time is an argument, in ms of any one clock. What it holds is bounded, whatever the other side sends. The TypeScript
twin is web/src/core/window.ts; tests/vectors/window.json proves that both decide alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from handstream.protocol.minimum import WindowMinimum

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FrameWindow", "Outcome", "SentFrame", "Settlement", "WindowStatistics"]

Outcome = Literal["answered", "refused", "queue", "send", "network_up"]
"""What became of a frame: it was answered, refused with an error, or dropped at that stage."""

MAX_FRAMES = 12
"""Enough for a round trip of 400 ms at 30 frames/s. A path that is choked all of a sudden holds no more than this."""

MIN_INTERVAL_MS = 16.0
"""A smaller frame interval counts as this one: no usual screen shows more than 60 frames/s."""

SPARE_FRAMES = 1
"""Where more than one frame is on its way, one more may be, for answers that jitter holds up: else the next picture waits for its place. A
page needs 95 ms for a frame on the profile `4g`, which is all but the 100 ms that three places give it, and pictures waited 5 ms there at
the median; in the simulation the age's p50 on `3g` is 270 ms with it and 287 ms without."""

MAX_UNSHOWN = 2
"""One answer that is being unpacked, and one that waits for the screen's next refresh."""

FLOOR_WINDOW_MS = 10_000.0
"""How far back the least round trip reaches, as BBR's RTprop filter (4.1.1.3)."""

ALONE_FRAMES = 3
"""One or two may have met a burst of jitter."""

DOUBT_FRAMES = 12
"""As many as may be in flight, so that a single outage is not taken for a queue."""

DOUBT_INTERVAL_MS = 3_000.0
"""The least time from one drain to the next: what it costs is a few frames in a hundred."""

LONGER_SHARE = 1.25
LONGER_MS = 8.0
"""Much longer than the floor is by a quarter and by this, which is what a busy machine adds now and then."""

INITIAL_TIMEOUT_MS = 3_000.0
"""Before the first answer. RFC 6298 has 1 s; the first frames of a session may also wait for a tracker to be made."""

MIN_TIMEOUT_MS = 500.0
"""RFC 6298 (2.4) has 1 s, because a needless retransmission burdens the network. A needless timeout here costs one frame."""

MAX_TIMEOUT_MS = 4_000.0
"""The longest that a client is silent before it tries again."""


@dataclass(frozen=True, slots=True)
class SentFrame:
    """A frame that was handed to the socket.

    Attributes:
        frame_id: Its number.
        size_bytes: What was sent.
        sent_ms: When.
        deadline_ms: When it is given up if nothing is heard of it.
        is_alone: Whether no other frame was in flight.
        is_trial: Whether it was sent in a silence, to see whether the path is back.
    """

    frame_id: int
    size_bytes: int
    sent_ms: float
    deadline_ms: float
    is_alone: bool
    is_trial: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """A frame of which something was heard.

    Attributes:
        frame: The frame.
        round_trip_ms: From its departure until now.
        is_late: It had been given up before: its place is free and its account closed.
    """

    frame: SentFrame
    round_trip_ms: float
    is_late: bool

    @property
    def is_stale(self) -> bool:
        """Whether it comes out of an outage. It may be newer than what is shown, and still is not to be shown: a fresh one is near."""
        return self.is_late or self.frame.is_trial


@dataclass(frozen=True, slots=True)
class WindowStatistics:
    """The frames so far; `sent == in_flight + answered + refused + sum(dropped.values())`.

    Attributes:
        sent: Frames handed to the socket.
        in_flight: Those of which nothing is known yet.
        answered: Those answered with a result in time.
        refused: Those answered with an error.
        dropped: Those dropped, by stage; `network_up` are the ones given up.
        late: Answers to frames that had been given up.
        unknown: Answers to frames that were never sent, or were settled before.
    """

    sent: int
    in_flight: int
    answered: int
    refused: int
    dropped: Mapping[str, int]
    late: int
    unknown: int


class FrameWindow:
    """The frames that one connection has unanswered. Not thread-safe.

    Attributes:
        interval_ms: The frame interval, as the rate controller last decided it.
    """

    def __init__(self, *, interval_ms: float) -> None:
        """Nothing was sent yet. One frame may be: how long the path is must be learned first.

        Args:
            interval_ms: The frame interval to begin with.
        """
        self.interval_ms = interval_ms
        self._in_flight: dict[int, SentFrame] = {}
        self._given_up: dict[int, SentFrame] = {}
        self._unshown: dict[int, float] = {}
        self._floor = WindowMinimum(FLOOR_WINDOW_MS)
        self._alone = _Longer(ALONE_FRAMES)
        self._doubtful = _Longer(DOUBT_FRAMES)
        self._is_draining = False
        self._drained_ms = -math.inf
        self._smoothed_ms: float | None = None
        self._variation_ms = 0.0
        self._backoff = 1
        self._backed_off_ms = -math.inf
        self._counts: dict[str, int] = dict.fromkeys(("answered", "refused", "queue", "send", "network_up"), 0)
        self._sent = self._late = self._unknown = 0

    @property
    def may_send(self) -> bool:
        """Whether a place is free for another frame. Call `expire` first."""
        return len(self._in_flight) < self.max_in_flight and len(self._unshown) < MAX_UNSHOWN

    @property
    def max_in_flight(self) -> int:
        """How many frames may be unanswered now."""
        floor_ms = self._floor.value
        if floor_ms is None or self._backoff > 1 or self._is_draining:
            return 1
        needed = max(1, math.ceil(floor_ms / max(self.interval_ms, MIN_INTERVAL_MS)))
        spare = SPARE_FRAMES if needed > 1 else 0
        return min(MAX_FRAMES, needed + spare, 1 + self._counts["answered"])

    @property
    def floor_ms(self) -> float | None:
        """The least round trip of the last 5 to 10 s, the server's time included; None before the first answer."""
        return self._floor.value

    @property
    def timeout_ms(self) -> float:
        """How long an answer to a frame that is sent now may take."""
        if self._smoothed_ms is None:
            return min(INITIAL_TIMEOUT_MS * self._backoff, MAX_TIMEOUT_MS)
        return min(max(self._smoothed_ms + 4 * self._variation_ms, MIN_TIMEOUT_MS) * self._backoff, MAX_TIMEOUT_MS)

    @property
    def is_silent(self) -> bool:
        """Whether a frame was given up and nothing has been heard since: the path, or the server, is away."""
        return self._backoff > 1

    @property
    def deadline_ms(self) -> float | None:
        """When to call `expire` next at the latest; None while nothing is waited for."""
        deadlines_ms = [frame.deadline_ms for frame in self._in_flight.values()] + list(self._unshown.values())
        return min(deadlines_ms) if deadlines_ms else None

    def sent(self, frame_id: int, size_bytes: int, now_ms: float) -> SentFrame:
        """A frame was handed to the socket. Whether it might be was asked (`may_send`) before its picture was taken.

        Raises:
            ValueError: A frame of this number is in flight already.
        """
        if frame_id in self._in_flight:
            raise ValueError(f"frame {frame_id} is in flight already")
        frame = SentFrame(frame_id, size_bytes, now_ms, now_ms + self.timeout_ms, not self._in_flight, self.is_silent)
        self._in_flight[frame_id] = frame
        self._given_up.pop(frame_id, None)
        self._sent += 1
        return frame

    def settle(self, frame_id: int, outcome: Outcome, now_ms: float, *, queue_ms: float = 0.0) -> Settlement | None:
        """The server says what became of a frame.

        Args:
            frame_id: Its number.
            outcome: What became of it.
            now_ms: When that was heard.
            queue_ms: For an answered frame, how long it waited for a thread of the server.

        Returns:
            The frame; None if there is no such frame, or it was settled before.
        """
        frame = self._in_flight.pop(frame_id, None)
        if frame is None:
            return self._settle_late(frame_id, now_ms)
        self._counts[outcome] += 1
        self._backoff = 1
        round_trip_ms = max(0.0, now_ms - frame.sent_ms)
        if outcome == "answered":
            self._measure(round_trip_ms)
            # What a trial took is the rest of the outage. After a long one nothing else would be remembered, and it would be the floor.
            if not frame.is_trial:
                self._learn_floor(max(0.0, round_trip_ms - queue_ms), now_ms, is_alone=frame.is_alone)
        return Settlement(frame, round_trip_ms, is_late=False)

    def showing(self, frame_id: int, now_ms: float) -> None:
        """That frame's answer is about to be unpacked and shown: `shown` will tell when it was."""
        self._unshown.pop(frame_id, None)
        self._unshown[frame_id] = now_ms + self.timeout_ms

    def shown(self, frame_id: int) -> None:
        """That frame is on the screen, and so is settled whatever was to be shown before it."""
        if frame_id not in self._unshown:
            return
        for earlier_id in list(self._unshown):
            del self._unshown[earlier_id]
            if earlier_id == frame_id:
                return

    def expire(self, now_ms: float) -> list[SentFrame]:
        """Time has passed: gives up the frames whose answer is overdue, and returns them."""
        for frame_id in [frame_id for frame_id, deadline_ms in self._unshown.items() if deadline_ms <= now_ms]:
            del self._unshown[frame_id]
        overdue = [frame for frame in self._in_flight.values() if frame.deadline_ms <= now_ms]
        # RFC 6298 (5.5): once for each round of silence, not for each frame that was on its way in it.
        if any(frame.sent_ms >= self._backed_off_ms for frame in overdue):
            self._backoff = min(2 * self._backoff, 8)
            self._backed_off_ms = now_ms
        return self._give_up(overdue)

    def abandon(self) -> list[SentFrame]:
        """The connection is gone: gives up all frames, and returns them. If it was silent, that ends with it: on another all is fresh."""
        self._unshown.clear()
        self._backoff = 1
        return self._give_up(list(self._in_flight.values()))

    def statistics(self) -> WindowStatistics:
        """The frames so far."""
        dropped = {stage: self._counts[stage] for stage in ("queue", "send", "network_up")}
        answered, refused = self._counts["answered"], self._counts["refused"]
        return WindowStatistics(self._sent, len(self._in_flight), answered, refused, dropped, self._late, self._unknown)

    def _settle_late(self, frame_id: int, now_ms: float) -> Settlement | None:
        frame = self._given_up.pop(frame_id, None)
        if frame is None:
            self._unknown += 1
            return None
        self._late += 1
        round_trip_ms = max(0.0, now_ms - frame.sent_ms)
        # It proves that the path lives. If the path has become slower than the timeout, the timeout must grow; if it was away for a
        # while, that should not be taken for its round trip. Twice the timeout serves both.
        self._backoff = 1
        self._measure(min(round_trip_ms, 2 * self.timeout_ms))
        return Settlement(frame, round_trip_ms, is_late=True)

    def _learn_floor(self, round_trip_ms: float, now_ms: float, *, is_alone: bool) -> None:
        self._floor.add(round_trip_ms, now_ms)
        longer_ms = (self._floor.value or 0.0) * LONGER_SHARE + LONGER_MS
        self._doubtful.add(round_trip_ms, longer_ms)
        if is_alone:
            self._alone.add(round_trip_ms, longer_ms)
            self._is_draining = self._is_draining and not (self._alone.is_full or self._alone.is_refuted)
        if self._alone.is_full:
            self._floor.restart(self._alone.least, now_ms)
            self._alone.clear()
            self._doubtful.clear()
        elif self._doubtful.is_full and not is_alone and now_ms - self._drained_ms >= DOUBT_INTERVAL_MS:
            self._is_draining = True
            self._drained_ms = now_ms
            self._alone.clear()

    def _give_up(self, frames: list[SentFrame]) -> list[SentFrame]:
        for frame in frames:
            del self._in_flight[frame.frame_id]
            self._counts["network_up"] += 1
            self._given_up[frame.frame_id] = frame
        while len(self._given_up) > 2 * MAX_FRAMES:
            del self._given_up[next(iter(self._given_up))]
        return frames

    def _measure(self, round_trip_ms: float) -> None:
        """RFC 6298 (2.2, 2.3): alpha is 1/8, beta 1/4, and the variation comes first."""
        if self._smoothed_ms is None:
            self._smoothed_ms, self._variation_ms = round_trip_ms, round_trip_ms / 2
            return
        self._variation_ms += (abs(self._smoothed_ms - round_trip_ms) - self._variation_ms) / 4
        self._smoothed_ms += (round_trip_ms - self._smoothed_ms) / 8


class _Longer:
    """How many values in a row were longer than they should be, and the least of those.

    Attributes:
        count: How many.
        least: The least of them.
        is_refuted: Whether a value that was not longer has been seen since `clear`.
    """

    __slots__ = ("_enough", "count", "is_refuted", "least")

    def __init__(self, enough: int) -> None:
        self._enough = enough
        self.clear()

    @property
    def is_full(self) -> bool:
        return self.count >= self._enough

    def add(self, value: float, longer: float) -> None:
        if value <= longer:
            self.count, self.least, self.is_refuted = 0, math.inf, True
            return
        self.count += 1
        self.least = min(self.least, value)

    def clear(self) -> None:
        self.count = 0
        self.least = math.inf
        self.is_refuted = False
