"""What the machine can carry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.protocol.capacity import Capacity, CapacityEstimate

MS_NS = 1_000_000


def measured(service_ms: list[int], threads: int = 4) -> Capacity | None:
    estimate = CapacityEstimate(threads)
    for now_ms, service in enumerate(service_ms):
        estimate.served(service * MS_NS, now_ms * MS_NS)
    return estimate.capacity(len(service_ms) * MS_NS)


def test_threads_carry_what_they_carry_one_by_one() -> None:
    assert measured([10] * 100) == Capacity(400, 100)


def test_a_few_frames_say_nothing() -> None:
    assert measured([10] * 15) is None


def test_the_newest_frames_count() -> None:
    slower = measured([10] * 1_000 + [20] * 300)
    assert slower is not None
    assert 200 < slower.total < 205


def test_the_frames_of_busy_threads_say_what_threads_carry_together() -> None:
    estimate = CapacityEstimate(4)
    for _ in range(100):
        estimate.served(16 * MS_NS, 0, is_full=True)
    for now_ms in range(1_000):
        estimate.served(10 * MS_NS, now_ms * MS_NS)
    busy = estimate.capacity(1_000 * MS_NS)
    assert busy is not None
    assert busy.total == pytest.approx(250)
    assert busy.session == pytest.approx(100, rel=1e-3)


def test_what_busy_threads_said_gives_way_to_frames_that_take_longer() -> None:
    estimate = CapacityEstimate(4)
    for _ in range(100):
        estimate.served(10 * MS_NS, 0, is_full=True)
    for now_ms in range(1_000):
        estimate.served(16 * MS_NS, now_ms * MS_NS)
    capacity = estimate.capacity(1_000 * MS_NS)
    assert capacity is not None
    assert capacity.total == pytest.approx(250, rel=1e-3)


def test_what_busy_threads_said_is_forgotten_after_a_while() -> None:
    estimate = CapacityEstimate(4)
    for _ in range(100):
        estimate.served(16 * MS_NS, 0, is_full=True)
    for now_s in range(61):
        for _ in range(20):
            estimate.served(10 * MS_NS, now_s * 1_000 * MS_NS)
    kept, forgotten = estimate.capacity(60_000 * MS_NS), estimate.capacity(60_001 * MS_NS)
    assert kept is not None
    assert kept.total == pytest.approx(250)
    assert forgotten is not None
    assert forgotten.total == pytest.approx(400, rel=1e-3)


def test_one_stall_does_not_shut_the_door() -> None:
    stalled = measured([10] * 100 + [60_000])
    assert stalled is not None
    assert stalled.total > 380


def test_what_is_long_ago_is_forgotten() -> None:
    estimate = CapacityEstimate(1)
    for _ in range(100):
        estimate.served(10 * MS_NS, 0)
    assert estimate.capacity(10_000 * MS_NS) is not None
    assert estimate.capacity(10_001 * MS_NS) is None


@given(st.lists(st.integers(0, 10**12), max_size=100), st.integers(0, 2**63))
def test_whatever_is_measured_it_is_a_number_above_0_or_not_known(service_ns: list[int], now_ns: int) -> None:
    estimate = CapacityEstimate(2)
    for service in service_ns:
        estimate.served(service, now_ns)
    capacity = estimate.capacity(now_ns)
    assert capacity is None or 0 < capacity.session < capacity.total
