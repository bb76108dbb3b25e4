"""The way of one frame: what comes out, what is timed, and when the tracker changes."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from handstream.errors import FrameError
from handstream.frames import Frame, Output, Stage
from handstream.pipeline import FramePipeline
from handstream.protocol.settings import SessionSettings
from handstream.protocol.trace import Trace
from handstream.vision.codec import decode
from tests.server.fake_engine import FakeEngine
from tests.server.serving import jpeg
from tests.vision.pictures import png_declaring, with_orientation


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


def pipeline_of(engine: FakeEngine, step_ns: int = 1_000) -> FramePipeline:
    """A pipeline whose clock moves by one step whenever it is read."""
    ticks = itertools.count(1_000_000, step_ns)
    return FramePipeline(engine, clock=lambda: next(ticks))


def test_bytes_are_enough(engine: FakeEngine) -> None:
    with FramePipeline(engine) as pipeline:
        result = pipeline.process_frame(jpeg(width_px=160, height_px=120))
    assert (result.width_px, result.height_px) == (160, 120)
    assert len(result.hands) == 2
    assert result.image is not None
    assert decode(result.image, max_pixels=160 * 120).shape == (120, 160, 3)


def test_the_frame_is_echoed_and_every_stage_is_a_span(engine: FakeEngine) -> None:
    frame = Frame(7, jpeg(), capture_time_ns=3, receive_time_ns=999_000)
    trace = Trace(frame.receive_time_ns)
    trace.end(Stage.RECEIVE, 999_500)
    trace.end(Stage.QUEUE, 999_900)
    with pipeline_of(engine) as pipeline:
        result = pipeline.process_frame(frame, SessionSettings(output=Output.BOTH), trace=trace)
    assert (result.frame_id, result.capture_time_ns, result.receive_time_ns) == (7, 3, 999_000)
    assert dict(result.stages_ns) == {
        Stage.RECEIVE: 500,
        Stage.QUEUE: 400,
        Stage.DECODE: 100,
        Stage.TRACK: 1_000,
        Stage.ANNOTATE: 1_000,
        Stage.ENCODE: 1_000,
    }


def test_landmarks_are_neither_drawn_nor_encoded(engine: FakeEngine) -> None:
    with FramePipeline(engine) as pipeline:
        result = pipeline.process_frame(jpeg(), SessionSettings(output=Output.LANDMARKS))
    assert result.image is None
    assert list(result.stages_ns) == [Stage.DECODE, Stage.TRACK]


def test_the_size_is_that_of_the_upright_picture(engine: FakeEngine) -> None:
    with FramePipeline(engine) as pipeline:
        result = pipeline.process_frame(with_orientation(jpeg(width_px=160, height_px=120), 6))
    assert (result.width_px, result.height_px) == (120, 160)


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (b"", "empty_message"),
        (b"GIF89a", "not_an_image"),
        (jpeg(width_px=320)[:-200], "truncated_image"),
        (png_declaring(30_000, 30_000), "image_too_large"),
    ],
)
def test_an_image_that_cannot_be_used_never_reaches_the_tracker(engine: FakeEngine, image: bytes, code: str) -> None:
    with FramePipeline(engine) as pipeline:
        with pytest.raises(FrameError) as caught:
            pipeline.process_frame(image)
        assert caught.value.code == code
        assert engine.trackers == []
        pipeline.process_frame(jpeg())


def test_a_side_that_a_result_cannot_say_is_refused(engine: FakeEngine) -> None:

    image = cv2.imencode(".png", np.zeros((1, 65_536, 3), np.uint8))[1].tobytes()
    with FramePipeline(engine) as pipeline, pytest.raises(FrameError, match="65536x1"):
        pipeline.process_frame(image)


def test_the_limit_of_pixels_is_the_pipelines(engine: FakeEngine) -> None:
    with FramePipeline(engine, max_frame_pixels=64 * 48 - 1) as pipeline, pytest.raises(FrameError, match="64x48"):
        pipeline.process_frame(jpeg())


def test_the_tracker_is_opened_with_the_first_frame_and_kept(engine: FakeEngine) -> None:
    pipeline = FramePipeline(engine)
    assert engine.trackers == []
    for quality in (10, 50, 90):
        pipeline.process_frame(jpeg(), SessionSettings(jpeg_quality=quality))
    assert len(engine.trackers) == 1
    pipeline.close()
    pipeline.close()
    assert engine.open_trackers == 0


@pytest.mark.parametrize(
    "change", [{"max_hands": 1}, {"model_complexity": 1}, {"min_detection_confidence": 0.1}, {"min_tracking_confidence": 0.1}]
)
def test_a_setting_of_the_tracking_starts_it_anew(engine: FakeEngine, change: dict[str, float]) -> None:
    with FramePipeline(engine) as pipeline:
        before = pipeline.process_frame(jpeg(), SessionSettings())
        after = pipeline.process_frame(jpeg(), SessionSettings(**change))  # type: ignore[arg-type]
        again = pipeline.process_frame(jpeg(), SessionSettings(**change))  # type: ignore[arg-type]
        assert [tracker.closed for tracker in engine.trackers] == [True, False]
        (name, value), *_ = change.items()
        assert getattr(engine.trackers[1].options, name) == value
    ids = [{hand.hand_id for hand in result.hands} for result in (before, after, again)]
    assert ids[0].isdisjoint(ids[1]), "a number never means another hand"
    assert ids[1] == ids[2]
