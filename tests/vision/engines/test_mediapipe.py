from __future__ import annotations

import sys
from importlib.util import find_spec
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest

from handstream.errors import HandstreamError
from handstream.vision.codec import decode
from handstream.vision.engines import TrackerOptions, open_engine
from handstream.vision.engines.mediapipe import MAX_IDLE_GRAPHS, MediaPipeEngine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from handstream.frames import Hand

needs_mediapipe = pytest.mark.skipif(find_spec("mediapipe") is None, reason="mediapipe 0.10.21 is not installed (it has no wheel for 3.13)")

OPTIONS = TrackerOptions()


@pytest.fixture(scope="module")
def engine() -> Iterator[MediaPipeEngine]:
    with MediaPipeEngine() as engine:
        yield engine


@pytest.fixture(scope="module")
def two_hands(data_dir: Path) -> NDArray[np.uint8]:
    return decode((data_dir / "stills" / "hands.jpg").read_bytes(), max_pixels=1 << 20)


@needs_mediapipe
def test_is_opened_by_name() -> None:
    with open_engine("mediapipe") as engine:
        assert engine.name == "mediapipe"


@needs_mediapipe
def test_reports_exactly_what_mediapipe_reports(engine: MediaPipeEngine, two_hands: NDArray[np.uint8]) -> None:
    from mediapipe.python.solutions.hands import Hands  # noqa: PLC0415 - an optional extra

    tracker = engine.open_tracker(OPTIONS)
    with Hands(max_num_hands=2, model_complexity=0, min_detection_confidence=0.7, min_tracking_confidence=0.5) as original:
        for _ in range(3):
            truth = original.process(two_hands)
            hands = tracker.process(two_hands)
            for hand, landmarks, handedness in zip(hands, truth.multi_hand_landmarks, truth.multi_handedness, strict=True):
                assert hand.landmarks == pytest.approx(np.array([(p.x, p.y, p.z) for p in landmarks.landmark]), abs=1e-6)
                assert (hand.handedness, hand.score) == (handedness.classification[0].label, handedness.classification[0].score)
                assert hand.world_landmarks is not None
    tracker.close()


@needs_mediapipe
def test_a_blank_picture_has_no_hand(engine: MediaPipeEngine) -> None:
    tracker = engine.open_tracker(OPTIONS)
    assert tracker.process(np.full((48, 64, 3), 128, np.uint8)) == []
    tracker.close()


@needs_mediapipe
def test_a_hand_keeps_its_identity_until_the_tracker_forgets(engine: MediaPipeEngine, two_hands: NDArray[np.uint8]) -> None:
    tracker = engine.open_tracker(OPTIONS)
    assert [ids(tracker.process(two_hands)) for _ in range(3)] == [[0, 1]] * 3
    tracker.reset()
    assert ids(tracker.process(two_hands)) == [2, 3]
    tracker.close()


@needs_mediapipe
def test_in_static_image_mode_each_picture_stands_alone(engine: MediaPipeEngine, two_hands: NDArray[np.uint8]) -> None:
    tracker = engine.open_tracker(TrackerOptions(static_image_mode=True))
    assert [ids(tracker.process(two_hands)) for _ in range(2)] == [[0, 1], [2, 3]]
    tracker.close()


def ids(hands: list[Hand]) -> list[int]:
    return [hand.hand_id for hand in hands]


@needs_mediapipe
def test_a_session_inherits_nothing_from_the_one_before(engine: MediaPipeEngine, two_hands: NDArray[np.uint8]) -> None:
    # The session before follows hands elsewhere: what it left in the graph would shift the next session's first landmarks.
    first = engine.open_tracker(OPTIONS)
    fresh = [hand.landmarks for hand in first.process(two_hands)]
    first.process(two_hands[:, ::-1].copy())
    first.close()
    made = engine.statistics().made
    second = engine.open_tracker(OPTIONS)
    assert engine.statistics().made == made, "the graph was not taken from the pool"
    assert np.array_equal([hand.landmarks for hand in second.process(two_hands)], fresh)
    second.close()


@needs_mediapipe
def test_two_live_trackers_never_share_a_graph(engine: MediaPipeEngine) -> None:
    trackers = [engine.open_tracker(OPTIONS) for _ in range(3)]
    assert len({id(tracker._graph) for tracker in trackers}) == 3
    for tracker in trackers:
        tracker.close()


