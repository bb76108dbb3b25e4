"""Which work is far more than usual: by mixtures of ordinary and heavy frames."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.protocol.usual_work import UsualWork

if TYPE_CHECKING:
    from collections.abc import Sequence

MS = 1_000_000


def verdicts(work_ms: Sequence[float]) -> list[bool]:
    usual = UsualWork()
    return [usual.update(round(work * MS)) for work in work_ms]


@pytest.mark.parametrize("heavy_share", [0.05, 0.5, 0.6])
def test_heavy_frames_are_told_from_ordinary_ones_even_where_they_are_many(heavy_share: float) -> None:
    drawn = random.Random(1)
    heavy = [drawn.random() < heavy_share for _ in range(2_000)]
    found = verdicts([360 if is_heavy else drawn.uniform(5, 12) for is_heavy in heavy])
    assert found[500:] == heavy[500:]


def test_what_all_send_is_usual_before_long() -> None:
    assert not any(verdicts([8] * 200 + [400] * 600)[500:])


def test_short_work_is_never_far_more() -> None:
    assert not any(verdicts([1] * 100 + [65] * 5))


def test_on_a_slow_machine_what_is_usual_is_long() -> None:
    assert verdicts([50] * 100 + [190, 210])[-2:] == [False, True]


@given(st.lists(st.integers(0, 10**11), max_size=60))
def test_any_work_is_taken(work_ns: list[int]) -> None:
    usual = UsualWork()
    for work in work_ns:
        assert usual.update(work) <= (work > 66 * MS)
