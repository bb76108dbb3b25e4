"""The messages behave as protobuf's."""

from __future__ import annotations

import copy
import importlib
import math
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handstream.solutions import messages
from handstream.solutions.hands import HandLandmark
from handstream.solutions.messages import (
    Classification,
    ClassificationList,
    Landmark,
    LandmarkList,
    NormalizedLandmark,
    NormalizedLandmarkList,
)
from tests.solutions.outcome import outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable

POINTS = np.random.default_rng(0).normal(size=(21, 3)).astype(np.float32)


class Protobuf:
    """MediaPipe's generated classes under the names of ours."""

    def __init__(self) -> None:
        landmark_pb2 = importlib.import_module("mediapipe.framework.formats.landmark_pb2")
        classification_pb2 = importlib.import_module("mediapipe.framework.formats.classification_pb2")
        self.NormalizedLandmark = landmark_pb2.NormalizedLandmark
        self.NormalizedLandmarkList = landmark_pb2.NormalizedLandmarkList
        self.Landmark = landmark_pb2.Landmark
        self.LandmarkList = landmark_pb2.LandmarkList
        self.Classification = classification_pb2.Classification
        self.ClassificationList = classification_pb2.ClassificationList


@pytest.fixture(scope="session")
def protobuf(mediapipe: Any) -> Protobuf:
    del mediapipe  # imported for the sake of its submodules
    return Protobuf()


def two(kind: Any) -> Any:
    """A hand of two landmarks."""
    hand = kind.NormalizedLandmarkList()
    hand.landmark.add(x=0.5, y=-0.25, z=1e-9)
    hand.landmark.add(x=1 / 3, visibility=0.75)
    return hand


def changed(message: Any, change: Callable[[Any], object]) -> Any:
    """The message after the change."""
    change(message)
    return message


def append_the_first_and_change_it(hand: Any) -> None:
    hand.landmark.append(hand.landmark[0])
    hand.landmark[0].x = 9


BEHAVIOUR: dict[str, Callable[[Any], object]] = {
    "text of a hand": two,
    "text of an empty message": lambda kind: kind.NormalizedLandmark(),
    "text of small, whole and negative zero": lambda kind: kind.NormalizedLandmark(x=0.1, y=1e-9, z=-0.0),
    "text of large and not a number": lambda kind: kind.NormalizedLandmark(x=1e20, y=123456789, z=float("nan")),
    "text beyond float32": lambda kind: kind.Landmark(x=1e300, y=-1e300),
    "text of a class": lambda kind: kind.Classification(index=1, score=0.98765432, label='Lé"ft\n'),
    "text of classes": lambda kind: kind.ClassificationList(classification=[kind.Classification(index=0, label="Left")]),
    "text of str()": lambda kind: str(two(kind)),
    "text of the repeated field": lambda kind: repr(two(kind).landmark),
    "None is unset": lambda kind: kind.NormalizedLandmark(x=None),
    "default of a number": lambda kind: kind.NormalizedLandmark().presence,
    "default of a text": lambda kind: kind.Classification().display_name,
    "float32 on the way in": lambda kind: kind.NormalizedLandmark(x=0.1).x,
    "a whole number becomes a float": lambda kind: kind.NormalizedLandmark(x=True).x,
    "set a field": lambda kind: changed(two(kind), lambda hand: setattr(hand.landmark[0], "x", 0.75)),
    "set a field to text": lambda kind: setattr(kind.NormalizedLandmark(), "x", "a"),
    "set a field to None": lambda kind: setattr(kind.NormalizedLandmark(), "x", None),
    "set an unknown field": lambda kind: setattr(kind.NormalizedLandmark(), "foo", 1),
    "make with an unknown field": lambda kind: kind.NormalizedLandmark(foo=1),
    "replace a repeated field": lambda kind: setattr(two(kind), "landmark", []),
    "replace an unknown field of a list": lambda kind: setattr(two(kind), "foo", []),
    "HasField of a set field": lambda kind: two(kind).landmark[0].HasField("x"),
    "HasField of an unset field": lambda kind: two(kind).landmark[0].HasField("visibility"),
    "HasField of an unknown field": lambda kind: two(kind).landmark[0].HasField("foo"),
    "HasField of a repeated field": lambda kind: two(kind).HasField("landmark"),
    "HasField of an unknown field of a list": lambda kind: two(kind).HasField("foo"),
    "equal by value": lambda kind: two(kind) == two(kind),
    "unequal by value": lambda kind: two(kind) == changed(two(kind), lambda hand: setattr(hand.landmark[0], "x", 0.75)),
    "unequal by type": lambda kind: kind.NormalizedLandmark(x=1) == kind.Landmark(x=1),
    "unequal when unset": lambda kind: kind.NormalizedLandmark(x=0) == kind.NormalizedLandmark(),
    "unequal to None": lambda kind: kind.NormalizedLandmark() == None,  # noqa: E711 - the operator is what is asked
    "a repeated field equals a list": lambda kind: two(kind).landmark == list(two(kind).landmark),
    "in": lambda kind: kind.NormalizedLandmark(x=0.5, y=-0.25, z=1e-9) in two(kind).landmark,
    "truth of an empty list of landmarks": lambda kind: bool(kind.NormalizedLandmarkList()),
    "len": lambda kind: len(two(kind).landmark),
    "len of the message": lambda kind: len(two(kind)),
    "iteration": lambda kind: [landmark.x for landmark in two(kind).landmark],
    "negative index": lambda kind: two(kind).landmark[-1],
    "enum index": lambda kind: two(kind).landmark[HandLandmark.WRIST],
    "index out of range": lambda kind: two(kind).landmark[2],
    "slice": lambda kind: two(kind).landmark[:1],
    "assign an element": lambda kind: two(kind).landmark.__setitem__(0, kind.NormalizedLandmark()),
    "delete an element": lambda kind: changed(two(kind), lambda hand: hand.landmark.pop(0)),
    "extend": lambda kind: changed(two(kind), lambda hand: hand.landmark.extend(two(kind).landmark)),
    "insert": lambda kind: changed(two(kind), lambda hand: hand.landmark.insert(0, kind.NormalizedLandmark(x=2))),
    "sort": lambda kind: changed(two(kind), lambda hand: hand.landmark.sort(key=lambda landmark: landmark.x)),
    "reverse": lambda kind: changed(two(kind), lambda hand: hand.landmark.reverse()),
    "an appended message is copied": lambda kind: changed(two(kind), append_the_first_and_change_it),
    "CopyFrom": lambda kind: changed(kind.NormalizedLandmarkList(), lambda hand: hand.CopyFrom(two(kind))),
    "copy is independent": lambda kind: changed(two(kind), lambda hand: setattr(copy.copy(hand).landmark[0], "x", 9)),
    "deepcopy is independent": lambda kind: changed(two(kind), lambda hand: setattr(copy.deepcopy(hand).landmark[0], "x", 9)),
    "pickle": lambda kind: pickle.loads(pickle.dumps(two(kind))),
    "hash": lambda kind: hash(kind.NormalizedLandmark()),
}  # fmt: skip


