"""The drawings are MediaPipe's, pixel for pixel."""

from __future__ import annotations

import inspect
import sys
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from handstream.solutions import drawing_styles, drawing_utils
from handstream.solutions.drawing_utils import DrawingSpec, draw_landmarks, plot_landmarks
from handstream.solutions.hands import HAND_CONNECTIONS
from handstream.solutions.messages import NormalizedLandmark, NormalizedLandmarkList

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEIGHT_PX, WIDTH_PX = 90, 160


def random_hand(seed: int) -> NormalizedLandmarkList:
    """21 landmarks of which some lie on the picture's edge, outside it, or are marked as hidden or absent."""
    random = np.random.default_rng(seed)
    hand = NormalizedLandmarkList()
    for x, y, z in random.uniform(-0.1, 1.1, (21, 3)).round(2):
        landmark = hand.landmark.add(x=x, y=y, z=z)
        if random.random() < 0.1:
            landmark.visibility = random.random()
        if random.random() < 0.1:
            landmark.presence = random.random()
    hand.landmark.add(x=0.0, y=1.0)
    hand.landmark.add(x=1.0, y=0.0)
    return hand


def picture() -> NDArray[np.uint8]:
    return np.full((HEIGHT_PX, WIDTH_PX, 3), 127, np.uint8)


def drawn(module: Any, hand: NormalizedLandmarkList, *arguments: Any, **named: Any) -> NDArray[np.uint8]:
    image = picture()
    module.draw_landmarks(image, hand, *arguments, **named)
    return image


def default_style(styles: Any) -> tuple[Any, Any]:
    return styles.get_default_hand_landmarks_style(), styles.get_default_hand_connections_style()


@pytest.mark.parametrize("seed", range(20))
def test_the_default_style_is_drawn_as_by_mediapipe(mediapipe: Any, seed: int) -> None:
    hand = NormalizedLandmarkList(landmark=random_hand(seed).landmark[:21])
    ours = drawn(drawing_utils, hand, HAND_CONNECTIONS, *default_style(drawing_styles))
    solutions = mediapipe.solutions
    theirs = drawn(solutions.drawing_utils, hand, solutions.hands.HAND_CONNECTIONS, *default_style(solutions.drawing_styles))
    assert not np.array_equal(ours, picture())
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("arguments", "specs"),
    [
        ((), {}),
        ((HAND_CONNECTIONS,), {}),
        ((None,), {"landmark_drawing_spec": {"color": (1, 2, 3), "thickness": 1, "circle_radius": 9}}),
        ((HAND_CONNECTIONS,), {"connection_drawing_spec": {"color": (9, 8, 7), "thickness": 4}}),
        ((HAND_CONNECTIONS,), {"landmark_drawing_spec": None}),
        ((HAND_CONNECTIONS,), {"is_drawing_landmarks": False}),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_other_arguments_draw_as_in_mediapipe(mediapipe: Any, arguments: tuple[Any, ...], specs: dict[str, Any], seed: int) -> None:
    def named(module: Any) -> dict[str, Any]:
        return {name: module.DrawingSpec(**value) if isinstance(value, dict) else value for name, value in specs.items()}

    theirs_module = mediapipe.solutions.drawing_utils
    ours = drawn(drawing_utils, random_hand(seed), *arguments, **named(drawing_utils))
    assert np.array_equal(ours, drawn(theirs_module, random_hand(seed), *arguments, **named(theirs_module)))


@pytest.mark.parametrize("x", [-1e-12, -1e-3, 0.0, 0.5, 0.999, 1.0, 1.0 + 1e-10, 1.001, float("nan"), float("inf")])
def test_a_point_becomes_the_pixel_that_mediapipe_gives(mediapipe: Any, x: float) -> None:
    for point in ((x, 0.5), (0.5, x)):
        ours = drawing_utils._normalized_to_pixel_coordinates(*point, WIDTH_PX, HEIGHT_PX)
        assert ours == mediapipe.solutions.drawing_utils._normalized_to_pixel_coordinates(*point, WIDTH_PX, HEIGHT_PX)


def test_spec_and_colours_equal_mediapipes(mediapipe: Any) -> None:
    theirs = mediapipe.solutions.drawing_utils
    assert asdict(DrawingSpec()) == asdict(theirs.DrawingSpec())
    assert [field.name for field in fields(DrawingSpec)] == [field.name for field in fields(theirs.DrawingSpec)]
    for name in ("WHITE_COLOR", "BLACK_COLOR", "RED_COLOR", "GREEN_COLOR", "BLUE_COLOR"):
        assert getattr(drawing_utils, name) == getattr(theirs, name)


@pytest.mark.parametrize("name", ["draw_landmarks", "plot_landmarks"])
def test_signatures_equal_mediapipes(mediapipe: Any, name: str) -> None:
    def parameters(module: Any) -> list[tuple[str, str]]:
        return [(key, repr(value.default)) for key, value in inspect.signature(getattr(module, name)).parameters.items()]

    assert parameters(drawing_utils) == parameters(mediapipe.solutions.drawing_utils)


def test_a_picture_without_three_channels_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^Input image must contain three channel bgr data\.$"):
        draw_landmarks(np.zeros((3, 3, 4), np.uint8), random_hand(0))


@pytest.mark.parametrize("connection", [(0, 21), (-1, 3)])
def test_a_connection_to_no_landmark_is_refused(mediapipe: Any, connection: tuple[int, int]) -> None:
    hand = NormalizedLandmarkList(landmark=random_hand(0).landmark[:21])
    messages = []
    for module in (drawing_utils, mediapipe.solutions.drawing_utils):
        with pytest.raises(ValueError, match="Landmark index is out of range") as caught:
            module.draw_landmarks(picture(), hand, [connection])
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_no_hand_draws_nothing() -> None:
    image = picture()
    draw_landmarks(image, None, HAND_CONNECTIONS)
    plot_landmarks(None, HAND_CONNECTIONS)
    assert np.array_equal(image, picture())


def plotted(module: Any, hand: NormalizedLandmarkList, monkeypatch: pytest.MonkeyPatch) -> list[list[object]]:
    """What the plot holds: each line's ends, colour and width, and each landmark's place and colour."""
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="needs matplotlib")
    pyplot.switch_backend("agg")
    monkeypatch.setattr(pyplot, "show", lambda: None)
    module.plot_landmarks(hand, HAND_CONNECTIONS)
    (axes,) = pyplot.gcf().axes
    lines = [[*map(tuple, line.get_data_3d()), line.get_color(), line.get_linewidth()] for line in axes.lines]
    marks = [[*map(tuple, mark._offsets3d), mark.get_facecolor().tolist(), mark.get_linewidth().tolist()] for mark in axes.collections]
    pyplot.close("all")
    return [*lines, *marks, [axes.elev, axes.azim]]


def test_a_plot_holds_what_mediapipes_holds(mediapipe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    hand = random_hand(3)
    ours = plotted(drawing_utils, hand, monkeypatch)
    assert len(ours) > 20
    assert ours == plotted(mediapipe.solutions.drawing_utils, hand, monkeypatch)


def test_without_matplotlib_a_plot_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        plot_landmarks(NormalizedLandmarkList(landmark=[NormalizedLandmark(x=0.5)]))
