"""`Hands`, the drop-in for `mediapipe.solutions.hands.Hands`, on handstream's own engine.

Arguments, defaults, results and errors are those of mediapipe 0.10.21. Where MediaPipe takes a nonsensical argument and later aborts
the process or finds nothing (a model complexity of 2, no hands at all, a confidence of 1.5), `Hands` raises ValueError.
"""

from __future__ import annotations

import operator
import time
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

import handstream
from handstream.frames import HAND_CONNECTIONS as _CONNECTION_PAIRS
from handstream.frames import HandLandmark
from handstream.solutions.messages import ClassificationList, LandmarkList, NormalizedLandmarkList

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from handstream.frames import Hand

__all__ = ["HAND_CONNECTIONS", "HandLandmark", "Hands", "SolutionOutputs"]

HAND_CONNECTIONS = frozenset(_CONNECTION_PAIRS)
"""Pairs of landmark indices that a skeleton joins with a line."""

_HANDEDNESS_INDEX = {"Left": 0, "Right": 1}
"""MediaPipe's class indices, from `mediapipe/modules/hand_landmark/handedness.txt`."""


_PICTURE_INTERVAL_NS = 33_333_000
"""MediaPipe's legacy solutions take a stream's pictures to be 33,333 us apart (`mediapipe/python/solution_base.py`)."""


class SolutionOutputs(NamedTuple):
    """What was found in one picture. The lists have one entry a hand, in the same order; with no hand, each is None.

    Attributes:
        multi_hand_landmarks: The landmarks in the picture: `.landmark[i].x`, `.y`, `.z`, normalised.
        multi_hand_world_landmarks: The landmarks in metres around the hand's centre, in the same form.
        multi_handedness: `.classification[0].label` is "Left" or "Right" and `.score` how sure the model is. The picture is
            taken to be mirrored; in one that is not, a person's right hand is "Left".
    """

    multi_hand_landmarks: list[NormalizedLandmarkList] | None = None
    multi_hand_world_landmarks: list[LandmarkList] | None = None
    multi_handedness: list[ClassificationList] | None = None


class Hands:
    """Finds the hands in pictures, or follows them through a video. A context manager; for one thread at a time.

    While a hand is followed, further ones are searched for beside the pictures, every 125 ms at most. A picture counts for 33 ms there if
    it comes sooner, so that a video file that is read faster than it was filmed is searched as often as it would be before a camera.

    Args:
        static_image_mode: The pictures have nothing to do with each other: hands are searched for in each, none is followed.
        max_num_hands: The most hands that are reported, 1 or more.
        model_complexity: 0 for the lite models, 1 for the full ones.
        min_detection_confidence: The least score of a palm detection, 0..1.
        min_tracking_confidence: The least hand presence for a hand to be reported and followed, 0..1.

    Raises:
        TypeError: A whole number or a real number is something else.
        ValueError: A number is out of its range.
        handstream.errors.HandstreamError: The models cannot be had.
    """

    def __init__(
        self,
        static_image_mode: bool = False,  # noqa: FBT001, FBT002 - MediaPipe's signature
        max_num_hands: int = 2,
        model_complexity: int = 1,
        min_detection_confidence: float = 0.5,
        min_tracking_confidence: float = 0.5,
    ) -> None:
        self._tracker: handstream.HandTracker | None = handstream.HandTracker(
            max_hands=operator.index(max_num_hands),
            model_complexity=operator.index(model_complexity),
            min_detection_confidence=_real(min_detection_confidence),
            min_tracking_confidence=_real(min_tracking_confidence),
            static_image_mode=bool(static_image_mode),
        )
        self._time_ns = 0

    def process(self, image: NDArray[Any]) -> SolutionOutputs:
        """Finds the hands in the next picture. Blocks while the networks run.

        Args:
            image: uint8 `(height, width, 3)`, RGB, of any memory layout.

        Raises:
            ValueError: The picture has not three channels, or this object was closed.
            AttributeError: The picture is no array.
            IndexError: The array has fewer than three dimensions.
            TypeError: The array is not of bytes.
            RuntimeError: The picture is empty.
        """
        if self._tracker is None:
            raise ValueError("_graph is None in SolutionBase")
        picture = _rgb_picture(image)
        self._time_ns = max(self._time_ns + _PICTURE_INTERVAL_NS, time.monotonic_ns())
        hands = self._tracker.process(picture, time_ns=self._time_ns)
        if not hands:
            return SolutionOutputs()
        return SolutionOutputs(
            [NormalizedLandmarkList.from_points(hand.landmarks) for hand in hands],
            [LandmarkList.from_points(hand.world_landmarks) for hand in hands if hand.world_landmarks is not None],
            [_handedness(hand) for hand in hands],
        )

    def reset(self) -> None:
        """Forgets the hands that are followed, as before the first picture. Does nothing after `close`."""
        if self._tracker is not None:
            self._tracker.reset()

    def close(self) -> None:
        """Releases the tracker. Raises ValueError the second time, as MediaPipe does."""
        if self._tracker is None:
            raise ValueError("Closing SolutionBase._graph which is already None")
        self._tracker.close()
        self._tracker = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _real(value: object) -> float:
    """The number as a float. `float` alone would take text as well."""
    if not isinstance(value, Real):
        raise TypeError(f"must be real number, not {type(value).__name__}")
    return float(value)


def _rgb_picture(image: NDArray[Any]) -> NDArray[np.uint8]:
    """The picture as the tracker takes it, or MediaPipe's error with a note that says what is asked for."""
    try:
        channel_count = image.shape[2]
    except (AttributeError, IndexError) as error:
        error.add_note("Hands.process takes an RGB picture: a uint8 array of height x width x 3. Did cv2.imread or VideoCapture.read fail?")
        raise
    if channel_count != 3:  # noqa: PLR2004 - red, green, blue
        raise ValueError("Input image must contain three channel rgb data.")
    if image.size == 0:
        raise RuntimeError(f"ROI width and height must be > 0: the picture is {image.shape[1]} x {image.shape[0]} pixels.")
    return np.ascontiguousarray(image.astype(np.uint8, casting="safe", copy=False))


def _handedness(hand: Hand) -> ClassificationList:
    made = ClassificationList()
    made.classification.add(index=_HANDEDNESS_INDEX[hand.handedness], score=hand.score, label=hand.handedness)
    return made
