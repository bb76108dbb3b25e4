"""Whether the server and the page keep up: `ServerLoad` and `PageLoad`, each with the frame rate that it bears.

A load is the busy time of one frame over the frame interval. What is busy for more than all of the time falls behind for ever, so the rate
goes down at once to what can be borne; what waits for others goes down step by step, since how much is theirs is not known.

A server that sees its sessions wait advises all of them alike, within a second or two. Who yields to a wait sooner than that yields alone,
and makes the load look bearable, so that nobody is advised at all. So only a wait that lasts is yielded to: its server advises nothing.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

from handstream.protocol.regulator import Regulator

if TYPE_CHECKING:
    from handstream.protocol.rate import AnsweredFrame

__all__ = ["SETTLE_FRAMES", "Average", "PageLoad", "ServerLoad"]

SETTLE_FRAMES = 4
"""So many frames of the present settings are seen before they are judged."""

MEDIAN_FRAMES = 5
"""The work of a session's first frame is three to ten times the usual, as its tracker is made for it, and one or two may meet a stall."""

BEARABLE_LOAD = 0.9
"""What a decrease aims at, and an increase stays below: a tenth is left for variation."""

WAITING_DECREASE = 0.85
"""What waiting for other sessions makes of the frame rate."""

BEARABLE_QUEUE_MS = 5.0
"""A frame may wait so long on the server, or for half of its own work: as it does now and then where some sessions share some threads."""

ADVISED_WITHIN_MS = 3_000.0
"""A server that advises has done so by then: it does once a second, and has measured a session over one."""

MAX_REPLACED_SHARE = 0.15
"""Jitter alone brings two frames at once now and then; when every seventh is replaced, and the others wait, the server is behind."""


class Average:
    """An exponentially weighted average that begins with its first value."""

    __slots__ = ("_gain", "value")

    def __init__(self, gain: float) -> None:
        self._gain = gain
        self.value: float | None = None

    def add(self, value: float) -> float:
        """Another value; returns the average with it."""
        self.value = value if self.value is None else self.value + self._gain * (value - self.value)
        return self.value


class Median:
    """The median of the newest values, so that a few large ones say nothing. It begins with its first value."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: deque[float] = deque(maxlen=MEDIAN_FRAMES)

    def add(self, value: float) -> float:
        """Another value; returns the median with it, of an even number the lower one."""
        self._values.append(value)
        return sorted(self._values)[(len(self._values) - 1) // 2]


class ServerLoad:
    """Whether the server keeps up with this stream.

    Attributes:
        regulator: The frame rate that it bears.
        queue_ms: How long a frame waits for a thread, on average.
        work_ms: How long it is worked on, the median.
    """

    def __init__(self, top_fps: float) -> None:
        self.regulator = Regulator(top_fps)
        self.queue_ms = 0.0
        self.work_ms = 0.0
        self._waits_since_ms: float | None = None
        self._restart(-math.inf)

    def bears(self, fps: float) -> bool:
        """Whether it would keep up with that rate, by what is seen at the present one."""
        return self.queue_ms < self._bearable_ms / 2 and self.work_ms * fps / 1000 < BEARABLE_LOAD

    @property
    def _bearable_ms(self) -> float:
        return max(BEARABLE_QUEUE_MS, self.work_ms / 2)

    def answered(self, frame: AnsweredFrame, now_ms: float) -> None:
        """A frame was answered."""
        if frame.sent_ms < self._changed_ms:
            return
        self.queue_ms = self._queue.add(frame.queue_ms)
        self.work_ms = self._work.add(frame.work_ms)
        self._steer(self._replaced.add(0.0), now_ms)

    def replaced(self, now_ms: float) -> None:
        """A newer frame replaced one that waited."""
        self._steer(self._replaced.add(1.0), now_ms)

    def _steer(self, replaced_share: float, now_ms: float) -> None:
        self._frames += 1
        if self._frames < SETTLE_FRAMES:
            return
        load = self.work_ms * self.regulator.fps / 1000
        # Where frames are replaced and those that are not hardly wait, the path brought several at once.
        is_behind = replaced_share > MAX_REPLACED_SHARE and self.queue_ms >= self._bearable_ms / 2
        if load > 1 or self._waits_for_long(is_waiting=self.queue_ms > self._bearable_ms or is_behind, now_ms=now_ms):
            self.regulator.lower(min(WAITING_DECREASE, BEARABLE_LOAD / max(load, BEARABLE_LOAD)), now_ms)
            self._restart(now_ms)
        elif self.bears(self.regulator.next_fps):
            self.regulator.raise_step(now_ms)

    def _waits_for_long(self, *, is_waiting: bool, now_ms: float) -> bool:
        if not is_waiting:
            self._waits_since_ms = None
        elif self._waits_since_ms is None:
            self._waits_since_ms = now_ms
        return self._waits_since_ms is not None and now_ms - self._waits_since_ms >= ADVISED_WITHIN_MS

    def _restart(self, now_ms: float) -> None:
        self._changed_ms = now_ms
        self._frames = 0
        self._queue = Average(1 / 8)
        self._work = Median()
        self._replaced = Average(1 / 16)
        self._replaced.add(0.0)


class PageLoad:
    """Whether the page keeps up with this stream.

    Attributes:
        regulator: The frame rate that it bears.
        busy_ms: How long it is busy with a frame, the median.
    """

    def __init__(self, top_fps: float) -> None:
        self.regulator = Regulator(top_fps)
        self.busy_ms = 0.0
        self._restart()

    def bears(self, fps: float) -> bool:
        """Whether it would keep up with that rate."""
        return self.busy_ms * fps / 1000 < BEARABLE_LOAD

    def shown(self, pack_ms: float, show_ms: float, now_ms: float) -> None:
        """A frame is on the screen."""
        # Packing and showing run side by side, so the slower of them is the bottleneck.
        self.busy_ms = max(self._pack.add(pack_ms), self._show.add(show_ms))
        self._frames += 1
        if self._frames < SETTLE_FRAMES:
            return
        load = self.busy_ms * self.regulator.fps / 1000
        if load > 1:
            self.regulator.lower(BEARABLE_LOAD / load, now_ms)
            self._restart()
        elif self.bears(self.regulator.next_fps):
            self.regulator.raise_step(now_ms)

    def _restart(self) -> None:
        self._frames = 0
        self._pack = Median()
        self._show = Median()
