"""The clock of the other side: tables, properties, and the golden sequences that its TypeScript twin decides alike.

After a deliberate change the sequences in tests/vectors/clock.json are written anew with `python -m tests.protocol.test_clock`.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.protocol.clock import MAX_DRIFT_PPM, MIN_WINDOW_NS, RESYNC_AFTER, Exchange, RemoteClock, Verdict
from tests.protocol.golden import write_sequences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

VECTORS = Path(__file__).parents[1] / "vectors" / "clock.json"
MS = 1_000_000
S = 1_000 * MS

times_ns = st.integers(0, 2**52)
ways_ns = st.integers(0, S)
offsets_ns = st.integers(-(2**40), 2**40)


@dataclass
class TruePath:
    """A path and two clocks whose truth is known. The other clock leads by `offset_ns`."""

    offset_ns: int = 3 * S
    now_ns: int = 10 * S

    def exchange(self, up_ns: int, down_ns: int, *, work_ns: int = 5 * MS, after_ns: int = 33 * MS) -> Exchange:
        """An exchange that begins so long after the last one began or ended, whichever is later."""
        origin_ns = self.now_ns + after_ns
        receive_ns = origin_ns + up_ns + self.offset_ns
        self.now_ns = origin_ns + up_ns + work_ns + down_ns
        return Exchange(origin_ns=origin_ns, receive_ns=receive_ns, transmit_ns=receive_ns + work_ns, destination_ns=self.now_ns)


def known(clock: RemoteClock) -> tuple[int, int, int, int, int]:
    values = (clock.offset_ns, clock.offset_error_bound_ns, clock.round_trip_ns, clock.variation_ns, clock.min_round_trip_ns)
    assert None not in values
    return values  # type: ignore[return-value]  # the line above says so


# --- tables


def test_nothing_is_known_before_the_first_exchange() -> None:
    clock = RemoteClock()
    values = (clock.offset_ns, clock.offset_error_bound_ns, clock.round_trip_ns, clock.variation_ns, clock.min_round_trip_ns)
    assert values == (None,) * 5
    assert clock.to_local(5) is None


def test_one_exchange_gives_what_ntp_gives() -> None:
    exchange = Exchange(origin_ns=100, receive_ns=1_130, transmit_ns=1_140, destination_ns=160)
    clock = RemoteClock(resolution_ns=0)
    assert clock.update(exchange) is Verdict.ACCEPTED
    # RFC 5905 section 8: offset ((1130 - 100) + (1140 - 160)) / 2, delay (160 - 100) - (1140 - 1130); RFC 6298: half of it as variation.
    assert known(clock) == (1_005, 25, 50, 25, 50)
    assert clock.to_local(1_135) == 130


def test_the_fastest_question_and_the_fastest_answer_need_not_be_of_one_exchange() -> None:
    path, clock = TruePath(), RemoteClock(resolution_ns=0)
    clock.update(path.exchange(10 * MS, 50 * MS, after_ns=S))
    clock.update(path.exchange(70 * MS, 10 * MS, after_ns=S))
    offset_ns, bound_ns, *_ = known(clock)
    assert abs(offset_ns - path.offset_ns) <= bound_ns < 10 * MS + MS


def test_the_round_trip_is_smoothed_as_in_rfc_6298() -> None:
    path, clock = TruePath(), RemoteClock()
    clock.update(path.exchange(50 * MS, 50 * MS))
    clock.update(path.exchange(90 * MS, 90 * MS))
    assert (clock.round_trip_ns, clock.variation_ns) == (110 * MS, 50 * MS + (80 * MS - 50 * MS) // 4)


def test_the_least_round_trip_forgets_a_path_that_is_gone() -> None:
    path, clock = TruePath(), RemoteClock()
    clock.update(path.exchange(MS, MS))
    for _ in range(MIN_WINDOW_NS // S + 2):
        clock.update(path.exchange(30 * MS, 30 * MS, after_ns=S))
    assert clock.min_round_trip_ns == 60 * MS


def test_a_long_silence_forgets_the_least_round_trip_at_once() -> None:
    path, clock = TruePath(), RemoteClock()
    clock.update(path.exchange(MS, MS))
    clock.update(path.exchange(30 * MS, 30 * MS, after_ns=MIN_WINDOW_NS))
    assert clock.min_round_trip_ns == 60 * MS


def test_the_least_round_trip_remembers_half_a_window() -> None:
    path, clock = TruePath(), RemoteClock()
    clock.update(path.exchange(MS, MS))
    clock.update(path.exchange(30 * MS, 30 * MS, after_ns=MIN_WINDOW_NS // 2))
    assert clock.min_round_trip_ns == 2 * MS


@pytest.mark.parametrize(
    "change",
    [
        {"origin_ns": -1},
        {"receive_ns": -1},
        {"transmit_ns": 2**64},
        {"destination_ns": 2**64},
        {"destination_ns": 99 * MS},  # answered before it was asked
        {"transmit_ns": 499 * MS},  # answered before it was received
        {"transmit_ns": 5 * S},  # longer there than passed here
        {"destination_ns": 61 * S},
    ],
)
def test_impossible_stamps_are_refused(change: dict[str, int]) -> None:
    possible = Exchange(origin_ns=100 * MS, receive_ns=500 * MS, transmit_ns=510 * MS, destination_ns=130 * MS)
    clock = RemoteClock()
    assert clock.update(replace(possible, **change)) is Verdict.IMPOSSIBLE
    assert clock.offset_ns is None
    assert clock.update(possible) is Verdict.ACCEPTED
    assert (clock.statistics().impossible, clock.statistics().accepted) == (1, 1)


def test_a_coarse_clock_may_make_a_delay_slightly_negative() -> None:
    exchange = Exchange(origin_ns=2 * MS, receive_ns=7_000, transmit_ns=1_107_000, destination_ns=3 * MS)
    clock = RemoteClock(resolution_ns=MS)
    assert exchange.delay_ns < 0
    assert clock.update(exchange) is Verdict.ACCEPTED
    assert clock.round_trip_ns == 0


@pytest.mark.parametrize("jump_ns", [-3_600 * S, -S, S, 3_600 * S])
def test_a_clock_that_jumps_is_followed_after_a_few_exchanges(jump_ns: int) -> None:
    path, clock = TruePath(offset_ns=5_000 * S), RemoteClock()
    clock.update(path.exchange(5 * MS, 5 * MS))
    path.offset_ns += jump_ns
    verdicts = [clock.update(path.exchange(5 * MS, 5 * MS)) for _ in range(RESYNC_AFTER + 1)]
    assert verdicts == [Verdict.OUTLIER] * (RESYNC_AFTER - 1) + [Verdict.RESYNCED, Verdict.ACCEPTED]
    assert clock.offset_ns is not None
    assert abs(clock.offset_ns - path.offset_ns) <= MS


def test_our_own_clock_may_jump_back() -> None:
    path, clock = TruePath(now_ns=100 * S), RemoteClock()
    clock.update(path.exchange(5 * MS, 5 * MS))
    path.now_ns -= 50 * S
    path.offset_ns += 50 * S
    for _ in range(RESYNC_AFTER):
        clock.update(path.exchange(5 * MS, 5 * MS))
    assert clock.statistics().resynced == 1
    assert clock.offset_ns is not None
    assert abs(clock.offset_ns - path.offset_ns) <= MS


def test_outliers_that_contradict_each_other_are_never_believed() -> None:
    path, clock = TruePath(), RemoteClock()
    clock.update(path.exchange(5 * MS, 5 * MS))
    before = known(clock)
    for index in range(50):
        path.offset_ns = (100 + 10 * index) * S
        assert clock.update(path.exchange(5 * MS, 5 * MS)) is Verdict.OUTLIER
    assert known(clock) == before


def test_outliers_that_agree_are_not_believed_while_others_contradict_them() -> None:
    path, clock = TruePath(offset_ns=5_000 * S), RemoteClock()
    for _ in range(2 * RESYNC_AFTER):
        assert clock.update(path.exchange(5 * MS, 5 * MS)) is Verdict.ACCEPTED
        path.offset_ns += S
        assert clock.update(path.exchange(5 * MS, 5 * MS)) is Verdict.OUTLIER
        path.offset_ns -= S


@pytest.mark.parametrize("jump_ns", [-S, S])
def test_no_way_takes_less_than_no_time_whatever_the_offset_says(jump_ns: int) -> None:
    path, clock = TruePath(), RemoteClock()
    clock.update(path.exchange(5 * MS, 5 * MS))
    path.offset_ns += jump_ns
    exchange = path.exchange(5 * MS, 7 * MS)
    assert clock.update(exchange) is Verdict.OUTLIER
    assert sorted(clock.ways_ns(exchange)) == [0, 12 * MS]


def test_the_drift_of_a_crystal_is_followed_without_a_resync() -> None:
    path, clock = TruePath(), RemoteClock(resolution_ns=0)
    for _ in range(600):
        path.offset_ns += S * 100 // 1_000_000
        clock.update(path.exchange(MS, MS, after_ns=S))
        offset_ns, bound_ns, *_ = known(clock)
        assert abs(offset_ns - path.offset_ns) <= bound_ns <= 2 * MS
    assert clock.statistics().accepted == 600


def test_a_negative_resolution_is_refused() -> None:
    with pytest.raises(ValueError, match="resolution_ns must be 0 or more"):
        RemoteClock(resolution_ns=-1)


# --- properties


@given(offsets_ns, st.lists(st.tuples(ways_ns, ways_ns), min_size=1, max_size=30))
def test_the_error_is_at_most_half_of_the_asymmetry_of_the_fastest_ways(offset_ns: int, ways: list[tuple[int, int]]) -> None:
    path, clock = TruePath(offset_ns, now_ns=2**41), RemoteClock(resolution_ns=0)
    start_ns = path.now_ns
    for up_ns, down_ns in ways:
        assert clock.update(path.exchange(up_ns, down_ns, after_ns=2 * S)) is Verdict.ACCEPTED
    asymmetry_ns = abs(min(up_ns for up_ns, _ in ways) - min(down_ns for _, down_ns in ways))
    drift_ns = (path.now_ns - start_ns) * MAX_DRIFT_PPM // 1_000_000 + len(ways)
    found_ns, bound_ns, *_ = known(clock)
    assert abs(found_ns - offset_ns) <= asymmetry_ns // 2 + drift_ns + 1
    assert abs(found_ns - offset_ns) <= bound_ns


@given(ways_ns, ways_ns, st.integers(1, 60 * S), st.integers(0, 20))
def test_a_single_slow_exchange_moves_no_offset(up_ns: int, down_ns: int, jump_ns: int, before: int) -> None:
    path, clock = TruePath(), RemoteClock(resolution_ns=0)
    for _ in range(before + 1):
        clock.update(path.exchange(MS, MS, after_ns=0))
    # The rounding of the drift may differ by 1 ns between the two bounds, and so the middle.
    offset_ns = clock.offset_ns
    assert offset_ns is not None
    clock.update(path.exchange(up_ns + 2 * MS, down_ns + 2 * MS, after_ns=0))
    assert clock.offset_ns is not None
    assert abs(clock.offset_ns - offset_ns) <= 1
    path.offset_ns += jump_ns + 4 * S
    assert clock.update(path.exchange(MS, MS, after_ns=0)) is Verdict.OUTLIER
    assert abs(clock.offset_ns - offset_ns) <= 1


@given(st.lists(st.tuples(ways_ns, st.integers(0, 100 * MS), ways_ns), min_size=2, max_size=30))
def test_later_answers_are_mapped_to_later_moments(ways: list[tuple[int, int, int]]) -> None:
    # Many exchanges are under way at once; their answers leave and arrive in order.
    clock = RemoteClock()
    transmit_ns, destination_ns, last_ns = 100 * S, 0, 0
    for up_ns, gap_ns, down_ns in ways:
        transmit_ns += gap_ns
        destination_ns = max(destination_ns, transmit_ns + down_ns)
        stamps = {"origin_ns": transmit_ns - up_ns, "receive_ns": transmit_ns + 3 * S, "transmit_ns": transmit_ns + 3 * S}
        assert clock.update(Exchange(**stamps, destination_ns=destination_ns)) is Verdict.ACCEPTED
        local_ns = clock.to_local(transmit_ns + 3 * S)
        assert local_ns is not None
        assert local_ns >= last_ns
        last_ns = local_ns


@given(st.integers(S, S + MS), st.lists(st.tuples(ways_ns, ways_ns, st.integers(0, MS)), min_size=1, max_size=30))
def test_coarse_clocks_do_not_break_the_bound(offset_ns: int, ways: list[tuple[int, int, int]]) -> None:
    path, clock = TruePath(offset_ns), RemoteClock(resolution_ns=MS)
    for up_ns, down_ns, after_ns in ways:
        fine = path.exchange(up_ns // 1_000, down_ns // 1_000, after_ns=after_ns)
        stamps = {name: getattr(fine, name) // MS * MS for name in ("origin_ns", "receive_ns", "transmit_ns", "destination_ns")}
        clock.update(Exchange(**stamps))
        found_ns, bound_ns, *_ = known(clock)
        assert abs(found_ns - offset_ns) <= bound_ns
    assert clock.statistics().accepted == len(ways)


@given(st.lists(st.tuples(ways_ns, ways_ns), min_size=1, max_size=30))
def test_the_bound_is_never_exceeded(ways: list[tuple[int, int]]) -> None:
    path, clock = TruePath(), RemoteClock()
    for up_ns, down_ns in ways:
        clock.update(path.exchange(up_ns, down_ns))
        offset_ns, bound_ns, *_ = known(clock)
        assert abs(offset_ns - path.offset_ns) <= bound_ns


@given(st.lists(st.tuples(times_ns, times_ns, times_ns, times_ns), max_size=20))
def test_any_stamps_leave_a_clock_that_is_synchronised_again(stamps: list[tuple[int, int, int, int]]) -> None:
    clock = RemoteClock()
    for origin_ns, receive_ns, transmit_ns, destination_ns in stamps:
        clock.update(Exchange(origin_ns=origin_ns, receive_ns=receive_ns, transmit_ns=transmit_ns, destination_ns=destination_ns))
    path = TruePath()
    for _ in range(RESYNC_AFTER):
        clock.update(path.exchange(MS, MS))
    offset_ns, bound_ns, *_ = known(clock)
    # Garbage that was believed either contradicts the truth, which then replaces it, or has bounds so wide that they hold the truth.
    assert abs(offset_ns - path.offset_ns) <= bound_ns


@given(st.lists(st.tuples(ways_ns, ways_ns), min_size=1, max_size=20))
def test_each_way_is_known_as_well_as_the_offset_and_both_add_up(ways: list[tuple[int, int]]) -> None:
    path, clock = TruePath(), RemoteClock(resolution_ns=0)
    for up_ns, down_ns in ways:
        exchange = path.exchange(up_ns, down_ns)
        clock.update(exchange)
        found_up_ns, found_down_ns = clock.ways_ns(exchange)
        assert found_up_ns + found_down_ns == up_ns + down_ns
        assert found_up_ns >= 0
        assert found_down_ns >= 0
        assert abs(found_up_ns - up_ns) <= (clock.offset_error_bound_ns or 0)


def test_without_an_offset_both_ways_are_equally_long() -> None:
    assert RemoteClock().ways_ns(TruePath().exchange(9, 4)) == (6, 7)


# --- the golden sequences


def jitter(rng: random.Random, base_ns: int, most_ns: int) -> int:
    # Only `random()` is promised to give the same numbers in every version of Python.
    return base_ns + int(most_ns * rng.random() ** 4)


def steady(rng: random.Random) -> Iterator[Exchange]:
    path = TruePath(offset_ns=-7 * S)
    yield from (path.exchange(jitter(rng, MS, 20 * MS), jitter(rng, MS, 20 * MS)) for _ in range(60))


def asymmetric(rng: random.Random) -> Iterator[Exchange]:
    path = TruePath(offset_ns=2_000 * S)
    yield from (path.exchange(jitter(rng, 80 * MS, 40 * MS), jitter(rng, 20 * MS, 5 * MS)) for _ in range(40))


def coarse(rng: random.Random) -> Iterator[Exchange]:
    path = TruePath()
    for _ in range(40):
        fine = path.exchange(jitter(rng, 20_000, MS), jitter(rng, 20_000, MS), work_ns=1_234_567)
        yield replace(fine, origin_ns=fine.origin_ns // MS * MS, destination_ns=fine.destination_ns // MS * MS)


def jumping(rng: random.Random) -> Iterator[Exchange]:
    path = TruePath(offset_ns=100 * S)
    for jump_ns in (0, 30 * S, -80 * S, 0):
        path.offset_ns += jump_ns
        yield from (path.exchange(jitter(rng, 5 * MS, 3 * MS), jitter(rng, 5 * MS, 3 * MS)) for _ in range(8))
        yield replace(path.exchange(MS, MS), receive_ns=1, transmit_ns=2)
    path.now_ns += 400 * S  # a night without an exchange, and our clock goes back a little in the end
    yield from (path.exchange(MS, 2 * MS) for _ in range(3))
    path.now_ns -= 60 * MS
    yield from (path.exchange(MS, 2 * MS) for _ in range(5))


def drifting(rng: random.Random) -> Iterator[Exchange]:
    path = TruePath()
    for _ in range(60):
        path.offset_ns += 90_000
        yield path.exchange(jitter(rng, 2 * MS, 30 * MS), jitter(rng, 2 * MS, 30 * MS), after_ns=900 * MS)


def hostile(rng: random.Random) -> Iterator[Exchange]:
    path = TruePath()
    for _ in range(30):
        good = path.exchange(MS, MS)
        yield good
        name = ("origin_ns", "receive_ns", "transmit_ns", "destination_ns")[int(4 * rng.random())]
        yield replace(good, **{name: int(2 ** (53 * rng.random())) - 5})


SEQUENCES = {
    "jitter both ways": (MS, steady),
    "a slow way up": (0, asymmetric),
    "a clock of whole milliseconds": (MS, coarse),
    "clocks that jump": (MS, jumping),
    "a drift of 90 ppm": (0, drifting),
    "stamps of a broken or hostile peer": (MS, hostile),
}


def sequences() -> list[dict[str, Any]]:
    return [
        {"name": name, "resolution_ns": resolution_ns, "steps": list(steps(resolution_ns, make(random.Random(20_26))))}
        for name, (resolution_ns, make) in SEQUENCES.items()
    ]


def steps(resolution_ns: int, exchanges: Iterable[Exchange]) -> Iterator[list[Any]]:
    """The four stamps, the verdict, and what is known then: offset, its error bound, round trip, variation, least round trip."""
    clock = RemoteClock(resolution_ns=resolution_ns)
    for exchange in exchanges:
        verdict = clock.update(exchange).value
        stamps = (exchange.origin_ns, exchange.receive_ns, exchange.transmit_ns, exchange.destination_ns)
        yield [*stamps, verdict, *known(clock)]


def test_the_golden_sequences_hold_what_this_implementation_decides() -> None:
    assert json.loads(VECTORS.read_text()) == sequences(), "if the change is meant: python -m tests.protocol.test_clock"


def test_the_golden_sequences_show_every_verdict() -> None:
    shown = {step[4] for sequence in sequences() for step in sequence["steps"]}
    assert shown == {verdict.value for verdict in Verdict}


if __name__ == "__main__":
    write_sequences(VECTORS, sequences())
