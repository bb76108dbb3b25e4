"""What a path costs, from frames and probes."""

from __future__ import annotations

import random

import pytest

from handstream.protocol.path import FAST_PATH_MS, MIN_PAIRS, PROBE_INTERVAL_MS, QUEUE_FRAMES, PathEstimate


def test_nothing_is_known_before_the_first_answer() -> None:
    path = PathEstimate()
    assert (path.floor_ms, path.ms_per_byte, path.standing_queue_ms, path.transmission_ms(1_000)) == (None, None, None, 0.0)


def test_probes_tell_propagation_and_bytes_apart_under_jitter() -> None:
    rng, path = random.Random(1), PathEstimate()
    for index in range(60):
        probe_ms = 60 + rng.expovariate(1 / 10)
        path.add(60 + rng.expovariate(1 / 10) + 0.0016 * 17_000, 17_000, probe_ms, index * 33)
    assert path.floor_ms == pytest.approx(60, abs=3)
    assert path.transmission_ms(17_000) == pytest.approx(27.2, abs=8)


def test_a_queue_that_probe_and_frame_share_costs_no_bytes() -> None:
    path = PathEstimate()
    for index in range(20):
        path.add(60 + 10 * index + 8, 8_000, 60.0 + 10 * index, index * 33)
    assert path.transmission_ms(8_000) == pytest.approx(8)


def test_an_outage_between_probe_and_frame_is_no_bandwidth() -> None:
    path = PathEstimate()
    for index in range(MIN_PAIRS + 2):
        path.add(70, 10_000, 60, index)
    path.add(2_070, 10_000, 60, 2_000)
    assert path.transmission_ms(10_000) == pytest.approx(10)


def test_one_frame_without_a_queue_proves_that_none_stands() -> None:
    path = PathEstimate()
    path.add(60, 0, None, 0)
    for _ in range(QUEUE_FRAMES):
        path.add_excess(100, 0)
    assert path.standing_queue_ms == 40
    path.add_excess(61, 0)
    assert path.standing_queue_ms == 1
    path.restart_queue()
    assert path.standing_queue_ms is None


def test_a_queue_that_is_the_path_is_accepted() -> None:
    path = PathEstimate()
    path.add(60, 0, None, 0)
    for index in range(QUEUE_FRAMES):
        path.add(110, 0, None, index)
    assert path.floor_ms == 60
    path.accept_queue(QUEUE_FRAMES)
    assert path.floor_ms == 110


def test_probes_are_sent_until_the_path_is_known_and_then_now_and_again() -> None:
    path = PathEstimate()
    assert path.wants_probe(0, is_whole=True)
    for index in range(MIN_PAIRS):
        assert path.wants_probe(index, is_whole=True)
        path.add(90, 10_000, 60, index)
    assert not path.wants_probe(MIN_PAIRS, is_whole=True)
    assert path.wants_probe(MIN_PAIRS + PROBE_INTERVAL_MS, is_whole=True)


def test_a_clock_that_went_back_holds_up_no_probe() -> None:
    path = PathEstimate()
    for index in range(MIN_PAIRS):
        path.add(90, 10_000, 60, index)
    assert path.wants_probe(5_000, is_whole=True)
    assert path.wants_probe(1_000, is_whole=True)


def test_a_fast_path_is_probed_only_while_something_may_be_gained() -> None:
    path = PathEstimate()
    for index in range(QUEUE_FRAMES):
        path.add(FAST_PATH_MS - 1, 10_000, None, index)
    assert not path.wants_probe(1_000, is_whole=True)
    assert path.wants_probe(1_000, is_whole=False)