@needs_mediapipe
def test_a_closed_tracker_refuses_all_but_a_second_close_which_does_nothing(engine: MediaPipeEngine) -> None:
    tracker = engine.open_tracker(OPTIONS)
    tracker.close()
    before = engine.statistics()
    tracker.close()
    assert engine.statistics() == before
    with pytest.raises(RuntimeError, match="tracker was closed"):
        tracker.process(np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(RuntimeError, match="tracker was closed"):
        tracker.reset()


@needs_mediapipe
def test_a_wrong_array_is_refused(engine: MediaPipeEngine) -> None:
    tracker = engine.open_tracker(OPTIONS)
    with pytest.raises(ValueError, match=r"shape \(height, width, 3\)"):
        tracker.process(np.zeros((8, 8), np.uint8))
    tracker.close()


@needs_mediapipe
def test_writes_nothing_to_standard_error(engine: MediaPipeEngine, capfd: pytest.CaptureFixture[str]) -> None:
    tracker = engine.open_tracker(TrackerOptions(max_hands=3))
    tracker.process(np.zeros((8, 8, 3), np.uint8))
    tracker.close()
    assert capfd.readouterr().err == ""


@needs_mediapipe
@pytest.mark.slow
def test_a_hundred_sessions_that_come_and_go_leave_the_memory_flat(engine: MediaPipeEngine, two_hands: NDArray[np.uint8]) -> None:
    process = psutil.Process()

    def sessions(count: int) -> int:
        for _ in range(count):
            tracker = engine.open_tracker(OPTIONS)
            for _ in range(3):
                assert len(tracker.process(two_hands)) == 2
            tracker.close()
        return process.memory_info().rss

    settled = sessions(10)
    assert sessions(100) - settled < 10 << 20


class FakeHands:
    """Stands for MediaPipe's graph where what matters is who uses it and when."""

    def __init__(self, **_: object) -> None:
        self.closed = False
        self.fails = False
        self.sees_hands_everywhere = False

    def process(self, _: NDArray[np.uint8]) -> SimpleNamespace:
        if self.fails:
            raise RuntimeError("the graph has failed")
        return SimpleNamespace(multi_hand_landmarks=[] if self.sees_hands_everywhere else None)

    def reset(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True
        if self.fails:
            raise RuntimeError("the graph has failed")


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> MediaPipeEngine:
    monkeypatch.setattr("handstream.vision.engines.mediapipe.import_module", lambda _: SimpleNamespace(Hands=FakeHands))
    return MediaPipeEngine()


def test_the_pool_is_bounded_and_closes_the_graph_that_waited_longest(pool: MediaPipeEngine) -> None:
    trackers = [pool.open_tracker(OPTIONS) for _ in range(MAX_IDLE_GRAPHS + 2)]
    graphs: list[Any] = [tracker._graph for tracker in trackers]
    assert pool.statistics().in_use == MAX_IDLE_GRAPHS + 2
    for tracker in trackers:
        tracker.close()
    assert [graph.closed for graph in graphs] == [True, True] + [False] * MAX_IDLE_GRAPHS
    statistics = pool.statistics()
    assert (statistics.in_use, statistics.idle, statistics.made) == (0, statistics.max_idle, MAX_IDLE_GRAPHS + 2)


def test_a_graph_serves_only_the_options_that_it_was_made_for(pool: MediaPipeEngine) -> None:
    pool.open_tracker(OPTIONS).close()
    pool.open_tracker(TrackerOptions(max_hands=1))
    assert pool.statistics().made == 2
    pool.open_tracker(OPTIONS)
    assert pool.statistics().made == 2


@pytest.mark.parametrize("flaw", ["fails", "sees_hands_everywhere"])
def test_a_graph_that_cannot_forget_is_not_used_again(pool: MediaPipeEngine, flaw: str) -> None:
    tracker = pool.open_tracker(OPTIONS)
    graph: Any = tracker._graph
    setattr(graph, flaw, True)
    tracker.close()
    assert pool.open_tracker(OPTIONS)._graph is not graph
    assert graph.closed


def test_closing_the_engine_closes_every_graph(pool: MediaPipeEngine) -> None:
    idle, live = pool.open_tracker(OPTIONS), pool.open_tracker(OPTIONS)
    graphs: list[Any] = [idle._graph, live._graph]
    idle.close()
    pool.close()
    assert all(graph.closed for graph in graphs)
    with pytest.raises(RuntimeError, match="closed"):
        live.process(np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(RuntimeError, match="closed"):
        pool.open_tracker(OPTIONS)


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ((3, 12), ["pip install 'handstream[mediapipe]'", "pip install --no-deps mediapipe==0.10.21"]),
        ((3, 13), ["no wheel for Python 3.13", "--engine openvino"]),
    ],
)
def test_a_missing_mediapipe_is_told_with_the_cure(version: tuple[int, int], told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe.python.solutions.hands", None)
    monkeypatch.setattr(sys, "version_info", (*version, 0, "final", 0))
    with pytest.raises(HandstreamError) as raised:
        MediaPipeEngine()
    assert raised.value.code == "missing_extra"
    assert all(words in str(raised.value) for words in told)
