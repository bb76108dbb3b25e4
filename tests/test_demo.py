"""The demo clip against its truth: the files belong together, are what the code renders, and MediaPipe sees in them what is there."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from handstream.demo import ClipTruth, clip_path, frames, truth
from handstream.demo.accuracy import Accuracy, measure
from handstream.demo.recording import record
from handstream.errors import HandstreamError
from handstream.frames import Hand
from handstream.vision.engines import TrackerOptions, open_engine
from handstream.vision.synthetic import DEMO, Camera, HandTruth, render, truths

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SIZE_LIMIT_BYTES = 2_000_000

# What MediaPipe 0.10.21 reached on this clip (docs/synthetic-hand.md) with some margin: the least share found, the least share of right
# labels, the most mean error and the most p95 error in shares of the palm.
BOUNDS = {
    "still": (1.0, 1.0, 0.030, 0.030),
    "gestures": (1.0, 1.0, 0.050, 0.090),
    "turning": (1.0, 0.967, 0.042, 0.085),
    "two_hands": (1.0, 1.0, 0.048, 0.090),
    "sweep": (0.983, 1.0, 0.050, 0.110),
    "leaving_and_entering": (1.0, 1.0, 0.040, 0.070),
}


def as_found(hand: HandTruth) -> Hand:
    return Hand(hand.label, 0.9, hand.landmarks)


def test_the_truth_belongs_to_the_clip() -> None:
    assert truth().clip_sha256 == hashlib.sha256(clip_path().read_bytes()).hexdigest()


def test_clip_and_truth_are_small() -> None:
    assert clip_path().stat().st_size + clip_path().with_name("hands.truth.json").stat().st_size < SIZE_LIMIT_BYTES


def test_the_clip_is_what_browsers_play_and_can_seek_in() -> None:
    with av.open(str(clip_path())) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name.endswith("vp9")
        assert (stream.codec_context.pix_fmt, stream.width, stream.height) == ("yuv420p", 640, 480)
        assert stream.average_rate == Fraction(30)
        packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
        key_frames = [index for index, packet in enumerate(packets) if packet.is_keyframe]
    assert len(packets) == len(truth().frames) == DEMO.frame_count
    assert max(later - earlier for earlier, later in itertools.pairwise(key_frames)) <= 30


def test_the_truth_is_exactly_what_the_scene_says() -> None:
    fresh = replace(truth(), frames=tuple(tuple(truths(DEMO, index)) for index in range(DEMO.frame_count)), chapters=DEMO.chapters)
    assert fresh.to_json() == clip_path().with_name("hands.truth.json").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("frame_index", [0, 155, 300, 395, 447])
def test_the_clip_shows_what_is_rendered_afresh(frame_index: int) -> None:
    shown = next(frames(frame_index, frame_index + 1))
    assert psnr_db(shown, render(DEMO, frame_index)[0]) > 36.0
    # The bound means something: a neighbour that differs by little motion already falls below it.
    if frame_index != 0:
        assert psnr_db(shown, render(DEMO, frame_index + 2)[0]) < 36.0


def psnr_db(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    mean_square = float(np.mean((first.astype(np.float32) - second.astype(np.float32)) ** 2))
    return float(10 * np.log10(255**2 / mean_square))


def test_frames_can_be_taken_from_the_middle() -> None:
    taken = list(frames(100, 103))
    assert [picture.shape for picture in taken] == [(480, 640, 3)] * 3
    np.testing.assert_array_equal(taken[0], next(itertools.islice(frames(), 100, None)))


def test_chapters_cover_the_clip() -> None:
    covered = [index for chapter in truth().chapters for index in truth().frames_of(chapter.name)]
    assert covered == list(range(len(truth().frames)))
    assert all(truth().chapter(index) == chapter.name for chapter in truth().chapters for index in truth().frames_of(chapter.name))
    with pytest.raises(ValueError, match="the clip's chapters are still, gestures"):
        truth().frames_of("juggling")


def test_another_format_of_truth_is_refused() -> None:
    with pytest.raises(ValueError, match="format 2"):
        ClipTruth.from_json(truth().to_json().replace('"format":1', '"format":2', 1))


def test_recording_gives_the_same_bytes_twice(tmp_path: Path) -> None:
    scene = replace(DEMO, frame_count=3, chapters=DEMO.chapters[:1], camera=Camera(160, 120, 155.0), tracks=())
    seen: list[int] = []
    for folder in ("first", "second"):
        clip, truth_file = record(scene, tmp_path / folder, workers=1, on_frame=lambda: seen.append(1))
        assert ClipTruth.from_json(truth_file.read_text(encoding="utf-8")).clip_sha256 == hashlib.sha256(clip.read_bytes()).hexdigest()
    assert len(seen) == 6
    for name in ("hands.webm", "hands.truth.json"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_accuracy_of_the_truth_itself_is_perfect() -> None:
    for accuracy in measure([[as_found(hand) for hand in hands] for hands in truth().frames], truth()).values():
        assert (accuracy.found, accuracy.label_right, accuracy.unexpected) == (accuracy.hands, accuracy.hands, 0)
        assert accuracy.error_percentile(100) < 1e-4


def test_accuracy_counts_what_is_missed_mistaken_doubled_and_off() -> None:
    hand = as_found(truth().frames[0][0])
    mirrored = replace(hand, handedness="Right")
    palm = truth().frames[0][0].palm_length_px
    shifted = replace(hand, landmarks=hand.landmarks + np.array([0.1 * palm / 640, 0, 0], np.float32))
    far = replace(hand, landmarks=hand.landmarks + np.array([0.5, 0, 0], np.float32))
    found = [[], [mirrored], [hand, hand], [shifted], [far], *([as_found(hand) for hand in hands] for hands in truth().frames[5:])]
    still = measure(found, truth())["still"]
    assert (still.hands, still.found, still.label_right, still.unexpected) == (45, 43, 42, 2)
    assert still.error_percentile(100) == pytest.approx(0.1, rel=1e-3)


def test_accuracy_refuses_another_number_of_frames() -> None:
    with pytest.raises(ValueError, match="longer"):
        measure([[]], truth())


@pytest.fixture(scope="module")
def seen_by_mediapipe() -> dict[str, Accuracy]:
    try:
        engine = open_engine("mediapipe")
    except HandstreamError as error:
        pytest.skip(f"compares with MediaPipe: {error}")
    options = TrackerOptions(max_hands=2, model_complexity=0, min_detection_confidence=0.7, min_tracking_confidence=0.5)
    with engine:
        tracker = engine.open_tracker(options)
        seen = measure((tracker.process(picture) for picture in frames()), truth())
        tracker.close()
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("chapter", BOUNDS)
def test_mediapipe_sees_what_is_there(seen_by_mediapipe: dict[str, Accuracy], chapter: str) -> None:
    found, label_right, mean_error, p95_error = BOUNDS[chapter]
    accuracy = seen_by_mediapipe[chapter]
    assert accuracy.found >= found * accuracy.hands
    assert accuracy.label_right >= label_right * accuracy.found
    assert accuracy.mean_error <= mean_error
    assert accuracy.error_percentile(95) <= p95_error
    assert accuracy.unexpected == 0


def test_bounds_name_every_chapter() -> None:
    assert list(BOUNDS) == [chapter.name for chapter in DEMO.chapters]
