"""The arithmetic from recordings to figures, on runs whose figures are known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.peers.recording import Recording
from benchmarks.peers.run_figures import figures_of, median_of
from benchmarks.peers.sampling import Sample

INTERVAL_S = 1 / 30


def steady(age_s: float, *, growth: float = 0.0, every: int = 1, captured_s: float = 12.0) -> Recording:
    """Twelve seconds of a camera, of which the answers to every so many frames come that much later; the window is from 2 s to 10 s."""
    captured = [(number, number * INTERVAL_S) for number in range(int(captured_s / INTERVAL_S))]
    returned = [(number, at_s + age_s + growth * at_s) for number, at_s in captured[::every]]
    return Recording(begin_s=2.0, end_s=10.0, cpu_s=4.0, captured=captured, returned=returned, unreadable=0, errors=[])


def samples(cpu: float = 0.5) -> list[Sample]:
    """A server that takes so many cores, on a machine where two are busy and a tenth of one is stolen."""
    return [Sample(at_s, cpu * at_s, 100 + at_s, 2 * at_s, 0.1 * at_s) for at_s in np.arange(0.0, 13.0, 0.2)]


def test_answers_without_growth() -> None:
    run = figures_of([steady(0.020)], samples())
    assert run.age_p50_ms == pytest.approx(20)
    assert run.age_p95_ms == pytest.approx(20)
    assert run.growth_ms_per_s == pytest.approx(0, abs=1e-6)
    assert run.frames_per_second == pytest.approx(30, abs=0.2)
    assert run.captured_per_second == pytest.approx(30, abs=0.2)


def test_the_screen_counts_the_wait_for_the_next_answer() -> None:
    run = figures_of([steady(0.020)], samples())
    assert run.screen_age_p50_ms == pytest.approx(20 + 500 * INTERVAL_S, abs=1)
    assert run.screen_age_p95_ms == pytest.approx(20 + 950 * INTERVAL_S, abs=1)


def test_a_low_rate_ages_the_screen_and_not_the_answers() -> None:
    full, third = figures_of([steady(0.020)], samples()), figures_of([steady(0.020, every=3)], samples())
    assert third.age_p50_ms == pytest.approx(full.age_p50_ms)
    assert third.screen_age_p50_ms == pytest.approx(20 + 1500 * INTERVAL_S, abs=1)
    assert third.frames_per_second == pytest.approx(10, abs=0.2)
    assert third.captured_per_second == pytest.approx(full.captured_per_second)


def test_growth_is_that_of_the_age_over_the_clock() -> None:
    run = figures_of([steady(0.020, growth=0.25)], samples())
    assert run.growth_ms_per_s == pytest.approx(200)  # 250 ms a second of capture, which takes 1.25 s to come back


def test_a_picture_that_comes_twice_is_one_frame_that_costs_twice() -> None:
    once = steady(0.020)
    twice = replace(once, returned=sorted(once.returned * 2, key=lambda pair: pair[1]))
    assert figures_of([twice], samples()).frames_per_second == figures_of([once], samples()).frames_per_second
    assert figures_of([twice], samples()).cpu_frame_ms == pytest.approx(figures_of([once], samples()).cpu_frame_ms / 2)


def test_processor_time_is_shared_out_and_what_is_left_is_others() -> None:
    run = figures_of([steady(0.020), steady(0.020)], samples(cpu=0.6))
    assert run.cpu_frame_ms == pytest.approx(0.6 * 8 * 1e3 / (2 * 8 * 30), rel=0.01)
    assert run.client_cores == pytest.approx(1.0)
    assert run.other_cores == pytest.approx(2 - 0.6 - 1.0)
    assert run.stolen_cores == pytest.approx(0.1)
    assert run.resident_mib == pytest.approx(110)


def test_rates_are_for_each_client_and_ages_pooled() -> None:
    run = figures_of([steady(0.010), steady(0.030)], samples())
    assert run.frames_per_second == pytest.approx(30, abs=0.2)
    assert run.age_p50_ms == pytest.approx(20)


def test_a_server_that_never_answers_has_no_age() -> None:
    run = figures_of([replace(steady(0.020), returned=[])], samples())
    assert math.isnan(run.age_p50_ms)
    assert math.isnan(run.screen_age_p50_ms)
    assert math.isnan(run.cpu_frame_ms)
    assert run.frames_per_second == 0


def test_medians_skip_what_is_unknown() -> None:
    runs = [figures_of([steady(age_s)], samples()) for age_s in (0.010, 0.050, 0.020)]
    assert median_of(runs).age_p50_ms == pytest.approx(20)
    assert median_of([replace(runs[0], age_p50_ms=math.nan), runs[1]]).age_p50_ms == pytest.approx(50)
