"""The reference engine: `MediaPipeEngine` runs `mp.solutions.hands.Hands` of mediapipe 0.10.21, the last release that has it.

It is the engine of the original system and the judge of parity: it reports exactly what MediaPipe reports, which now and then is one hand
twice. What it adds is the care for many sessions:

- A graph follows one stream of pictures, so two live trackers never share one.
- A graph costs 60 MB and 90 ms. When a tracker is closed its graph waits in a bounded pool for the next tracker of the same options.
- A graph from the pool is first shown a black picture: no hand lies in it, so MediaPipe forgets the hands that it followed. Its own
  `reset()` loads the models again, and 40 sessions that used it left 180 MB behind; with the black picture 120 sessions left 1 MB.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from handstream.errors import HandstreamError
from handstream.frames import Hand
from handstream.vision.engines.identity import HandIdentities
from handstream.vision.engines.native_log import without_lines
from handstream.vision.picture import check_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from handstream.vision.engines import TrackerOptions

__all__ = ["GraphStatistics", "MediaPipeEngine", "MediaPipeTracker", "import_solution"]

MEDIAPIPE_VERSION = "0.10.21"
MAX_IDLE_GRAPHS = 4
"""Graphs kept for later trackers, over all options: 240 MB at the most."""

_NEWEST_PYTHON = (3, 12)
"""The newest Python that mediapipe 0.10.21 has wheels for."""

_LOG_NOISE = (b"XNNPACK delegate", b"absl::InitializeLog", b"inference_feedback_manager", b"landmark_projection_calculator")
"""What MediaPipe writes to standard error for every graph that is well."""

_BLACK = np.zeros((64, 64, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class GraphStatistics:
    """How the pool stands.

    Attributes:
        in_use: Graphs that belong to an open tracker.
        idle: Graphs that wait for the next tracker, at most `max_idle`; the one that has waited longest is closed when one more comes.
        max_idle: The bound.
        made: Graphs made since the engine was opened.
    """

    in_use: int
    idle: int
    max_idle: int
    made: int


class MediaPipeEngine:
    """Opens trackers that run MediaPipe's own hand graph. Safe to use from many threads; makes no model ready before the first tracker."""

    name = "mediapipe"

    def __init__(self) -> None:
        """Imports mediapipe, which takes most of a second.

        Raises:
            HandstreamError: mediapipe 0.10.21 is not installed, or has no wheel for this Python; the text says what to do.
        """
        self._hands_solution = import_solution("hands")
        self._lock = threading.Lock()
        self._idle: deque[tuple[TrackerOptions, Any]] = deque()
        self._open: set[MediaPipeTracker] = set()
        self._made = 0
        self._closed = False

    def open_tracker(self, options: TrackerOptions) -> MediaPipeTracker:
        """A tracker for one session, on a graph that waited or on a new one. Blocks for 15 ms or 90 ms.

        Raises:
            RuntimeError: The engine was closed.
        """
        graph = self._take_idle(options) or self._make_graph(options)
        tracker = MediaPipeTracker(graph, options, on_close=self._take_back)
        with self._lock:
            self._open.add(tracker)
        return tracker

    def statistics(self) -> GraphStatistics:
        """How many graphs there are."""
        with self._lock:
            return GraphStatistics(in_use=len(self._open), idle=len(self._idle), max_idle=MAX_IDLE_GRAPHS, made=self._made)

    def close(self) -> None:
        """Closes every graph; trackers that are still open become unusable. Waits for the pictures that are being processed."""
        with self._lock:
            self._closed = True
            trackers, idle = list(self._open), list(self._idle)
            self._idle.clear()
        for tracker in trackers:
            tracker.close()
        for _, graph in idle:
            _close(graph)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take_idle(self, options: TrackerOptions) -> Any:
        """A graph of those options that has forgotten its hands; None if none waits."""
        while True:
            with self._lock:
                if self._closed:
                    raise RuntimeError("The engine was closed")
                found = next((idle for idle in self._idle if idle[0] == options), None)
                if found is None:
                    return None
                self._idle.remove(found)
            if _forget_hands(found[1]):
                return found[1]
            _close(found[1])

    def _take_back(self, tracker: MediaPipeTracker, graph: Any) -> None:
        """A closed tracker's graph waits for the next one; the graph that has waited longest makes room for it."""
        with self._lock:
            self._open.discard(tracker)
            if not self._closed:
                self._idle.append((tracker.options, graph))
                graph = self._idle.popleft()[1] if len(self._idle) > MAX_IDLE_GRAPHS else None
        if graph is not None:
            _close(graph)

    def _make_graph(self, options: TrackerOptions) -> Any:
        with without_lines(*_LOG_NOISE):
            graph = self._hands_solution.Hands(
                static_image_mode=options.static_image_mode,
                max_num_hands=options.max_hands,
                model_complexity=options.model_complexity,
                min_detection_confidence=options.min_detection_confidence,
                min_tracking_confidence=options.min_tracking_confidence,
            )
            # The first picture loads the models: here rather than in the session's first frame, and with the log lines kept away.
            graph.process(_BLACK)
        with self._lock:
            self._made += 1
        return graph


