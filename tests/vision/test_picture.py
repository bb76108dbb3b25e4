"""What counts as a picture."""

from __future__ import annotations

import numpy as np
import pytest

from handstream.vision.picture import check_picture


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (None, "numpy array"),
        ([[[1, 2, 3]]], "numpy array"),
        (np.zeros((4, 4, 3), np.float32), "uint8"),
        (np.full((4, 4, 3), np.nan), "uint8"),
        (np.zeros((4, 4, 3), np.int64), "astype"),
        (np.zeros((4, 4), np.uint8), r"\(4, 4\)"),
        (np.zeros((4, 4, 4), np.uint8), r"\(4, 4, 4\)"),
        (np.zeros((3, 4, 4), np.uint8), r"\(3, 4, 4\)"),
        (np.zeros((1, 4, 4, 3), np.uint8), r"\(1, 4, 4, 3\)"),
        (np.zeros((0, 4, 3), np.uint8), "one pixel"),
        (np.zeros((1, 32_767, 3), np.uint8), "32766"),
    ],
)
def test_what_is_no_picture(wrong: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check_picture(wrong)


def test_a_picture_is_not_copied() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    assert np.shares_memory(check_picture(picture), picture)


@pytest.mark.parametrize("view", [np.s_[::2], np.s_[:, ::-1], np.s_[:, :, ::-1], np.s_[1:3, 1:3]])
def test_views_are_copied_whole(view: tuple[slice, ...]) -> None:
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    checked = check_picture(picture[view])
    assert checked.flags.c_contiguous
    assert (checked == picture[view]).all()
