"""The default styles are MediaPipe's."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from handstream.solutions import drawing_styles
from handstream.solutions.hands import HAND_CONNECTIONS, HandLandmark


def test_every_landmark_and_connection_has_a_style() -> None:
    assert set(drawing_styles.get_default_hand_landmarks_style()) == set(HandLandmark)
    assert set(drawing_styles.get_default_hand_connections_style()) == HAND_CONNECTIONS


def test_a_style_is_the_callers_own() -> None:
    drawing_styles.get_default_hand_landmarks_style()[0].color = (1, 2, 3)
    assert drawing_styles.get_default_hand_landmarks_style()[0].color != (1, 2, 3)


@pytest.mark.parametrize("name", ["get_default_hand_landmarks_style", "get_default_hand_connections_style"])
def test_styles_equal_mediapipes(mediapipe: Any, name: str) -> None:
    ours = getattr(drawing_styles, name)()
    theirs = getattr(mediapipe.solutions.drawing_styles, name)()
    assert {key: asdict(spec) for key, spec in ours.items()} == {key: asdict(spec) for key, spec in theirs.items()}
