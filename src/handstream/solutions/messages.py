"""The records that `Hands.process` gives, with the habits of MediaPipe's protobuf messages and without protobuf.

`NormalizedLandmarkList`, `LandmarkList` and `ClassificationList` come first in use; each holds one repeated field. Field names,
defaults, text form, equality and the errors follow `mediapipe/framework/formats/landmark.proto` and `classification.proto` as the
generated Python classes of protobuf 4 behave. What needs protobuf's descriptors (`MessageToDict`, serialisation) is absent.

Theory of operation: a field that was set lies in the instance's `__dict__`, one that was not is found as the class attribute with
the field's default. So reading a field costs a plain attribute access, and copying and pickling are Python's own.
"""

from __future__ import annotations

import json
import math
import operator
from copy import copy, deepcopy
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

__all__ = [
    "Classification",
    "ClassificationList",
    "Landmark",
    "LandmarkList",
    "Message",
    "NormalizedLandmark",
    "NormalizedLandmarkList",
    "Repeated",
]


class Message:
    """What all messages share: fields by keyword, `HasField`, `CopyFrom`, equality by value, and protobuf's text form.

    Raises:
        ValueError: A keyword is no field of the message.
        TypeError: A value is not of its field's type.
    """

    _fields: ClassVar[dict[str, Callable[[Any], Any]]] = {}
    """The fields in the order of their numbers, each with the function that makes the stored value of a given one."""

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            if name not in self._fields:
                raise ValueError(self._no_field(name))
            if value is not None:
                self.__dict__[name] = self._fields[name](value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._fields:
            raise AttributeError(self._no_field(name))
        self.__dict__[name] = self._fields[name](value)

    def HasField(self, field_name: str) -> bool:  # noqa: N802 - protobuf's name
        """Whether the field was set. Raises ValueError if the message has no such field."""
        if field_name not in self._fields:
            raise ValueError(self._no_field(field_name))
        return field_name in self.__dict__

    def CopyFrom(self, other_msg: Self) -> None:  # noqa: N802 - protobuf's name
        """Makes this message equal to another of the same type and independent of it. Raises TypeError for another type."""
        if type(other_msg) is not type(self):
            raise TypeError(f"Parameter to CopyFrom() must be instance of same class: expected {type(self)} got {type(other_msg)}.")
        state = deepcopy(other_msg.__dict__)
        self.__dict__.clear()
        self.__dict__.update(state)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # a message can change, so it has no hash, as in protobuf

    def __repr__(self) -> str:
        return "".join(_text(name, self.__dict__[name]) for name in self._fields if name in self.__dict__)

    def _no_field(self, name: str) -> str:
        return f'Protocol message {type(self).__name__} has no "{name}" field.'


MessageT = TypeVar("MessageT", bound=Message)


class Repeated(list[MessageT], Generic[MessageT]):
    """A repeated field: a list that holds messages of one type and copies what is put into it, as protobuf's does."""

    element_type: ClassVar[type[Message]]

    def __init__(self, messages: Iterable[MessageT] = ()) -> None:
        super().__init__(map(self._copied, messages))

    def add(self, **values: Any) -> MessageT:
        """Appends a new message with these fields and returns it."""
        super().append(self.element_type(**values))  # type: ignore[arg-type]  # each subclass names the type of its elements
        return self[-1]

    def append(self, message: MessageT) -> None:
        """Appends a copy. Raises TypeError for a message of another type, as the methods below do."""
        super().append(self._copied(message))

    def extend(self, messages: Iterable[MessageT]) -> None:
        """Appends copies."""
        super().extend(map(self._copied, messages))

    def insert(self, index: int, message: MessageT) -> None:  # type: ignore[override]  # list's arguments are positional only
        """Inserts a copy before that index."""
        super().insert(index, self._copied(message))

    def __setitem__(self, index: Any, message: Any) -> None:
        raise TypeError("does not support assignment")

    def _copied(self, message: MessageT) -> MessageT:
        if type(message) is not self.element_type:
            raise TypeError(f"Parameter to MergeFrom() must be instance of same class: expected {self.element_type} got {type(message)}.")
        return copy(message)


class RecordList(Message):
    """A message whose one field is repeated. The field cannot be replaced, only its contents."""

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        for name, repeated_type in self._fields.items():
            self.__dict__.setdefault(name, repeated_type(()))

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._fields:
            raise AttributeError(self._no_field(name))
        raise AttributeError(f'Assignment not allowed to message, map, or repeated field "{name}" in protocol message object.')

    def HasField(self, field_name: str) -> bool:  # noqa: N802 - protobuf's name
        """Raises ValueError always: a repeated field is never unset, only empty."""
        if field_name not in self._fields:
            raise ValueError(self._no_field(field_name))
        raise ValueError(f"Field mediapipe.{type(self).__name__}.{field_name} does not have presence.")

    def __copy__(self) -> Self:
        return deepcopy(self)


def _float32(value: Any) -> float:
    """The value as float32 holds it, as a Python float; beyond float32's range it is infinite, as in protobuf."""
    if not hasattr(value, "__float__"):
        raise TypeError(f"must be real number, not {type(value).__name__}")
    with np.errstate(over="ignore"):
        return float(np.float32(value))


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"bad argument type for built-in operation: a text field takes str, not {type(value).__name__}")
    return value


