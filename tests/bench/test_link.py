"""The link by tables and properties, without sockets or waiting: seconds are numbers here."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.bench.link import Link
from handstream.bench.profiles import LinkProfile

# 1000 bytes a millisecond, in pieces of 2000; 30 ms of queue.
PLAIN = LinkProfile(delay_ms=20, jitter_ms=0, bandwidth_mbps=8, burst_bytes=0, queue_ms=30)


def link(profile: LinkProfile = PLAIN, seed: str = "seed") -> Link:
    return Link(profile, seed=seed, start_s=0.0)


def arrivals(carrier: Link, now_s: float = 0.0, until_s: float = 1e6) -> list[tuple[float, bytes]]:
    """All that arrives, asked for at exactly the moments that the link names."""
    found = []
    while (due_s := carrier.due_s(now_s)) is not None and due_s <= until_s:
        now_s = max(now_s, due_s)
        while (data := carrier.receive(now_s)) is not None:
            found.append((now_s, data))
    return found


def fill(carrier: Link, now_s: float) -> int:
    sent_bytes = 0
    while room_bytes := carrier.room_bytes:
        carrier.send(bytes(room_bytes), now_s)
        sent_bytes += room_bytes
    return sent_bytes


def test_a_byte_takes_the_time_of_the_bottleneck_and_of_the_way() -> None:
    carrier = link()
    carrier.send(bytes(2_000), 1.0)
    assert [time_s for time_s, _ in arrivals(carrier, 1.0)] == pytest.approx([1.022])


def test_a_burst_passes_at_once_and_the_bandwidth_holds_in_the_long_run() -> None:
    carrier = link(replace(PLAIN, burst_bytes=4_000))
    for _ in range(5):
        carrier.send(bytes(2_000), 1.0)
    assert [time_s for time_s, _ in arrivals(carrier, 1.0)] == pytest.approx([1.020, 1.020, 1.022, 1.024, 1.026])


def test_a_late_driver_does_not_lower_the_bandwidth() -> None:
    carrier = link()
    for _ in range(5):
        carrier.send(bytes(2_000), 0.0)
    assert carrier.receive(0.0301) is not None
    assert [carrier.receive(0.0301) is not None for _ in range(5)] == [True, True, True, True, False]


def test_nothing_is_held_beyond_the_capacity() -> None:
    carrier = link()
    assert fill(carrier, 0.0) == PLAIN.capacity_bytes
    with pytest.raises(ValueError, match="room for 0"):
        carrier.send(b"x", 0.0)
    assert carrier.receive(0.022) is not None
    assert carrier.room_bytes == 2_000
    assert carrier.statistics(0.022).max_held_bytes == PLAIN.capacity_bytes


def test_the_end_of_the_stream_arrives_last() -> None:
    carrier = link()
    carrier.send(b"last words", 0.0)
    carrier.send(b"", 0.0)
    assert [data for _, data in arrivals(carrier)] == [b"last words", b""]
    assert carrier.due_s(9.0) is None


def test_a_stall_holds_what_flies_and_what_waits_then_drains_at_the_bandwidth() -> None:
    carrier = link()
    for _ in range(20):
        carrier.send(bytes(2_000), 0.0)
    carrier.stall(0.010, 2.0)  # five pieces fly, fifteen wait
    assert carrier.receive(1.999) is None
    times_s = [time_s for time_s, _ in arrivals(carrier, 0.010)]
    assert times_s[:5] == pytest.approx([2.0] * 5)
    assert times_s[5:] == pytest.approx([2.022 + 0.002 * index for index in range(15)])


def test_a_shorter_stall_does_not_end_a_longer_one() -> None:
    carrier = link()
    carrier.stall(0.0, 2.0)
    carrier.stall(0.1, 1.0)
    carrier.send(bytes(2_000), 0.2)
    assert [time_s for time_s, _ in arrivals(carrier, 0.2)] == pytest.approx([2.022])


def test_a_loss_holds_up_all_that_follows_and_then_delivers_it_at_once() -> None:
    profile = replace(PLAIN, losses_per_s=1.0, retransmission_timeout_ms=200)
    carrier, clear = link(profile), link()
    extra_s = []
    for index in range(2_000):
        now_s = index / 100
        for each in (carrier, clear):
            each.send(b"x", now_s)
    for (late_s, _), (clear_s, _) in zip(arrivals(carrier), arrivals(clear), strict=True):
        extra_s.append(late_s - clear_s)
    assert 0.15 < max(extra_s) <= 0.2
    # 20 s with one loss a second on average, each of which holds up the pieces of 200 ms.
    assert 40 < sum(each > 0 for each in extra_s) < 1_000


def test_the_delay_is_told() -> None:
    carrier = link()
    assert carrier.statistics(0.0).delay_ms == 20
    carrier.send(bytes(2_000), 0.0)
    assert carrier.statistics(0.0).delay_ms == 22
    carrier.stall(0.0, 1.0)
    assert carrier.statistics(0.5).delay_ms == 522
    assert carrier.statistics(0.5).held_bytes == 2_000


# --- properties

jittery = st.builds(
    LinkProfile,
    delay_ms=st.floats(0, 100),
    jitter_ms=st.floats(0, 50),
    jitter_correlation_ms=st.floats(1, 100),
    bandwidth_mbps=st.floats(1, 1_000),
    burst_bytes=st.integers(0, 10_000),
    queue_ms=st.floats(1, 100),
    losses_per_s=st.floats(0, 2),
)
pieces = st.lists(st.tuples(st.floats(0, 0.2), st.binary(min_size=1, max_size=1_400)), max_size=40)


@given(jittery, pieces)
def test_bytes_arrive_whole_in_order_and_never_early(profile: LinkProfile, sent: list[tuple[float, bytes]]) -> None:
    carrier = link(profile)
    now_s, sent_times_s, got = 0.0, [], []
    for gap_s, data in sent:
        got += arrivals(carrier, now_s, until_s=now_s + gap_s)
        now_s += gap_s
        while carrier.room_bytes < len(data):
            now_s = max(now_s, carrier.due_s(now_s) or 0)
            if (arrived := carrier.receive(now_s)) is not None:
                got.append((now_s, arrived))
        carrier.send(data, now_s)
        sent_times_s.append(now_s)
    got += arrivals(carrier, now_s)
    assert [data for _, data in got] == [data for _, data in sent]
    assert [time_s for time_s, _ in got] == sorted(time_s for time_s, _ in got)
    for (arrival_s, _), sent_s in zip(got, sent_times_s, strict=True):
        assert arrival_s >= sent_s + profile.delay_ms / 1e3 - 1e-9


@given(st.text(max_size=5))
def test_the_same_seed_gives_the_same_weather_whatever_is_sent(seed: str) -> None:
    profile = replace(PLAIN, jitter_ms=10)
    busy, idle = link(profile, seed), link(profile, seed)
    for index in range(50):
        busy.send(b"x", index / 1_000)
    arrivals(busy)
    for carrier in (busy, idle):
        carrier.send(b"x", 10.0)
    assert arrivals(busy, 10.0) == arrivals(idle, 10.0)


def test_another_seed_gives_other_weather_of_the_same_mean() -> None:
    profile = replace(PLAIN, jitter_ms=10)
    means_s = []
    for seed in ("a", "b"):
        delays_s = [link(profile, f"{seed}/{index}").statistics(0.0).delay_ms - PLAIN.delay_ms for index in range(400)]
        means_s.append(sum(delays_s) / len(delays_s))
    assert means_s[0] != means_s[1]
    assert means_s == pytest.approx([10, 10], rel=0.25)


def test_jitter_moves_steadily() -> None:
    carrier = link(replace(PLAIN, jitter_ms=10, jitter_correlation_ms=100))
    delays_ms = [carrier.statistics(index / 1_000).delay_ms for index in range(1_000)]
    steps_ms = [abs(after - before) for before, after in pairwise(delays_ms)]
    assert max(delays_ms) - min(delays_ms) > 10
    assert max(steps_ms) < 1
