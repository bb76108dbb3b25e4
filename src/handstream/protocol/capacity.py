"""How many frames a second the machine can carry: `CapacityEstimate`, measured while it runs.

A thread that takes S seconds for a frame carries 1 / S of them a second, and T threads T / S. S is an average over the newest frames of all
sessions, taken on the threads, so whatever slows them is in it: other programs, a warm processor, threads that share a core, larger
pictures.

A frame that has the machine for itself takes less than one of many: idle cores help it, and caches and memory are its own. So what threads
carry together is told by the frames during which all of them were busy, if there were any lately, and only else by all frames. That second
estimate is too high by a third or so. When it lets sessions send more than the machine carries, the threads are busy at once, and
the first one holds again.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Capacity", "CapacityEstimate"]

_SMOOTHING = 1 / 64
"""The weight of the newest frame: at 30 frames/s of one session, the average is of the last two seconds."""

_LEAST_FRAMES = 16
"""Fewer say nothing: threads, caches and the network are cold at first."""

_LARGEST_STEP = 4.0
"""A frame counts as at most so many times the average, so that one that met a stall does not shut the door."""

_FULL_STALE_NS = 60_000_000_000
"""So long the frames of a machine that was busy tell what it carries. What made it slow may have gone since."""

_STALE_NS = 10_000_000_000
"""What was measured longer ago says nothing about now."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the machine can carry, in frames a second.

    Attributes:
        total: All sessions together.
        session: One session, of which one frame is processed at a time.
    """

    total: float
    session: float


class CapacityEstimate:
    """The estimate of one executor. Not thread-safe. Times are in ns of one monotonic clock."""

    def __init__(self, threads: int) -> None:
        """Nothing was measured yet.

        Args:
            threads: How many process frames.
        """
        self._threads = threads
        self._service_ns = 0.0
        self._frames = 0
        self._newest_ns = 0
        self._full_service_ns = 0.0
        self._full_frames = 0
        self._newest_full_ns = 0

    def served(self, service_ns: int, now_ns: int, *, is_full: bool = False) -> None:
        """A thread has processed a frame.

        Args:
            service_ns: How long it took.
            now_ns: Now.
            is_full: Whether all threads are busy, so that another frame waits for one.
        """
        if self._frames >= _LEAST_FRAMES:
            service_ns = min(service_ns, round(self._service_ns * _LARGEST_STEP))
        self._frames += 1
        self._service_ns += (service_ns - self._service_ns) * max(_SMOOTHING, 1 / self._frames)
        self._newest_ns = now_ns
        if is_full:
            self._full_frames += 1
            self._full_service_ns += (service_ns - self._full_service_ns) * max(_SMOOTHING, 1 / self._full_frames)
            self._newest_full_ns = now_ns

    def capacity(self, now_ns: int) -> Capacity | None:
        """What the machine can carry; None while that is not known."""
        if self._frames < _LEAST_FRAMES or now_ns - self._newest_ns > _STALE_NS or self._service_ns <= 0:
            return None
        was_full = self._full_frames >= _LEAST_FRAMES and now_ns - self._newest_full_ns <= _FULL_STALE_NS
        service_ns = max(self._service_ns, self._full_service_ns) if was_full else self._service_ns
        return Capacity(self._threads * 1e9 / service_ns, 1e9 / self._service_ns)