def _text(name: str, value: Any) -> str:
    """One field in protobuf's text form, each line ended."""
    if isinstance(value, Repeated):
        return "".join(f"{name} {{\n{_indented(repr(message))}}}\n" for message in value)
    if isinstance(value, float):
        return f"{name}: {_shortest_float32(value)}\n"
    return f"{name}: {json.dumps(value, ensure_ascii=False)}\n"


def _indented(lines: str) -> str:
    return "".join(f"  {line}\n" for line in lines.splitlines())


def _shortest_float32(value: float) -> str:
    """Six significant digits where they give the float32 back, else the nine that always do, as protobuf prints it; of a NaN, its sign."""
    if math.isnan(value):
        return "-nan" if math.copysign(1, value) < 0 else "nan"
    short = f"{value:.6g}"
    return short if np.float32(short) == np.float32(value) else f"{value:.9g}"


class Point(Message):
    """The fields of both kinds of landmark, float32 as in the .proto files."""

    _fields = dict.fromkeys(("x", "y", "z", "visibility", "presence"), _float32)

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    visibility: float = 0.0
    presence: float = 0.0


class NormalizedLandmark(Point):
    """A landmark in the picture: x, y over the picture's width and height, z relative to the wrist on the scale of x."""


class Landmark(Point):
    """A landmark in the world: metres around the hand's geometric centre."""


class Classification(Message):
    """One class with its score: for handedness, index 0 is "Left" and 1 is "Right"."""

    _fields: ClassVar = {"index": operator.index, "score": _float32, "label": _string, "display_name": _string}

    index: int = 0
    score: float = 0.0
    label: str = ""
    display_name: str = ""


class NormalizedLandmarks(Repeated[NormalizedLandmark]):
    """The repeated field of `NormalizedLandmarkList`."""

    element_type = NormalizedLandmark


class Landmarks(Repeated[Landmark]):
    """The repeated field of `LandmarkList`."""

    element_type = Landmark


class Classifications(Repeated[Classification]):
    """The repeated field of `ClassificationList`."""

    element_type = Classification


class PointList(RecordList):
    """What both lists of landmarks share."""

    landmark: Repeated[Any]

    @classmethod
    def from_points(cls, points: NDArray[np.float32]) -> Self:
        """A list of landmarks from a float32 `(n, 3)` array of x, y, z."""
        made = cls()
        for x, y, z in points.tolist():
            # The values are float32 already, so that the checks of `add` would only cost time: 63 of them a hand.
            landmark = made.landmark.element_type()
            landmark.__dict__.update(x=x, y=y, z=z)
            list.append(made.landmark, landmark)
        return made


class NormalizedLandmarkList(PointList):
    """The landmarks of one hand in the picture."""

    _fields: ClassVar = {"landmark": NormalizedLandmarks}

    landmark: NormalizedLandmarks


class LandmarkList(PointList):
    """The landmarks of one hand in the world."""

    _fields: ClassVar = {"landmark": Landmarks}

    landmark: Landmarks


class ClassificationList(RecordList):
    """The handedness of one hand: one classification."""

    _fields: ClassVar = {"classification": Classifications}

    classification: Classifications