class MediaPipeTracker:
    """One session's graph, with an identity for each hand: MediaPipe gives its hands no number."""

    def __init__(self, graph: Any, options: TrackerOptions, *, on_close: Callable[[MediaPipeTracker, Any], None]) -> None:
        self.options = options
        self._graph = graph
        self._on_close = on_close
        self._identities = HandIdentities()
        self._lock = threading.Lock()

    def process(self, rgb: NDArray[np.uint8]) -> list[Hand]:
        """As `handstream.vision.engines.Tracker`, with world landmarks."""
        rgb = check_picture(rgb)
        with self._lock:
            self._check_open()
            if self.options.static_image_mode:
                self._identities.forget()
            return self._identities.assign(_hands_of(self._graph.process(rgb)))

    def reset(self) -> None:
        """As `handstream.vision.engines.Tracker`. Blocks for one picture's time."""
        with self._lock:
            self._check_open()
            self._identities.forget()
            if not _forget_hands(self._graph):
                self._graph.reset()

    def close(self) -> None:
        """As `handstream.vision.engines.Tracker`. Blocks for a millisecond at the most, unless a picture is being processed."""
        with self._lock:
            graph, self._graph = self._graph, None
        if graph is not None:
            self._on_close(self, graph)

    def _check_open(self) -> None:
        if self._graph is None:
            raise RuntimeError("The tracker was closed")


def _hands_of(results: Any) -> list[Hand]:
    """MediaPipe's result for one picture as our values, in MediaPipe's order."""
    if results.multi_hand_landmarks is None:
        return []
    found = zip(results.multi_handedness, results.multi_hand_landmarks, results.multi_hand_world_landmarks, strict=True)
    return [
        Hand(
            handedness=handedness.classification[0].label,
            score=handedness.classification[0].score,
            landmarks=_points(landmarks),
            world_landmarks=_points(world_landmarks),
        )
        for handedness, landmarks, world_landmarks in found
    ]


def _points(landmark_list: Any) -> NDArray[np.float32]:
    return np.array([(point.x, point.y, point.z) for point in landmark_list.landmark], np.float32)


def _forget_hands(graph: Any) -> bool:
    """Shows the graph a black picture. False where it is unfit for another stream: it failed, or it follows a hand even there."""
    try:
        return graph.process(_BLACK).multi_hand_landmarks is None
    except RuntimeError:
        return False


def _close(graph: Any) -> None:
    # A graph that has failed reports its failure once more when it is closed; whoever used it has seen it already.
    with suppress(RuntimeError):
        graph.close()


def import_solution(name: str) -> Any:
    """The module of that name in `mediapipe.python.solutions`; imported here because it is an optional extra and takes most of a second.

    Raises:
        HandstreamError: As `MediaPipeEngine` does.
    """
    try:
        return import_module(f"mediapipe.python.solutions.{name}")
    except ImportError as error:
        raise HandstreamError(_how_to_install(error), code="missing_extra") from error


def _how_to_install(error: ImportError) -> str:
    major, minor = sys.version_info[:2]
    if (major, minor) > _NEWEST_PYTHON:
        return (
            f"The mediapipe engine needs mediapipe {MEDIAPIPE_VERSION}, which has no wheel for Python {major}.{minor}. "
            "Use --engine openvino, which needs no mediapipe, or run handstream on Python 3.11 or 3.12."
        )
    return (
        f"The mediapipe engine needs mediapipe {MEDIAPIPE_VERSION} ({error}). Install it with\n"
        f"  pip install 'handstream[mediapipe]'\n"
        f"  pip install --no-deps mediapipe=={MEDIAPIPE_VERSION}"
    )
