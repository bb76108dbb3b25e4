"""How much a client may send."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from handstream.protocol.budget import Budget

SECOND_NS = 10**9
PER_SECOND, BURST_S = 100, 2
BURST = PER_SECOND * BURST_S


def budget() -> Budget:
    return Budget(PER_SECOND, burst_s=BURST_S)


def taken(budget: Budget, now_ns: int, tries: int = 10 * BURST) -> int:
    return sum(budget.take(now_ns) for _ in range(tries))


def test_a_burst_and_then_a_rate() -> None:
    full = budget()
    assert taken(full, 0) == BURST
    assert taken(full, SECOND_NS) == PER_SECOND
    assert taken(full, SECOND_NS) == 0


def test_silence_saves_up_no_more_than_a_burst() -> None:
    full = budget()
    taken(full, 0)
    assert taken(full, 3600 * SECOND_NS) == BURST


def test_a_rate_below_one_a_second_lets_one_in_at_once() -> None:
    slow = Budget(0.1, burst_s=1)
    assert taken(slow, 0) == 1
    assert taken(slow, 9 * SECOND_NS) == 0
    assert taken(slow, 10 * SECOND_NS) == 1


@given(st.lists(st.integers(0, 2**63), max_size=20))
def test_no_clock_makes_it_give_more_than_a_burst_at_once(times_ns: list[int]) -> None:
    full = budget()
    assert all(taken(full, now_ns, BURST + 50) <= BURST for now_ns in times_ns)


def test_a_clock_that_goes_back_refills_nothing_and_takes_nothing_away() -> None:
    full = budget()
    assert taken(full, 10 * SECOND_NS, BURST - 50) == BURST - 50
    assert taken(full, 0) == 50
