"""What a session may ask for."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.errors import MessageError
from handstream.frames import Output
from handstream.protocol.settings import Limits, SessionSettings

LIMITS = Limits(max_hands=3)
NAMES = [field.name for field in fields(SessionSettings)]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)

GOOD = [
    ("output", "landmarks", Output.LANDMARKS),
    ("jpeg_quality", 1, 1),
    ("jpeg_quality", 100.0, 100),
    ("max_hands", 3, 3),
    ("model_complexity", 1, 1),
    ("min_detection_confidence", 0, 0.0),
    ("min_tracking_confidence", 1, 1.0),
    ("world_landmarks", True, True),
]


@pytest.mark.parametrize(("name", "value", "becomes"), GOOD)
def test_a_value_within_its_range_is_taken(name: str, value: object, becomes: object) -> None:
    changed = SessionSettings().changed({name: value}, LIMITS)
    assert getattr(changed, name) == becomes
    assert type(getattr(changed, name)) is type(becomes)


BAD = [
    ("output", "video", '"annotated" or "landmarks" or "both"'),
    ("output", 1, '"annotated"'),
    ("output", ["both"], '"annotated"'),
    ("jpeg_quality", 0, "1..100"),
    ("jpeg_quality", 101, "1..100"),
    ("jpeg_quality", 50.5, "a whole number"),
    ("jpeg_quality", "50", "a whole number"),
    ("jpeg_quality", True, "a whole number"),
    ("jpeg_quality", float("inf"), "1..100"),
    ("max_hands", 4, "1..3"),
    ("max_hands", 0, "1..3"),
    ("model_complexity", 2, "0..1"),
    ("min_detection_confidence", 1.01, "0..1"),
    ("min_tracking_confidence", -0.1, "0..1"),
    ("min_tracking_confidence", False, "0..1"),
    ("world_landmarks", 1, "true or false"),
    ("size", 1, "There are output, jpeg_quality"),
]


@pytest.mark.parametrize(("name", "value", "told"), BAD)
def test_a_value_beyond_its_range_is_refused_by_name(name: str, value: object, told: str) -> None:
    with pytest.raises(MessageError) as refused:
        SessionSettings().changed({name: value}, LIMITS)
    assert refused.value.code == "bad_settings"
    assert name in str(refused.value)
    assert told in str(refused.value)


def test_nothing_of_a_bad_change_takes_effect() -> None:
    settings = SessionSettings()
    with pytest.raises(MessageError):
        settings.changed({"jpeg_quality": 10, "max_hands": 99}, LIMITS)
    assert settings == SessionSettings()


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), JSON, max_size=4))
def test_whatever_a_client_writes_is_taken_whole_or_refused(changes: dict[str, Any]) -> None:
    changed = _changed(changes)
    if isinstance(changed, MessageError):
        assert changed.code == "bad_settings"
        assert len(str(changed)) < 300
    else:
        assert SessionSettings().changed(changed.as_json(), LIMITS) == changed
        assert {name: changed.as_json()[name] for name in changes} == changes


def _changed(changes: dict[str, Any]) -> SessionSettings | MessageError:
    try:
        return SessionSettings().changed(changes, LIMITS)
    except MessageError as error:
        return error


@pytest.mark.parametrize("name", NAMES)
def test_a_tracker_serves_on_unless_the_tracking_changes(name: str) -> None:
    other: dict[str, object] = {
        "output": "both",
        "jpeg_quality": 51,
        "max_hands": 1,
        "model_complexity": 1,
        "min_detection_confidence": 0.1,
        "min_tracking_confidence": 0.1,
        "world_landmarks": True,
    }
    changed = SessionSettings().changed({name: other[name]}, LIMITS)
    assert changed.tracks_like(SessionSettings()) is (name in {"output", "jpeg_quality", "world_landmarks"})
