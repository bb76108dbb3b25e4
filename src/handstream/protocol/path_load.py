"""Whether the path keeps up, and what it bears: `PathLoad`, a frame rate and a level of detail.

The theory is that of protocol/rate.py; what the path costs is learned in protocol/path.py, and what a level of detail saves is foretold by
protocol/detail.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from handstream.protocol.detail import ladder, quality_at, relative_bytes
from handstream.protocol.load import SETTLE_FRAMES, Average
from handstream.protocol.path import FAST_PATH_MS, PathEstimate
from handstream.protocol.regulator import PATIENCE_MS, Regulator

if TYPE_CHECKING:
    from handstream.protocol.rate import AnsweredFrame, RateBounds

__all__ = ["PathLoad"]

BUDGET_SHARE = 0.12
"""What the transmission of a frame and its answer may take, as a share of the propagation time, and at least `FAST_PATH_MS`. In the
simulation (tests/protocol/simulation.py) the age's p50 on the profiles `4g` and `3g` is 97 and 287 ms with 0.12, 101 and 290 ms with 0.15,
112 and 313 ms with 0.3; with 0.1 it is 97 and 278 ms, at a scale of 3/8 in place of 1/2 on `3g`. So 0.12 is the most detail that keeps
within 40 and 120 ms of the round trip on both."""

BUDGET_MARGIN = 0.2
"""The budget is exceeded by so much before something moves down, and kept by so much when something moves up."""

QUEUE_SHARE = 0.25
"""The queue that may stand, as a share of the propagation time and at least `FAST_PATH_MS`: more than jitter leaves as the least of ten
frames."""

FULL_LOAD = 0.9
"""Of the path's capacity. From here on jitter alone makes queues."""

GOOD_LOAD = 0.75
"""What a decrease aims at, and an increase stays below."""

SUSPECT_LOAD = 0.4
"""A stream that takes less of the path makes no queue that stands: what looks like one is jitter, or made by others."""

QUEUE_DECREASE = 0.8
"""What a queue makes of the frame rate."""

ROUNDS_OF_DOUBT = 2
"""A queue that withstands so many decreases is not this stream's."""

MAX_PATIENCE_MS = 10_000.0
"""The longest wait before the next finer level is tried."""

PROBATION_MS = 10_000.0
"""A finer level has proved itself if it is kept for so long. Longer than a frame rate's, since a change of it is seen."""


