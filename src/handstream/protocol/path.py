"""What a path costs: `PathEstimate` learns its propagation time, its time per byte, and the queue that stands before it.

Theory of operation
-------------------

The time that a frame and its answer spend on the network is

    network = propagation + jitter + bytes / bandwidth + queue

and each term asks for something else: nothing helps against the first two, smaller frames against the third, fewer against the fourth.
Frames alone cannot tell them apart, because they are all of about one size. So now and then a *probe* is sent: a message of a few bytes
right ahead of a frame, which the server answers at once. It finds the same queue as the frame behind it and has nothing to transmit:

- *Propagation* (`floor_ms`) is the least network time of the last 5 to 10 s, of probes and of frames.
- *Time per byte* (`ms_per_byte`) is the median of `(network - probe) / bytes` over the newest pairs. The two are milliseconds apart, so the
  queue and most of the jitter cancel. This is the packet pair of Keshav ("A control-theoretic approach to flow control", SIGCOMM 1991),
  with a median because an outage between the two is an outlier and not a bandwidth, and weighted by the bytes because the jitter that
  remains weighs as much less.
- *Standing queue* (`standing_queue_ms`) is the least of `network - floor - own transmission` over `QUEUE_FRAMES` answers in a row. A burst
  of jitter spares some of them and a queue that stands spares none: the reasoning of CoDel (RFC 8289, 3.2). An outage touches only the
  frames that were on their way in it, so it does not look like a queue either.

A path on which whole frames take less than `FAST_PATH_MS` has no costs worth knowing, and is not probed.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from handstream.protocol.minimum import WindowMinimum

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FAST_PATH_MS", "PathEstimate"]

FAST_PATH_MS = 8.0
"""Half a refresh of a screen of 60 Hz: less than this is hardly ever seen."""

FLOOR_WINDOW_MS = 10_000.0
"""As BBR's RTprop filter (draft-cardwell-iccrg-bbr-congestion-control, 4.1.1.3)."""

PROBE_INTERVAL_MS = 100.0
"""Ten probes a second of some 100 bytes with all headers are 1 % of 1 Mbit/s."""

PAIRS = 15
"""So many pairs are remembered: 1.5 s of probes."""

MIN_PAIRS = 3
"""With less than this, the time per byte is not known; and until then every frame is probed."""

QUEUE_FRAMES = 10
"""A third of a second at 30 frames/s, and more frames than are usually in flight."""


class PathEstimate:
    """The path of one connection, as its exchanges show it. Not thread-safe."""

    def __init__(self) -> None:
        self._floor = WindowMinimum(FLOOR_WINDOW_MS)
        self._pairs: deque[tuple[float, int]] = deque(maxlen=PAIRS)
        self._excess_ms: deque[float] = deque(maxlen=QUEUE_FRAMES)
        self._recent_ms: deque[float] = deque(maxlen=QUEUE_FRAMES)
        self._probed_ms: float | None = None

    def add(self, network_ms: float, size_bytes: int, probe_ms: float | None, now_ms: float) -> None:
        """A frame was answered.

        Args:
            network_ms: The time that frame and answer spent on the network.
            size_bytes: The bytes of both.
            probe_ms: The round trip of the probe that was sent right ahead of the frame; None if there was none.
            now_ms: When the answer had arrived.
        """
        self._floor.add(network_ms, now_ms)
        self._recent_ms.append(network_ms)
        if probe_ms is None:
            return
        self._floor.add(probe_ms, now_ms)
        self._pairs.append(((network_ms - probe_ms) / max(1, size_bytes), max(1, size_bytes)))

    def add_excess(self, network_ms: float, size_bytes: int) -> None:
        """That frame was sent after the last `restart_queue`, so it may tell of the queue."""
        self._excess_ms.append(network_ms - self.transmission_ms(size_bytes))

    @property
    def floor_ms(self) -> float | None:
        """The propagation time, both ways; None before the first answer."""
        return self._floor.value

    @property
    def ms_per_byte(self) -> float | None:
        """What each byte adds; None while it is not known, also on a path so fast that it need not be."""
        if len(self._pairs) < MIN_PAIRS:
            return None
        return max(0.0, _weighted_median(self._pairs))

    @property
    def standing_queue_ms(self) -> float | None:
        """What stands before the bottleneck; None until enough frames have been answered since `restart_queue`."""
        if self._floor.value is None or len(self._excess_ms) < QUEUE_FRAMES:
            return None
        return max(0.0, min(self._excess_ms) - self._floor.value)

    def transmission_ms(self, size_bytes: float) -> float:
        """What so many bytes add, as far as is known."""
        return size_bytes * (self.ms_per_byte or 0.0)

    def wants_probe(self, now_ms: float, *, is_whole: bool) -> bool:
        """Whether a probe should go ahead of the frame that is about to be sent. If yes, it counts as sent.

        Args:
            now_ms: Now.
            is_whole: Whether frames are sent as often and as finely as is wanted, so that nothing can be gained on a fast path.
        """
        is_recent = self._probed_ms is not None and 0 <= now_ms - self._probed_ms < PROBE_INTERVAL_MS
        if (self._is_fast and is_whole) or (self._is_known and is_recent):
            return False
        self._probed_ms = now_ms
        return True

    def restart_queue(self) -> None:
        """The rate or the size of frames has changed: what was queued before says nothing about them."""
        self._excess_ms.clear()

    def accept_queue(self, now_ms: float) -> None:
        """What looks like a queue does not shrink when less is sent: the path itself has become longer."""
        if self._recent_ms:
            self._floor.restart(min(self._recent_ms), now_ms)
            self._excess_ms.clear()

    @property
    def _is_known(self) -> bool:
        return len(self._pairs) >= MIN_PAIRS

    @property
    def _is_fast(self) -> bool:
        """Whether most of the newest frames took less than is worth knowing."""
        slow = sum(network_ms >= FAST_PATH_MS for network_ms in self._recent_ms)
        return len(self._recent_ms) > 0 and 2 * slow < len(self._recent_ms)


def _weighted_median(pairs: Iterable[tuple[float, int]]) -> float:
    """The value at which half of the weight is reached."""
    ordered = sorted(pairs)
    half = sum(weight for _, weight in ordered) / 2
    reached = 0
    for value, weight in ordered:
        reached += weight
        if reached >= half:
            return value
    raise ValueError("there are no pairs")
