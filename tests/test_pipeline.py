"""The way of one frame: what comes out, what is timed, and when the tracker changes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from handstream.demo import frames, truth
from handstream.demo.accuracy import measure
from handstream.errors import FrameError
from handstream.frames import Frame, Output, Stage
from handstream.pipeline import FramePipeline
from handstream.protocol.detail import SCALES, useful_scale
from handstream.protocol.settings import SessionSettings
from handstream.protocol.trace import Trace
from handstream.vision.codec import decode, encode_jpeg
from handstream.vision.engines.openvino import OpenVINOEngine
from tests.server.fake_engine import FakeEngine
from tests.server.serving import jpeg
from tests.vision.pictures import png_declaring, with_orientation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from handstream.frames import Hand


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


def test_no_more_is_decoded_than_the_networks_can_use(engine: FakeEngine) -> None:
    large = jpeg(width_px=1_600, height_px=1_200)
    landmarks, annotated = SessionSettings(output=Output.LANDMARKS), SessionSettings()
    with FramePipeline(engine) as pipeline:
        results = [pipeline.process_frame(large, settings) for settings in (landmarks, landmarks, annotated, landmarks)]
    assert engine.trackers[0].sizes_wh == [(1_600, 1_200), (200, 150), (1_600, 1_200), (200, 150)], "the first has no hand to go by"
    assert {(result.width_px, result.height_px) for result in results} == {(1_600, 1_200)}
    assert {result.region_px for result in results} == {round((results[0].region_share or 0) * 1_600)}
    assert results[0].region_px * 200 / 1_600 >= 224, "the region keeps as many pixels as the network sees"


def test_where_there_is_no_hand_every_pixel_is_decoded(engine: FakeEngine) -> None:
    settings = SessionSettings(output=Output.LANDMARKS)
    with FramePipeline(engine) as pipeline:
        pipeline.process_frame(jpeg(width_px=1_600, height_px=1_200), settings)
        engine.finds_hands = False
        lost = [pipeline.process_frame(jpeg(width_px=1_600, height_px=1_200), settings) for _ in range(2)]
    assert engine.trackers[0].sizes_wh[1:] == [(200, 150), (1_600, 1_200)]
    assert [result.region_share for result in lost] == [None, None]


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


@pytest.mark.slow
def test_resolution_by_need_leaves_the_accuracy_as_it_is() -> None:
    """Pictures that are sent no larger than the last answer asks for, and decoded so, against whole ones."""
    chapters = ("still", "turning", "sweep")
    with OpenVINOEngine() as engine:
        whole, by_need = (_errors_by_chapter(engine, chapters, by_need=by_need) for by_need in (False, True))
    assert by_need.keys() == whole.keys() == set(chapters)
    for chapter, error in by_need.items():
        assert error <= whole[chapter] + 0.001, chapter


def _errors_by_chapter(engine: OpenVINOEngine, chapters: tuple[str, ...], *, by_need: bool) -> dict[str, float]:
    """The mean error against the truth, in palms, of the landmarks of those chapters of the demo clip."""
    settings = SessionSettings(output=Output.LANDMARKS if by_need else Output.BOTH)
    found: list[list[Hand]] = [[] for _ in truth().frames]
    scales = []
    for chapter in chapters:
        span, scale = truth().frames_of(chapter), 1.0
        with FramePipeline(engine) as pipeline:
            for index, rgb in enumerate(frames(span.start, span.stop), span.start):
                result = pipeline.process_frame(encode_jpeg(_scaled(rgb, scale), 70), settings)
                found[index] = list(result.hands)
                if by_need:
                    scale = 1.0 if result.region_share is None else useful_scale(result.region_share, 640, scale, SCALES)
                scales.append(scale)
    assert (min(scales) < 1) == by_need, "the clip has hands that are near enough"
    return {chapter: accuracy.mean_error for chapter, accuracy in measure(found, truth()).items() if chapter in chapters}


def _scaled(rgb: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    height_px, width_px = rgb.shape[:2]
    size_wh = round(width_px * scale), round(height_px * scale)
    return np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
