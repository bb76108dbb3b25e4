"""One session's frame from encoded image to result: decode, track, annotate, encode. `FramePipeline.process_frame` is the entry point."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from handstream.errors import FrameError
from handstream.frames import Frame, FrameResult, Stage
from handstream.protocol.detail import useful_long_side_px
from handstream.protocol.settings import Limits, SessionSettings
from handstream.protocol.trace import Trace
from handstream.protocol.wire import MAX_SIDE_PX
from handstream.vision.annotate import annotate
from handstream.vision.codec import decode, encode_jpeg, probe
from handstream.vision.engines import TrackerOptions
from handstream.vision.roi import smallest_region_px

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from handstream.frames import Hand
    from handstream.vision.codec import ImageHeader
    from handstream.vision.engines import Engine, Tracker

__all__ = ["FramePipeline", "tracker_options"]


class FramePipeline:
    """Processes the frames of one session, which owns one tracker through it. Used by one thread at a time.

    The tracker is opened with the first frame, and anew when a setting of the tracking changes.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        max_frame_pixels: int = Limits().max_frame_pixels,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Opens nothing yet.

        Args:
            engine: Where the tracker comes from. It outlives the pipeline.
            max_frame_pixels: The most pixels that an image may declare.
            clock: The monotonic clock of all stamps, in nanoseconds.
        """
        self._engine = engine
        self._max_frame_pixels = max_frame_pixels
        self._clock = clock
        self._tracker: Tracker | None = None
        self._tracker_settings: SessionSettings | None = None
        self._next_hand_id = 0
        self._hand_id_base = 0
        self._region_share: float | None = None

    def process_frame(self, image: bytes | Frame, settings: SessionSettings | None = None, *, trace: Trace | None = None) -> FrameResult:
        """Finds the hands in the session's next frame. Blocks for as long as decoder, networks and encoder take.

        Args:
            image: A whole JPEG, PNG or WebP, or a frame that holds one.
            settings: What to look for and what to give back; None is the defaults.
            trace: The frame's stamps so far, which is carried on; None begins anew.

        Returns:
            The result, with the annotated JPEG if the settings ask for an image, and with the spans of all stages so far.

        Raises:
            FrameError: The image cannot be used. The tracker has not seen it.
        """
        frame = image if isinstance(image, Frame) else Frame(0, image, receive_time_ns=self._clock())
        settings = settings or SessionSettings()
        trace = trace or Trace(frame.receive_time_ns)
        header = probe(frame.image)
        width_px, height_px = resolution_wh = _resolution(header)
        rgb = self._decode(frame.image, header, settings)
        trace.end(Stage.DECODE, self._clock())
        hands = self._track(rgb, settings)
        # Here, where the tracker has just reckoned with regions, it takes half as long as after the encoder has used the caches.
        region_px = smallest_region_px(hands, resolution_wh)
        trace.end(Stage.TRACK, self._clock())
        annotated = self._annotate(rgb, hands, settings.jpeg_quality, trace) if settings.output.has_image else None
        result = FrameResult(
            frame_id=frame.frame_id,
            capture_time_ns=frame.capture_time_ns,
            width_px=width_px,
            height_px=height_px,
            hands=hands,
            image=annotated,
            stages_ns=trace.spans_ns,
            receive_time_ns=frame.receive_time_ns,
            region_px=region_px,
        )
        self._region_share = result.region_share
        return result

    def close(self) -> None:
        """Closes the tracker. A second call does nothing."""
        tracker, self._tracker = self._tracker, None
        if tracker is not None:
            tracker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _decode(self, image: bytes, header: ImageHeader, settings: SessionSettings) -> NDArray[np.uint8]:
        """The picture: whole where it is given back or a hand is still to be found, else as large as the last frame's hands ask for."""
        region_share = None if settings.output.has_image else self._region_share
        return decode(image, max_pixels=self._max_frame_pixels, least_long_side_px=useful_long_side_px(region_share), header=header)

    def _track(self, rgb: NDArray[np.uint8], settings: SessionSettings) -> tuple[Hand, ...]:
        hands = self._tracker_for(settings).process(rgb)
        if self._hand_id_base:
            hands = [replace(hand, hand_id=hand.hand_id + self._hand_id_base) for hand in hands]
        self._next_hand_id = max([self._next_hand_id, *(hand.hand_id + 1 for hand in hands)])
        return tuple(hands)

    def _tracker_for(self, settings: SessionSettings) -> Tracker:
        if self._tracker is not None and self._tracker_settings is not None and settings.tracks_like(self._tracker_settings):
            return self._tracker
        self.close()
        # A new tracker numbers its hands from the start again; within a session no number may mean two hands.
        self._hand_id_base = self._next_hand_id
        self._tracker_settings = settings
        self._tracker = self._engine.open_tracker(tracker_options(settings))
        return self._tracker

    def _annotate(self, rgb: NDArray[np.uint8], hands: tuple[Hand, ...], jpeg_quality: int, trace: Trace) -> bytes:
        """Draws into the decoded picture, which is ours, and encodes it."""
        annotate(rgb, hands)
        trace.end(Stage.ANNOTATE, self._clock())
        image = encode_jpeg(rgb, jpeg_quality)
        trace.end(Stage.ENCODE, self._clock())
        return image


def _resolution(header: ImageHeader) -> tuple[int, int]:
    """Width and height of the picture, upright."""
    resolution_wh = header.upright_wh
    if max(resolution_wh) > MAX_SIDE_PX:
        message = f"The image has {resolution_wh[0]}x{resolution_wh[1]} pixels; no side may have more than {MAX_SIDE_PX}."
        raise FrameError(message, code="image_too_large")
    return resolution_wh


def tracker_options(settings: SessionSettings) -> TrackerOptions:
    """What an engine is asked for by those settings."""
    return TrackerOptions(
        max_hands=settings.max_hands,
        model_complexity=settings.model_complexity,
        min_detection_confidence=settings.min_detection_confidence,
        min_tracking_confidence=settings.min_tracking_confidence,
    )