@pytest.mark.parametrize("behaviour", BEHAVIOUR.values(), ids=BEHAVIOUR)
def test_behaviour_equals_protobufs(protobuf: Protobuf, behaviour: Callable[[Any], object]) -> None:
    assert outcome_of(lambda: behaviour(messages)) == outcome_of(lambda: behaviour(protobuf))


@given(st.floats(width=32))
@example(math.copysign(math.nan, -1))
def test_numbers_print_as_in_protobuf(value: float) -> None:
    kind = pytest.importorskip(
        "mediapipe.framework.formats.landmark_pb2", reason="needs mediapipe 0.10.21 to compare with"
    ).NormalizedLandmark
    assert repr(NormalizedLandmark(x=value)) == repr(kind(x=value))


@pytest.mark.parametrize(
    "call",
    [
        lambda: NormalizedLandmark(1, 2),  # type: ignore[call-arg]
        lambda: NormalizedLandmarkList(landmark=[Landmark(x=0.5)]),
        lambda: NormalizedLandmarkList().landmark.append(Landmark()),  # type: ignore[arg-type]
        lambda: NormalizedLandmark().CopyFrom(Landmark()),  # type: ignore[arg-type]
        lambda: Classification(label=3),
        lambda: Classification(index=0.5),
    ],
)
def test_values_of_a_wrong_type_are_refused(call: Callable[[], object]) -> None:
    with pytest.raises(TypeError):
        call()


@pytest.mark.parametrize("kind", [NormalizedLandmarkList, LandmarkList])
def test_points_become_landmarks(kind: type[NormalizedLandmarkList | LandmarkList]) -> None:
    hand = kind.from_points(POINTS)
    assert [[landmark.x, landmark.y, landmark.z] for landmark in hand.landmark] == POINTS.tolist()
    assert hand.landmark[0].HasField("z")
    assert not hand.landmark[0].HasField("visibility")
    assert hand == pickle.loads(pickle.dumps(hand)) == copy.deepcopy(hand)


def test_new_lists_share_nothing() -> None:
    ClassificationList().classification.add(label="Left")
    assert not ClassificationList().classification
