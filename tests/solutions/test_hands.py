"""`Hands` takes, gives and refuses what MediaPipe's does. The hands themselves come from a stand-in for the tracker here."""

from __future__ import annotations

import inspect
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import handstream
from handstream import solutions
from handstream.frames import Hand
from handstream.solutions.hands import HAND_CONNECTIONS, HandLandmark, Hands
from tests.solutions.outcome import outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

POINTS = np.random.default_rng(0).normal(size=(2, 21, 3)).astype(np.float32)
BLANK = np.full((100, 100, 3), 255, np.uint8)


class FakeTracker:
    """Finds the same two hands in every picture that is not white, and notes what it is given."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.calls: list[str] = []
        self.times_ns: list[int] = []

    def process(self, rgb: NDArray[np.uint8], *, time_ns: int) -> list[Hand]:
        self.times_ns.append(time_ns)
        assert rgb.dtype == np.uint8
        assert rgb.flags.c_contiguous
        if rgb.all():
            return []
        return [Hand("Left", 0.9, POINTS[0], POINTS[0] / 10, 1), Hand("Right", 0.8, POINTS[1], POINTS[1] / 10, 2)]

    def reset(self) -> None:
        self.calls.append("reset")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def trackers(monkeypatch: pytest.MonkeyPatch) -> list[FakeTracker]:
    """The stand-ins that were made, in order."""
    made: list[FakeTracker] = []

    def tracker(**options: Any) -> FakeTracker:
        made.append(FakeTracker(**options))
        return made[-1]

    monkeypatch.setattr(handstream, "HandTracker", tracker)
    return made


def test_names_equal_mediapipes(mediapipe: Any) -> None:
    theirs = mediapipe.solutions.hands
    assert {mark.name: mark.value for mark in HandLandmark} == {mark.name: mark.value for mark in theirs.HandLandmark}
    assert type(HAND_CONNECTIONS) is type(theirs.HAND_CONNECTIONS)
    assert list(HAND_CONNECTIONS) == list(theirs.HAND_CONNECTIONS)


@pytest.mark.parametrize("method", ["__init__", "process", "reset", "close"])
def test_signatures_equal_mediapipes(mediapipe: Any, method: str) -> None:
    def parameters(kind: Any) -> list[tuple[str, object, object]]:
        return [(name, value.default, value.kind) for name, value in inspect.signature(getattr(kind, method)).parameters.items()]

    assert parameters(Hands) == parameters(mediapipe.solutions.hands.Hands)


def test_arguments_reach_the_tracker(trackers: list[FakeTracker]) -> None:
    Hands(True, 1, np.int64(0), np.float32(0.25), 1)  # type: ignore[arg-type]  # what scripts pass
    assert trackers[0].options == {
        "static_image_mode": True,
        "max_hands": 1,
        "model_complexity": 0,
        "min_detection_confidence": 0.25,
        "min_tracking_confidence": 1.0,
    }


def test_hands_have_mediapipes_form(trackers: list[FakeTracker]) -> None:
    results = Hands().process(np.zeros((4, 4, 3), np.uint8))
    assert results._fields == ("multi_hand_landmarks", "multi_hand_world_landmarks", "multi_handedness")
    assert results.multi_hand_landmarks is not None
    assert results.multi_hand_world_landmarks is not None
    assert results.multi_handedness is not None
    assert results.multi_hand_landmarks[1].landmark[HandLandmark.PINKY_TIP].z == POINTS[1, 20, 2]
    assert results.multi_hand_world_landmarks[1].landmark[20].y == (POINTS / 10)[1, 20, 1]
    classes = [handedness.classification[0] for handedness in results.multi_handedness]
    assert [(item.index, item.label) for item in classes] == [(0, "Left"), (1, "Right")]
    assert [item.score for item in classes] == np.array([0.9, 0.8], np.float32).tolist()
    assert pickle.loads(pickle.dumps(results)) == results


def test_pictures_that_come_at_once_count_as_a_cameras(trackers: list[FakeTracker], monkeypatch: pytest.MonkeyPatch) -> None:
    now_ns = iter([10**12, 10**12 + 1_000_000, 10**12 + 2_000_000, 10**12 + 500_000_000])
    monkeypatch.setattr("time.monotonic_ns", lambda: next(now_ns))
    hands = Hands()
    for _ in range(4):
        hands.process(BLANK)
    assert np.diff(trackers[0].times_ns).tolist() == [33_333_000, 33_333_000, 433_334_000]


def test_no_hand_is_none(trackers: list[FakeTracker]) -> None:
    assert tuple(Hands().process(BLANK)) == (None, None, None)


PICTURES: dict[str, Any] = {
    "none": None,
    "a list": [[1]],
    "grey": BLANK[:, :, 0],
    "a row": BLANK[0, 0],
    "four channels": np.zeros((3, 3, 4), np.uint8),
    "one channel": np.zeros((3, 3, 1), np.uint8),
    "float32": BLANK.astype(np.float32),
    "float64": BLANK.astype(np.float64),
    "uint16": BLANK.astype(np.uint16),
    "int8": BLANK.astype(np.int8),
}


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_wrong_pictures_give_mediapipes_error(mediapipe: Any, trackers: list[FakeTracker], picture: Any) -> None:
    with Hands() as ours, mediapipe.solutions.hands.Hands() as theirs:
        assert outcome_of(lambda: ours.process(picture)) == outcome_of(lambda: theirs.process(picture))


def test_an_error_about_no_array_says_what_is_asked_for(trackers: list[FakeTracker]) -> None:
    with pytest.raises(AttributeError) as caught:
        Hands().process(None)  # type: ignore[arg-type]
    assert "uint8" in caught.value.__notes__[0]


def test_an_empty_picture_is_a_runtime_error_and_the_next_one_is_fine(trackers: list[FakeTracker]) -> None:
    hands = Hands()
    with pytest.raises(RuntimeError, match="ROI width and height must be > 0"):
        hands.process(np.zeros((0, 100, 3), np.uint8))
    hands.process(BLANK)


@pytest.mark.parametrize("view", [BLANK[:, ::-1], BLANK[::2, ::2], np.asfortranarray(BLANK), BLANK.astype(bool), BLANK[..., ::-1]])
def test_any_layout_of_bytes_is_taken(trackers: list[FakeTracker], view: NDArray[Any]) -> None:
    assert Hands().process(view).multi_hand_landmarks is None


def close_twice(kind: Any) -> None:
    hands = kind()
    hands.close()
    hands.close()


def process_after_close(kind: Any) -> object:
    hands = kind()
    hands.close()
    return hands.process(np.zeros((3, 3, 4), np.uint8))


def reset_after_close(kind: Any) -> None:
    hands = kind()
    hands.close()
    hands.reset()


def close_within_with(kind: Any) -> None:
    with kind() as hands:
        hands.close()


@pytest.mark.parametrize("steps", [close_twice, process_after_close, reset_after_close, close_within_with])
def test_the_end_of_life_is_mediapipes(mediapipe: Any, trackers: list[FakeTracker], steps: Callable[[Any], object]) -> None:
    assert outcome_of(lambda: steps(Hands)) == outcome_of(lambda: steps(mediapipe.solutions.hands.Hands))


def test_reset_and_close_reach_the_tracker(trackers: list[FakeTracker]) -> None:
    with Hands() as hands:
        hands.reset()
    assert trackers[0].calls == ["reset", "close"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"model_complexity": "1"},
        {"model_complexity": 1.0},
        {"model_complexity": None},
        {"max_num_hands": 2.0},
        {"max_num_hands": None},
        {"min_detection_confidence": "a"},
        {"min_tracking_confidence": "a"},
        {"unknown": 1},
    ],
)
def test_arguments_of_a_wrong_type_give_mediapipes_type_of_error(
    mediapipe: Any, trackers: list[FakeTracker], arguments: dict[str, Any]
) -> None:
    for kind in (Hands, mediapipe.solutions.hands.Hands):
        with pytest.raises(TypeError):
            kind(**arguments)


def test_the_package_gives_solutions_when_asked() -> None:
    assert handstream.solutions is solutions
    assert solutions.hands.Hands is Hands


@pytest.mark.parametrize("name", ["face_mesh", "pose", "holistic"])
def test_other_solutions_are_named_as_missing(name: str) -> None:
    with pytest.raises(AttributeError, match=f"no '{name}'.*hands"):
        getattr(solutions, name)
