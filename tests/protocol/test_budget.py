"""How many texts a session may send."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from handstream.protocol.budget import BURST_MESSAGES, MESSAGES_PER_SECOND, MessageBudget

SECOND_NS = 10**9


def taken(budget: MessageBudget, now_ns: int, tries: int = 10 * BURST_MESSAGES) -> int:
    return sum(budget.take(now_ns) for _ in range(tries))


def test_a_burst_and_then_a_rate() -> None:
    budget = MessageBudget()
    assert taken(budget, 0) == BURST_MESSAGES
    assert taken(budget, SECOND_NS) == MESSAGES_PER_SECOND
    assert taken(budget, SECOND_NS) == 0


def test_silence_saves_up_no_more_than_a_burst() -> None:
    budget = MessageBudget()
    taken(budget, 0)
    assert taken(budget, 3600 * SECOND_NS) == BURST_MESSAGES


@given(st.lists(st.integers(0, 2**63), max_size=20))
def test_no_clock_makes_it_give_more_than_a_burst_at_once(times_ns: list[int]) -> None:
    budget = MessageBudget()
    assert all(taken(budget, now_ns, BURST_MESSAGES + 50) <= BURST_MESSAGES for now_ns in times_ns)


def test_a_clock_that_goes_back_refills_nothing() -> None:
    budget = MessageBudget()
    assert taken(budget, 10 * SECOND_NS) == BURST_MESSAGES
    assert taken(budget, 0) == 0
