"""Compares what a tracker found in the clip with the truth: `measure` gives the figures of each chapter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from handstream.demo.truth import ClipTruth
    from handstream.frames import Hand
    from handstream.vision.synthetic import HandTruth

__all__ = ["Accuracy", "measure"]

_MATCH_SHARE: Final = 0.6  # of the palm's length: a found hand whose mean error is larger is not this hand


@dataclass(slots=True)
class Accuracy:
    """What was found of the hands that were fully in view.

    Attributes:
        hands: How many there were, summed over the frames.
        found: How many of them were found.
        label_right: How many of the found had the right handedness.
        unexpected: Found hands that are no true hand, or one already found.
        errors: For each found hand, the mean distance of its 21 landmarks from the truth in shares of the palm's length in the picture.
    """

    hands: int = 0
    found: int = 0
    label_right: int = 0
    unexpected: int = 0
    errors: list[float] = field(default_factory=list)

    @property
    def mean_error(self) -> float:
        """The mean of `errors`."""
        return float(np.mean(self.errors))

    def error_percentile(self, percent: float) -> float:
        """A percentile of `errors`."""
        return float(np.percentile(self.errors, percent))


def measure(found: Iterable[Sequence[Hand]], truth: ClipTruth) -> dict[str, Accuracy]:
    """Compares the hands found in each frame, from the clip's first frame on, with the truth.

    Hands that are only partly in view count neither as missed nor as unexpected.

    Returns:
        The accuracy by the chapter's name.

    Raises:
        ValueError: There are more or fewer frames than the clip has.
    """
    chapters = {chapter.name: Accuracy() for chapter in truth.chapters}
    for frame_index, (hands, true_hands) in enumerate(zip(found, truth.frames, strict=True)):
        _count_frame(chapters[truth.chapter(frame_index)], list(hands), true_hands)
    return chapters


def _count_frame(accuracy: Accuracy, hands: list[Hand], true_hands: Sequence[HandTruth]) -> None:
    for true_hand in true_hands:
        accuracy.hands += true_hand.is_in_view
        if not hands:
            continue
        errors = [_error(hand, true_hand) for hand in hands]
        nearest = int(np.argmin(errors))
        if errors[nearest] > _MATCH_SHARE:
            continue
        hand = hands.pop(nearest)
        if true_hand.is_in_view:
            accuracy.found += 1
            accuracy.label_right += hand.handedness == true_hand.label
            accuracy.errors.append(errors[nearest])
    accuracy.unexpected += len(hands)


def _error(hand: Hand, true_hand: HandTruth) -> float:
    joints_px = hand.landmarks_px(*true_hand.resolution_wh)[:, :2]
    return float(np.linalg.norm(joints_px - true_hand.joints_px, axis=1).mean()) / true_hand.palm_length_px
