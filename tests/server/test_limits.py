"""How many may come, and who waits: by tables and by whatever comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.server.limits import Arrivals, Waiting, address_group

SECOND_NS = 10**9


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("a name", "a name"),
    ],
)
def test_what_counts_as_one_address(address: str, group: str) -> None:
    assert address_group(address) == group


def taken(arrivals: Arrivals, address: str | None, now_ns: int, tries: int = 1000) -> int:
    return sum(arrivals.take(address, now_ns) for _ in range(tries))


def test_one_address_cannot_take_what_is_for_the_others() -> None:
    arrivals = Arrivals(per_second=100, per_second_by_address=10)
    assert taken(arrivals, "192.0.2.1", 0) == 100, "ten seconds' worth at once"
    assert taken(arrivals, "192.0.2.1", SECOND_NS) == 10
    assert taken(arrivals, "192.0.2.2", SECOND_NS) == 100


def test_what_an_address_may_not_costs_the_others_nothing() -> None:
    arrivals = Arrivals(per_second=100, per_second_by_address=10)
    taken(arrivals, "192.0.2.1", 0, 100_000)
    assert taken(arrivals, "192.0.2.2", 0) == 100


def test_many_addresses_are_bounded_together() -> None:
    arrivals = Arrivals(per_second=100, per_second_by_address=10)
    assert sum(arrivals.take(f"192.0.2.{host % 250}", 0) for host in range(500)) == 400, "four seconds' worth at once"
    assert sum(arrivals.take(f"198.51.100.{host}", SECOND_NS) for host in range(250)) == 100


def test_a_proxy_counts_only_among_all() -> None:
    arrivals = Arrivals(per_second=100, per_second_by_address=10)
    assert taken(arrivals, None, 0) == 400


def test_one_of_several_processes_lets_in_as_large_a_burst_and_its_share_in_the_long_run() -> None:
    arrivals = Arrivals(per_second=50, per_second_by_address=5, processes=2)
    assert taken(arrivals, "192.0.2.1", 0) == 100
    assert taken(arrivals, "192.0.2.1", SECOND_NS) == 5


def test_addresses_are_remembered_in_a_bounded_number() -> None:
    arrivals = Arrivals(per_second=1e6, per_second_by_address=1)
    for number in range(10_000):
        arrivals.take(f"10.0.{number // 256}.{number % 256}", 0)
    assert len(arrivals._by_address) == 4096
    assert taken(arrivals, "10.0.39.15", 0) == 9, "the newest is remembered"


def test_the_one_that_has_waited_longest_is_crowded_out() -> None:
    waiting: Waiting[str] = Waiting(2)
    assert waiting.enter("first") is None
    assert waiting.enter("second") is None
    assert waiting.enter("third") == "first"
    waiting.leave("second")
    assert waiting.enter("fourth") is None


def test_who_has_asked_for_something_has_not_waited_long() -> None:
    waiting: Waiting[str] = Waiting(2)
    waiting.enter("first")
    waiting.enter("second")
    assert waiting.enter("first") is None
    assert waiting.enter("third") == "second"


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9))))
def test_never_more_wait_than_may(steps: list[tuple[bool, int]]) -> None:
    waiting: Waiting[int] = Waiting(3)
    present: set[int] = set()
    for enters, connection in steps:
        if enters:
            present.add(connection)
            present.discard(out if (out := waiting.enter(connection)) is not None else -1)
        else:
            waiting.leave(connection)
            present.discard(connection)
        assert len(waiting) == len(present) <= 3
