"""The palm network's input and output, without the network."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.vision.palm import ANCHOR_CENTERS, PALM_INPUT_PX, PalmDetection, decode_palms, warp_letterbox

ANCHORS = len(ANCHOR_CENTERS)


def output(*palms: tuple[int, float, tuple[float, float, float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """The network's output for palms given as anchor, raw score and box (centre and size in input pixels)."""
    boxes, scores = np.zeros((ANCHORS, 18), np.float32), np.full(ANCHORS, -50, np.float32)
    for anchor, score, (x, y, width, height) in palms:
        center = ANCHOR_CENTERS[anchor] * PALM_INPUT_PX
        boxes[anchor, :4] = x - center[0], y - center[1], width, height
        # All seven keypoints lie a little right of the box's centre.
        boxes[anchor, 4:] = np.tile([x + 5 - center[0], y - center[1]], 7)
        scores[anchor] = score
    return boxes, scores


def decode(
    *palms: tuple[int, float, tuple[float, float, float, float]], wh: tuple[int, int] = (192, 192), limit: int = 9
) -> list[PalmDetection]:
    return decode_palms(*output(*palms), picture_wh=wh, min_confidence=0.5, limit=limit)


def test_anchors_are_those_of_mediapipe() -> None:
    assert ANCHOR_CENTERS.shape == (2016, 2)
    assert ANCHOR_CENTERS[[0, 1, 2, 48]] == pytest.approx(np.array([[0.5, 0.5], [0.5, 0.5], [1.5, 0.5], [0.5, 1.5]]) / 24)
    assert ANCHOR_CENTERS[[1152, 1157, 1158, 2015]] == pytest.approx(np.array([[0.5, 0.5], [0.5, 0.5], [1.5, 0.5], [11.5, 11.5]]) / 12)


def test_nothing_above_the_threshold() -> None:
    assert decode() == []
    assert decode((0, -0.01, (50, 50, 20, 20))) == []


def test_one_palm() -> None:
    (palm,) = decode((700, 2.0, (50, 60, 20, 30)))
    assert palm.score == pytest.approx(1 / (1 + np.exp(-2)))
    assert palm.box_px == pytest.approx((40, 45, 60, 75), abs=1e-4)
    assert palm.keypoints_px == pytest.approx(np.tile([[55, 60]], (7, 1)), abs=1e-4)


@pytest.mark.parametrize("wh", [(640, 480), (480, 640), (1, 1), (8000, 6000), (192, 192)])
def test_the_letterbox_is_taken_away(wh: tuple[int, int]) -> None:
    """A palm at the picture's centre with a quarter of its longer side."""
    (palm,) = decode((700, 2.0, (96, 96, 48, 48)), wh=wh)
    side = max(wh) / 4
    center = np.array([wh[0] / 2, wh[1] / 2])
    assert palm.box_px == pytest.approx((*(center - side / 2), *(center + side / 2)), rel=1e-5)


def test_overlapping_palms_become_their_mean_weighted_by_score() -> None:
    certain, doubtful = 40.0, 0.0
    (palm,) = decode((700, doubtful, (53, 60, 20, 20)), (701, certain, (50, 60, 20, 20)))
    assert palm.score == pytest.approx(1)
    assert palm.box_px[0] == pytest.approx((40 * 1 + 43 * 0.5) / 1.5, abs=1e-4)


def test_palms_apart_stay_apart_the_best_first() -> None:
    first, second = decode((10, 1.0, (50, 60, 20, 20)), (700, 2.0, (120, 60, 20, 20)))
    assert (first.box_px[0], second.box_px[0]) == pytest.approx((110, 40))


def test_no_more_palms_than_asked_for() -> None:
    palms = [(i, 3.0 - i, (20.0 + 30 * i, 50.0, 20.0, 20.0)) for i in range(4)]
    assert [palm.box_px[0] for palm in decode(*palms, limit=2)] == pytest.approx([10, 40])


def test_a_box_without_area_is_kept_and_ends() -> None:
    assert len(decode((700, 2.0, (50, 60, 0, 0)), (701, 1.0, (50, 60, 0, 0)))) == 2


@given(score=st.floats(width=32, allow_nan=False))
def test_no_score_overflows(score: float) -> None:
    for palm in decode((700, score, (50, 60, 20, 20))):
        assert 0.5 <= palm.score <= 1


@pytest.mark.parametrize("shape", [(480, 640), (640, 480), (192, 192), (3000, 100)])
def test_the_letterbox_holds_the_whole_picture_and_black_beside_it(shape: tuple[int, int]) -> None:
    out = np.full((192, 192, 3), 77, np.uint8)
    warp_letterbox(np.full((*shape, 3), 255, np.uint8), out)
    covered = (out == 255).all(axis=2)
    height, width = (round(192 * side / max(shape)) for side in shape)
    rows, columns = covered.any(axis=1).sum(), covered.any(axis=0).sum()
    assert (rows, columns) == pytest.approx((height, width), abs=2)
    assert not out[~covered].all(axis=1).any()
    assert out[0, 0].tolist() == [0, 0, 0] or min(shape) == max(shape)
