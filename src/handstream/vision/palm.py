"""The palm network around: its input from a picture, and the palms in its output.

`warp_letterbox` fills the input and `decode_palms` reads the output. The network is an SSD over 2,016 fixed anchors; each predicts a box
and seven keypoints of a palm. Source of the numbers: MediaPipe's `palm_detection_cpu.pbtxt` and the graphs that it includes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ANCHOR_CENTERS", "PALM_INPUT_PX", "PalmDetection", "decode_palms", "warp_letterbox"]

PALM_INPUT_PX = 192
"""Width and height of the network's input. Source: `output_tensor_width` of `ImageToTensorCalculator`."""

SUPPRESSION_OVERLAP = 0.3
"""Detections whose boxes overlap the best one's by more than this become one with it. Source: `min_suppression_threshold`."""

SCORE_CLIP = 80.0
"""The raw score is cut to this on both sides before the sigmoid.

MediaPipe's `score_clipping_thresh` is 100, whose exponential float32 cannot hold; the sigmoid is 0 or 1 in float32 long before either.
"""

KEYPOINT_COUNT = 7
"""Wrist, index, middle, ring and little finger roots, thumb's CMC and MCP. Source: `num_keypoints`."""


def _anchor_centers() -> NDArray[np.float32]:
    """The anchors' centres: two for each cell of a 24x24 grid, then six for each of a 12x12 grid, row by row.

    Source: `SsdAnchorsCalculator` with strides 8, 16, 16, 16, one aspect ratio and `fixed_anchor_size`, which leaves only the centres.
    """
    layers = []
    for cells, anchors_per_cell in ((24, 2), (12, 6)):
        y, x = np.mgrid[0:cells, 0:cells]
        centers = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) / cells
        layers.append(np.repeat(centers, anchors_per_cell, axis=0))
    return np.concatenate(layers).astype(np.float32)


ANCHOR_CENTERS = _anchor_centers()
"""float32 `(2016, 2)`, x and y in 0..1 of the network's input."""


@dataclass(frozen=True, slots=True, eq=False)
class PalmDetection:
    """One palm in a picture.

    Attributes:
        score: 0..1.
        box_px: x_min, y_min, x_max, y_max in pixels of the picture.
        keypoints_px: float32 `(7, 2)` in pixels of the picture: wrist, index, middle, ring and little finger roots, thumb's CMC and MCP.
    """

    score: float
    box_px: tuple[float, float, float, float]
    keypoints_px: NDArray[np.float32]


def warp_letterbox(rgb: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """Fits the whole picture into the network's input, its sides in proportion, black beside it.

    Args:
        rgb: uint8 `(height, width, 3)`.
        out: uint8 `(192, 192, 3)`, overwritten.
    """
    scale, margin_x, margin_y = _letterbox(rgb.shape[1], rgb.shape[0])
    picture_to_input = np.array([[scale, 0, margin_x], [0, scale, margin_y]], np.float64)
    cv2.warpAffine(rgb, picture_to_input, (PALM_INPUT_PX, PALM_INPUT_PX), dst=out, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def decode_palms(
    boxes: NDArray[np.float32],
    raw_scores: NDArray[np.float32],
    *,
    picture_wh: tuple[int, int],
    min_confidence: float,
    limit: int,
) -> list[PalmDetection]:
    """The palms that the network saw, the best first, each once.

    Args:
        boxes: float32 `(2016, 18)`: centre, size and seven keypoints in input pixels, relative to the anchor.
        raw_scores: float32 `(2016,)`, before the sigmoid.
        picture_wh: Width and height of the picture that was letterboxed.
        min_confidence: The least score, 0..1.
        limit: The most palms to return.
    """
    scores = _sigmoid(raw_scores)
    chosen = np.flatnonzero(scores >= min_confidence)
    if chosen.size == 0:
        return []
    chosen = chosen[np.argsort(-scores[chosen], kind="stable")]
    points = _decode_points(boxes[chosen], ANCHOR_CENTERS[chosen])
    scale, margin_x, margin_y = _letterbox(*picture_wh)
    margin = np.array([margin_x, margin_y], np.float32)
    return [_detection(score, (merged - margin) / scale) for score, merged in _suppress(points, scores[chosen], limit)]


def _sigmoid(raw_scores: NDArray[np.float32]) -> NDArray[np.float32]:
    scores: NDArray[np.float32] = np.reciprocal(1 + np.exp(-np.clip(raw_scores, -SCORE_CLIP, SCORE_CLIP)))
    return scores


def _letterbox(width_px: int, height_px: int) -> tuple[float, float, float]:
    """Scale from the picture to the input, and the margins left and above in input pixels."""
    scale = PALM_INPUT_PX / max(width_px, height_px)
    return scale, (PALM_INPUT_PX - width_px * scale) / 2, (PALM_INPUT_PX - height_px * scale) / 2


def _decode_points(boxes: NDArray[np.float32], anchors: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 `(n, 9, 2)` in input pixels: the box's two corners, then the seven keypoints."""
    raw = boxes.reshape(-1, 2 + KEYPOINT_COUNT, 2)
    points = raw + (anchors * PALM_INPUT_PX)[:, None]
    half_size = raw[:, 1] / 2
    center = points[:, 0].copy()
    points[:, 0] = center - half_size
    points[:, 1] = center + half_size
    return points


def _suppress(points: NDArray[np.float32], scores: NDArray[np.float32], limit: int) -> list[tuple[float, NDArray[np.float32]]]:
    """Weighted non-maximum suppression: the best detection and all that overlap it become their mean, weighted by score.

    Source: `WeightedNonMaxSuppression` of MediaPipe's `non_max_suppression_calculator.cc`. The score stays the best one's.
    """
    kept: list[tuple[float, NDArray[np.float32]]] = []
    while scores.size and len(kept) < limit:
        overlapping = _overlaps(points[0], points) > SUPPRESSION_OVERLAP
        overlapping[0] = True  # A box without area does not even overlap itself.
        weights = scores[overlapping]
        kept.append((float(scores[0]), np.average(points[overlapping], axis=0, weights=weights).astype(np.float32)))
        points, scores = points[~overlapping], scores[~overlapping]
    return kept


def _overlaps(box: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of one box with each, float32 `(n,)`; 0 for boxes without area."""
    sides = np.minimum(box[1], boxes[:, 1]) - np.maximum(box[0], boxes[:, 0])
    intersection: NDArray[np.float32] = np.maximum(sides, 0).prod(axis=1)
    union = (box[1] - box[0]).prod() + (boxes[:, 1] - boxes[:, 0]).prod(axis=1) - intersection
    overlaps: NDArray[np.float32] = intersection / np.maximum(union, np.finfo(np.float32).tiny)
    return overlaps


def _detection(score: float, points_px: NDArray[np.float32]) -> PalmDetection:
    (x_min, y_min), (x_max, y_max) = points_px[:2].tolist()
    return PalmDetection(score=score, box_px=(x_min, y_min, x_max, y_max), keypoints_px=points_px[2:])
