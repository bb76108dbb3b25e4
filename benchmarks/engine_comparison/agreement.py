"""How well two engines agree on a scene: `agreement` of an engine with a reference, `errors_to_truth` of both with known joints.

A distance of two hands is the mean distance of their 21 landmarks in the picture, over the reference's palm length: wrist to the middle
finger's root.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, groupby
from typing import TYPE_CHECKING

import numpy as np

from handstream.frames import HandLandmark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from handstream.frames import Hand, Handedness

__all__ = ["Agreement", "Sighting", "agreement", "distinct", "duplicates", "errors_to_truth", "sightings"]

SAME_HAND = 0.5
"""Two hands of one picture nearer than this many palm lengths are one hand: MediaPipe's duplicates lie within a tenth, two hands that
touch are one palm apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A hand in a picture: its landmarks, `(21, 2)` pixels, and its handedness if that is known."""

    points_px: NDArray[np.floating]
    handedness: Handedness | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """An engine against a reference.

    Attributes:
        reference_hands: Distinct hands that the reference found, over all frames.
        found: Those of them that the engine found as well.
        extra: Hands that the engine alone found.
        other_handedness: Hands that both found and that the engine calls by the other name.
        median: Of the distances of the hands that both found; not a number if there are none.
        p95: Of the same.
        missing: The frames in which the engine lacks a hand, as "first-last".
    """

    reference_hands: int
    found: int
    extra: int
    other_handedness: int
    median: float
    p95: float
    missing: tuple[str, ...]


def sightings(hands: Sequence[Hand], resolution_wh: tuple[int, int]) -> list[Sighting]:
    """An engine's hands in a picture of that size."""
    return [Sighting(hand.landmarks_px(*resolution_wh)[:, :2], hand.handedness) for hand in hands]


def distinct(hands: Sequence[Sighting]) -> list[Sighting]:
    """Without the later one of two that are one hand."""
    later = {second for first, second in combinations(range(len(hands)), 2) if _distance(hands[second], hands[first]) < SAME_HAND}
    return [hand for index, hand in enumerate(hands) if index not in later]


def duplicates(frames: Sequence[Sequence[Sighting]]) -> int:
    """How often a hand was reported once more than it is there."""
    return sum(len(hands) - len(distinct(hands)) for hands in frames)


def agreement(frames: Sequence[Sequence[Sighting]], reference: Sequence[Sequence[Sighting]]) -> Agreement:
    """Compares what an engine found with what the reference did, frame by frame."""
    distances, missing, extra, expected_count, other_handedness = [], [], 0, 0, 0
    for number, (hands, expected) in enumerate(zip(map(distinct, frames), map(distinct, reference), strict=True)):
        pairs = _pairs(hands, expected)
        distances += [distance for _, _, distance in pairs]
        other_handedness += sum(_is_other_handedness(hands[i], expected[j]) for i, j, _ in pairs)
        extra += len(hands) - len(pairs)
        expected_count += len(expected)
        if len(pairs) < len(expected):
            missing.append(number)
    median, p95 = np.percentile(distances, (50, 95)) if distances else (np.nan, np.nan)
    return Agreement(expected_count, len(distances), extra, other_handedness, float(median), float(p95), _ranges(missing))


def errors_to_truth(runs: Sequence[Sequence[Sequence[Sighting]]], truth: Sequence[Sequence[Sighting]]) -> list[float]:
    """Each run's mean distance to the truth, over the hands that all of the runs found, so that finding a hard one costs nobody."""
    per_run: list[dict[tuple[int, int], float]] = []
    for frames in runs:
        found: dict[tuple[int, int], float] = {}
        for number, (hands, expected) in enumerate(zip(frames, truth, strict=True)):
            found |= {(number, index): distance for _, index, distance in _pairs(hands, expected)}
        per_run.append(found)
    common = set.intersection(*(set(found) for found in per_run))
    return [float(np.mean([found[key] for key in common])) if common else float("nan") for found in per_run]


def _distance(hand: Sighting, reference: Sighting) -> float:
    points, expected = hand.points_px, reference.points_px
    palm_length = np.linalg.norm(expected[HandLandmark.MIDDLE_FINGER_MCP] - expected[HandLandmark.WRIST])
    return float(np.linalg.norm(points - expected, axis=1).mean() / palm_length)


def _is_other_handedness(hand: Sighting, reference: Sighting) -> bool:
    return None not in (hand.handedness, reference.handedness) and hand.handedness != reference.handedness


def _pairs(hands: Sequence[Sighting], expected: Sequence[Sighting]) -> list[tuple[int, int, float]]:
    """The hands that are the same in both, nearest first: the index in each and the distance."""
    candidates = sorted((_distance(hand, other), i, j) for i, hand in enumerate(hands) for j, other in enumerate(expected))
    pairs: list[tuple[int, int, float]] = []
    for distance, i, j in candidates:
        if distance < SAME_HAND and all(i != pair[0] and j != pair[1] for pair in pairs):
            pairs.append((i, j, distance))
    return pairs


def _ranges(numbers: Sequence[int]) -> tuple[str, ...]:
    """Runs of consecutive numbers, each as "first-last" or the number alone."""
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), key=lambda item: item[1] - item[0])]
    return tuple(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