class PathLoad:
    """What the path bears of this stream.

    Attributes:
        path: What is known of the path.
        regulator: The frame rate that it bears.
        level: The level of detail that it bears, 0 the finest.
        scale_cap: The largest scale that is of use.
        transmission_ms: What the bytes of a frame and its answer take.
    """

    def __init__(self, bounds: RateBounds) -> None:
        self.path = PathEstimate()
        self.regulator = Regulator(bounds.top_fps)
        self.level = 0
        self.scale_cap = bounds.scales[0]
        self.transmission_ms = 0.0
        self._bounds = bounds
        self._levels = ladder(bounds.scales)
        self._raise_ms = -math.inf
        self._raised_ms = -math.inf
        self._patience_ms = PATIENCE_MS
        self._decreases = 0
        self._queue_before_ms = 0.0
        self._fps_before = bounds.top_fps
        self._restart(-math.inf)

    @property
    def budget_ms(self) -> float:
        """What the transmission of a frame and its answer may take."""
        return max(FAST_PATH_MS, BUDGET_SHARE * (self.path.floor_ms or 0.0))

    @property
    def is_coarse(self) -> bool:
        """Whether the detail is less than is wanted."""
        return self.level > 0

    def wants_probe(self, now_ms: float) -> bool:
        """Whether to send a probe ahead of the next frame."""
        return self.path.wants_probe(now_ms, is_whole=not self.is_coarse and not self.regulator.is_limiting)

    def settings_at(self, level: int) -> tuple[int, int, float]:
        """JPEG quality, answer quality and scale of that level."""
        at = self._levels[level]
        quality = quality_at(at, self._bounds.jpeg_quality, self._bounds.min_jpeg_quality)
        answer_quality = quality_at(at, self._bounds.answer_quality, self._bounds.min_answer_quality)
        return quality, answer_quality, min(at.scale, self.scale_cap)

    def set_bounds(self, bounds: RateBounds, now_ms: float) -> None:
        """The user wants something else."""
        self._bounds = bounds
        self._levels = ladder(bounds.scales)
        self.level = min(self.level, len(self._levels) - 1)
        self.scale_cap = bounds.scales[0]
        self.regulator.set_top(bounds.top_fps)
        self._restart(now_ms)

    def set_cap(self, scale: float, now_ms: float) -> None:
        """A larger scale than this is of no use."""
        if scale != self.scale_cap:
            self.scale_cap = scale
            self._restart(now_ms)

    def answered(self, frame: AnsweredFrame, now_ms: float) -> None:
        """A frame was answered."""
        self.path.add(frame.network_ms, frame.up_bytes + frame.down_bytes, frame.probe_ms, now_ms)
        if frame.sent_ms < self._changed_ms:
            return
        self._up.add(frame.up_bytes)
        self._down.add(frame.down_bytes)
        self._frames += 1
        self.path.add_excess(frame.network_ms, frame.up_bytes + frame.down_bytes)
        self.transmission_ms = self._foretold_ms(self.level)
        if self._frames < SETTLE_FRAMES:
            return
        if self.transmission_ms > self.budget_ms * (1 + BUDGET_MARGIN) and self.level < len(self._levels) - 1:
            self._coarsen(now_ms)
        elif self.level > 0 and self._may_refine(now_ms):
            self._refine(now_ms)
        else:
            self._steer_rate(now_ms)

    def _may_refine(self, now_ms: float) -> bool:
        return now_ms >= self._raise_ms and self._foretold_ms(self.level - 1) <= self.budget_ms * (1 - BUDGET_MARGIN)

    def _refine(self, now_ms: float) -> None:
        # A step at a time near the budget; more at once where even twice the bytes would keep it.
        far = (level for level in range(self.level) if self._foretold_ms(level) <= self.budget_ms / 2)
        self.level = next(far, self.level - 1)
        self._raised_ms = now_ms
        self._raise_ms = now_ms + self._patience_ms
        self._restart(now_ms)

    def _coarsen(self, now_ms: float) -> None:
        failed = now_ms - self._raised_ms < PROBATION_MS
        self._patience_ms = min(2 * self._patience_ms, MAX_PATIENCE_MS) if failed else max(self._patience_ms / 2, PATIENCE_MS)
        self._raise_ms = now_ms + self._patience_ms
        last = len(self._levels) - 1
        self.level = next((level for level in range(self.level + 1, last) if self._foretold_ms(level) <= self.budget_ms), last)
        self._restart(now_ms)

    def _steer_rate(self, now_ms: float) -> None:
        load = self._load_at(self.regulator.fps)
        queue_ms = self.path.standing_queue_ms
        has_queue = (queue_ms or 0.0) > self._tolerable_queue_ms
        is_suspect = load >= SUSPECT_LOAD or self.path.ms_per_byte is None
        if has_queue and load < GOOD_LOAD and self._is_futile(queue_ms or 0.0):
            self.path.accept_queue(now_ms)
            self.regulator.restore(self._fps_before)
            self._decreases = 0
        elif (has_queue and is_suspect) or load > FULL_LOAD:
            self._lower(load, queue_ms or 0.0, now_ms)
        elif queue_ms is not None and self._load_at(self.regulator.next_fps) < GOOD_LOAD:
            self._decreases = 0
            self.regulator.raise_step(now_ms)

    def _lower(self, load: float, queue_ms: float, now_ms: float) -> None:
        if self._decreases == 0:
            self._fps_before = self.regulator.fps
        self._decreases += 1
        self._queue_before_ms = queue_ms
        self.regulator.lower(min(QUEUE_DECREASE, GOOD_LOAD / max(load, GOOD_LOAD)), now_ms)
        self._restart(now_ms)

    def _is_futile(self, queue_ms: float) -> bool:
        """Whether the queue is as it was before the last decreases."""
        return self.path.ms_per_byte is not None and self._decreases >= ROUNDS_OF_DOUBT and queue_ms > self._queue_before_ms * (1 - 1 / 4)

    @property
    def _tolerable_queue_ms(self) -> float:
        return max(FAST_PATH_MS, QUEUE_SHARE * (self.path.floor_ms or 0.0))

    def _load_at(self, fps: float) -> float:
        """How full the fuller direction is, 0..1 and above."""
        return self.path.transmission_ms(max(self._up.value or 0.0, self._down.value or 0.0)) * fps / 1000

    def _foretold_ms(self, level: int) -> float:
        """What a frame and its answer would take at that level."""
        quality, answer_quality, scale = self.settings_at(self.level)
        new_quality, new_answer_quality, new_scale = self.settings_at(level)
        up = (self._up.value or 0.0) * (relative_bytes(new_quality, new_scale) / relative_bytes(quality, scale))
        down = self._down.value or 0.0
        if self._bounds.has_picture_answers:
            down *= relative_bytes(new_answer_quality, new_scale) / relative_bytes(answer_quality, scale)
        return self.path.transmission_ms(up + down)

    def _restart(self, now_ms: float) -> None:
        """The settings change: only frames that are sent from now on tell of them."""
        self._changed_ms = now_ms
        self._frames = 0
        self._up = Average(1 / 4)
        self._down = Average(1 / 4)
        self.path.restart_queue()
