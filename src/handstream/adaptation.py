"""A client's sending, adapted to path, server and need: `Adaptation` carries out what a `RateController` decides.

What was encoded by the caller is sent as it is, so for that only the rate adapts. Pictures that come as arrays are encoded at the decided
quality and scale. Landmarks are normalised, so a smaller picture changes nothing in what comes back but `width_px` and `height_px`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from handstream.frames import Stage
from handstream.protocol.detail import scales_from
from handstream.protocol.rate import AnsweredFrame, RateBounds, RateController
from handstream.protocol.regulator import MIN_FPS
from handstream.vision.codec import encode_jpeg

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from handstream.frames import FrameResult
    from handstream.protocol.control import Advice
    from handstream.protocol.rate import RateDecision
    from handstream.protocol.window import SentFrame

__all__ = ["Adaptation"]

_WORK = (Stage.DECODE, Stage.TRACK, Stage.ANNOTATE, Stage.ENCODE)
_MAX_PROBES = 64


class Adaptation:
    """The adaptation of one session. Not thread-safe, but for `encode`. Times are in ms of one monotonic clock."""

    def __init__(self, *, frame_interval_ms: float, jpeg_quality: int, min_scale: float, settings: Mapping[str, object]) -> None:
        """Begins with full rate and detail.

        Args:
            frame_interval_ms: The least time between two frames.
            jpeg_quality: The best quality for arrays, 1..100.
            min_scale: The least share of an array's width and height that is sent, above 0 and at most 1.
            settings: The session's.

        Raises:
            ValueError: One of them is out of range.
        """
        self._scales = scales_from(min_scale)
        self._bounds = RateBounds(
            frame_interval_ms=frame_interval_ms,
            max_frame_interval_ms=max(frame_interval_ms, 1000 / MIN_FPS),
            jpeg_quality=jpeg_quality,
            scales=self._scales,
        )
        self._controller = RateController(self._bounds)
        self._due_ms = 0.0
        self._probes: deque[tuple[int, float]] = deque(maxlen=_MAX_PROBES)
        self._probe_times_ms: deque[tuple[int, float]] = deque(maxlen=_MAX_PROBES)
        self.want(settings, 0.0)
        self._asked_quality = self._bounds.answer_quality

    @property
    def decision(self) -> RateDecision:
        """How to send now, and why."""
        return self._controller.decision

    def departure_ms(self, came_ms: float) -> float:
        """When a picture that came then may leave: at once if none is nearer to the next frame's turn, else when no newer one has come.

        So what leaves is as fresh as the source has it. A turn taken a little early makes the next one no earlier (`leave`).
        """
        half_interval_ms = self._bounds.frame_interval_ms / 2
        return came_ms if came_ms >= self._due_ms - half_interval_ms else self._due_ms + half_interval_ms

    def want(self, settings: Mapping[str, object], now_ms: float) -> None:
        """The caller wants these settings of the session; those that are not named stay. One that is none is for the server to refuse."""
        quality, output = settings.get("jpeg_quality"), settings.get("output")
        bounds = self._bounds
        if isinstance(quality, int) and not isinstance(quality, bool) and quality in range(1, 101):
            bounds = replace(bounds, answer_quality=quality)
        if isinstance(output, str):
            bounds = replace(bounds, has_picture_answers=output != "landmarks")
        self._set_bounds(bounds, now_ms)

    def see(self, image: bytes | NDArray[np.uint8], now_ms: float) -> None:
        """The caller is about to send that image: what can be adapted depends on what it is."""
        if isinstance(image, bytes):
            self._set_bounds(replace(self._bounds, scales=(1.0,), min_jpeg_quality=self._bounds.jpeg_quality), now_ms)
        else:
            self._set_bounds(replace(self._bounds, capture_long_side_px=max(image.shape[:2]), scales=self._scales), now_ms)

    def encode(self, rgb: NDArray[np.uint8]) -> bytes:
        """A picture as it is to be sent now. Blocks for some milliseconds; may be called on any thread.

        Args:
            rgb: uint8 `(height, width, 3)`, RGB.
        """
        decision = self.decision
        if decision.scale < 1:
            height_px, width_px = (max(1, round(side_px * decision.scale)) for side_px in rgb.shape[:2])
            rgb = np.asarray(cv2.resize(rgb, (width_px, height_px), interpolation=cv2.INTER_AREA), np.uint8)
        return encode_jpeg(rgb, decision.jpeg_quality)

    def leave(self, frame_id: int, now_ms: float) -> bool:
        """That frame is about to leave: the next one waits its time.

        Returns:
            Whether to send a probe with the frame's number right ahead of it.
        """
        interval_ms = self.decision.frame_interval_ms
        # A frame that is late by less than half of the interval does not delay those after it, so the rate is held on average.
        self._due_ms = max(self._due_ms, now_ms - interval_ms / 2) + interval_ms
        wants_probe = self._controller.wants_probe(now_ms)
        if wants_probe:
            self._probes.append((frame_id, now_ms))
        return wants_probe

    def echo(self, frame_id: int, now_ms: float) -> None:
        """The probe of that number has come back."""
        self._probe_times_ms.extend((frame_id, now_ms - sent_ms) for number, sent_ms in self._probes if number == frame_id)

    def answer(self, frame: SentFrame, packed_ms: float, result: FrameResult, down_bytes: int, now_ms: float) -> None:
        """That frame was answered in time.

        Args:
            frame: The frame as the window kept it.
            packed_ms: When its packing began, as finely as was decided then; it may have waited for its place after that.
            result: Its result.
            down_bytes: The length of the result's message.
            now_ms: When that had arrived.
        """
        server_ms = (result.send_time_ns - result.receive_time_ns) / 1e6
        answered = AnsweredFrame(
            sent_ms=packed_ms,
            network_ms=max(0.0, now_ms - frame.sent_ms - server_ms),
            probe_ms=dict(self._probe_times_ms).get(frame.frame_id),
            queue_ms=result.stages_ns.get(Stage.QUEUE, 0) / 1e6,
            work_ms=sum(result.stages_ns.get(stage, 0) for stage in _WORK) / 1e6,
            up_bytes=frame.size_bytes,
            down_bytes=down_bytes,
        )
        self._controller.answered(answered, now_ms)
        self._controller.see_region(result.region_share, now_ms)

    def replace(self, now_ms: float) -> None:
        """The server dropped a frame because a newer one came."""
        self._controller.replaced(now_ms)

    def unadvise(self) -> None:
        """There is another connection, which begins without advice: perhaps to another server."""
        self._controller.advise(None)

    def advise(self, advice: Advice, now_ms: float) -> None:
        """The server advises a rate, and when to begin with it, or no longer does."""
        self._controller.advise(advice.max_frames_per_second)
        if advice.next_frame_in_ms is not None:
            # All turns lie within one interval. A server that says otherwise is not to silence this client.
            self._due_ms = now_ms + min(advice.next_frame_in_ms, self.decision.frame_interval_ms)

    def settings_to_ask_for(self) -> dict[str, object]:
        """The change of settings that the newest decision needs; empty if none."""
        quality = self.decision.answer_quality
        if not self._bounds.has_picture_answers or quality == self._asked_quality:
            return {}
        self._asked_quality = quality
        return {"jpeg_quality": quality}

    def _set_bounds(self, bounds: RateBounds, now_ms: float) -> None:
        if bounds != self._bounds:
            self._bounds = bounds
            self._controller.set_bounds(bounds, now_ms)
