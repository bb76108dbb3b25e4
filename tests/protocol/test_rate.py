"""The rate controller: tables, properties, and the golden sequences that the TypeScript twin decides alike.

After a deliberate change the sequences in tests/vectors/rate.json are written anew with `.venv/bin/python -m tests.protocol.test_rate`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handstream.bench.profiles import PROFILES
from handstream.protocol.rate import AnsweredFrame, RateBounds, RateController, RateDecision
from tests.protocol.golden import write_sequences
from tests.protocol.simulation import Client, Clock, Server

VECTORS = Path(__file__).parents[1] / "vectors" / "rate.json"


def frame(sent_ms: float, **changes: float) -> AnsweredFrame:
    """A frame on a fast path and an idle server."""
    good = AnsweredFrame(sent_ms=sent_ms, network_ms=1, probe_ms=None, queue_ms=0, work_ms=8, up_bytes=17_000, down_bytes=350)
    return replace(good, **changes)  # type: ignore[arg-type]  # the names of its fields


def feed(rate: RateController, frames: int, start_ms: float, **changes: float) -> float:
    """So many frames at the interval that the controller asks for; returns the time after them."""
    now_ms = start_ms
    for _ in range(frames):
        now_ms += rate.decision.frame_interval_ms
        rate.answered(frame(now_ms, **changes), now_ms + 10)
    return now_ms


def test_nothing_limits_before_anything_is_known() -> None:
    rate = RateController(RateBounds())
    assert rate.decision == RateDecision(
        frame_interval_ms=33.0,
        jpeg_quality=70,
        answer_quality=50,
        scale=1.0,
        limit="none",
        reason="Nothing limits: frames are sent as often and as finely as was asked for.",
    )


def test_on_a_local_network_nothing_moves_and_nothing_is_probed() -> None:
    rate = RateController(RateBounds())
    before = rate.decision
    now_ms = feed(rate, 100, 0)
    assert rate.decision is before
    assert not rate.wants_probe(now_ms)


@pytest.mark.parametrize(
    ("changes", "limit", "word"),
    [
        ({"queue_ms": 30}, "server", "server"),
        ({"work_ms": 60}, "server", "server"),
        ({"network_ms": 80, "probe_ms": 53}, "path", "network"),
    ],
)
def test_it_names_what_limits(changes: dict[str, float], limit: str, word: str) -> None:
    rate = RateController(RateBounds())
    feed(rate, 120, 0, **changes)
    assert rate.decision.limit == limit
    assert word in rate.decision.reason


def test_it_says_that_the_rate_rises_again_where_there_is_room() -> None:
    rate = RateController(RateBounds())
    now_ms = feed(rate, 20, 0, work_ms=60)
    feed(rate, 8, now_ms, work_ms=8)
    assert rate.decision.limit == "server"
    assert rate.decision.reason.startswith("The server was busy:")
    rate.advise(12.0)
    assert "advises 12 frames/s" in rate.decision.reason


def test_a_busy_server_moves_the_frame_rate_alone() -> None:
    rate = RateController(RateBounds())
    now_ms = feed(rate, 20, 0, work_ms=60)
    decision = rate.decision
    assert 60 < decision.frame_interval_ms < 90
    assert (decision.jpeg_quality, decision.answer_quality, decision.scale) == (70, 50, 1.0)
    feed(rate, 120, now_ms)
    assert rate.decision.limit == "none"


def test_frames_that_were_sent_before_a_change_tell_nothing_of_it() -> None:
    rate = RateController(RateBounds())
    now_ms = feed(rate, 20, 0, work_ms=60)
    decision = rate.decision
    for _ in range(10):
        rate.answered(frame(0, work_ms=200), now_ms)
    assert rate.decision.frame_interval_ms == decision.frame_interval_ms > 33


def test_a_path_that_is_far_too_full_is_left_alone_in_one_step() -> None:
    rate, now_ms, intervals_ms = RateController(RateBounds(min_jpeg_quality=70, scales=(1.0,))), 0.0, [33.0]
    while len(intervals_ms) < 2:
        now_ms = feed(rate, 1, now_ms, network_ms=160, probe_ms=60)
        if rate.decision.frame_interval_ms != intervals_ms[-1]:
            intervals_ms.append(rate.decision.frame_interval_ms)
    assert intervals_ms[1] > 100, "the time that a frame's bytes take"


def test_a_slow_first_frame_moves_nothing() -> None:
    """A session's tracker is made for it."""
    rate = RateController(RateBounds())
    before = rate.decision
    now_ms = feed(rate, 2, 0, work_ms=130)
    rate.shown(100, 100, now_ms)
    now_ms = feed(rate, 20, now_ms)
    for index in range(20):
        rate.shown(5, 5, now_ms + index * 33)
    assert rate.decision is before


def test_a_wait_is_yielded_to_where_it_lasts_and_nothing_is_advised() -> None:
    rate = RateController(RateBounds())
    now_ms = feed(rate, 60, 0, queue_ms=30)
    assert rate.decision.frame_interval_ms == 33, "the server has not had the time to advise anything"
    now_ms = feed(rate, 60, now_ms, queue_ms=30)
    assert rate.decision.frame_interval_ms > 33
    rate.advise(25)
    feed(rate, 120, now_ms, queue_ms=30)
    assert rate.decision.frame_interval_ms == 40, "it knows better than what is seen here"


@pytest.mark.parametrize(("queue_ms", "limit"), [(3, "server"), (0, "none")])
def test_frames_that_are_replaced_lower_the_rate_where_the_others_wait(queue_ms: float, limit: str) -> None:
    """Where they do not, the path brought several frames at once."""
    rate = RateController(RateBounds())
    for index in range(120):
        rate.answered(frame(index * 33, queue_ms=queue_ms), index * 33 + 10)
        rate.replaced(index * 33 + 15)
    assert rate.decision.limit == limit
    assert (rate.decision.frame_interval_ms > 33) == (limit == "server")


@pytest.mark.parametrize(("pack_ms", "show_ms"), [(50, 10), (5, 50)])
def test_a_slow_page_moves_the_frame_rate_alone(pack_ms: float, show_ms: float) -> None:
    rate = RateController(RateBounds())
    for index in range(30):
        rate.shown(pack_ms, show_ms, index * 60)
    assert rate.decision.limit == "page"
    assert 50 < rate.decision.frame_interval_ms < 70
    assert (rate.decision.jpeg_quality, rate.decision.scale) == (70, 1.0)


def test_a_path_over_budget_moves_quality_first_and_then_resolution() -> None:
    mild, hard = RateController(RateBounds()), RateController(RateBounds())
    feed(mild, 5, 0, network_ms=73, probe_ms=60)
    feed(hard, 5, 0, network_ms=88, probe_ms=60)
    assert (mild.decision.scale, mild.decision.limit) == (1.0, "path")
    assert 30 <= mild.decision.jpeg_quality < 70
    assert (hard.decision.jpeg_quality, hard.decision.scale) == (30, 0.5)
    assert mild.decision.frame_interval_ms == hard.decision.frame_interval_ms == 33


def test_an_outage_moves_nothing() -> None:
    rate = RateController(RateBounds())
    now_ms = feed(rate, 60, 0, network_ms=15, probe_ms=13)
    before = rate.decision
    rate.answered(frame(now_ms, network_ms=2_000, probe_ms=14), now_ms + 2_000)
    rate.answered(frame(now_ms + 33, network_ms=1_967, probe_ms=1_900), now_ms + 2_000)
    feed(rate, 30, now_ms + 2_000, network_ms=15, probe_ms=13)
    assert rate.decision == before


def test_a_queue_that_withstands_decreases_is_the_path_itself() -> None:
    rate = RateController(RateBounds(min_jpeg_quality=70, scales=(1.0,)))
    now_ms = feed(rate, 30, 0, network_ms=80, probe_ms=60)
    now_ms = feed(rate, 15, now_ms, network_ms=180, probe_ms=160)
    assert rate.decision.frame_interval_ms > 33, "it looks like one"
    now_ms = feed(rate, 30, now_ms, network_ms=180, probe_ms=160)
    assert rate.decision.frame_interval_ms == 33, "restored long before the old floor is forgotten"
    feed(rate, 60, now_ms, network_ms=180, probe_ms=160)
    assert rate.decision.frame_interval_ms == 33


def test_a_stream_that_hardly_loads_the_path_does_not_yield_to_jitter() -> None:
    rate = RateController(RateBounds())
    now_ms = feed(rate, 30, 0, network_ms=4, probe_ms=3)
    before = rate.decision
    for _ in range(60):
        now_ms = feed(rate, 1, now_ms, network_ms=30, probe_ms=29)
        assert rate.decision is before


def test_detail_that_does_not_hold_is_tried_ever_more_rarely() -> None:
    # On this path bytes are dear at full detail alone, which no arithmetic foretells.
    rate, now_ms, changes = RateController(RateBounds(scales=(1.0,))), 0.0, []
    while now_ms < 120_000:
        quality = rate.decision.jpeg_quality
        is_full = quality == 70
        now_ms = feed(rate, 1, now_ms, network_ms=80 if is_full else 62, probe_ms=60, up_bytes=17_000 if is_full else 12_000)
        if rate.decision.jpeg_quality != quality:
            changes.append(now_ms)
    gaps_ms = [later - earlier for earlier, later in pairwise(changes)]
    assert 4 <= len(changes) <= 40
    assert max(gaps_ms) >= 10_000


def test_the_server_may_advise_a_rate_and_take_it_back() -> None:
    rate = RateController(RateBounds())
    rate.advise(12.5)
    assert (rate.decision.frame_interval_ms, rate.decision.limit) == (80, "server")
    rate.advise(None)
    assert (rate.decision.frame_interval_ms, rate.decision.limit) == (33, "none")


def test_new_wishes_hold_at_once() -> None:
    rate = RateController(RateBounds())
    rate.set_bounds(RateBounds(frame_interval_ms=100, jpeg_quality=90, answer_quality=80), 0)
    decision = rate.decision
    assert (decision.frame_interval_ms, decision.jpeg_quality, decision.answer_quality) == (100, 90, 80)
    rate.set_bounds(RateBounds(frame_interval_ms=0), 0)
    assert (rate.decision.frame_interval_ms, rate.decision.limit) == (0, "none")


def test_resolution_follows_need_where_no_picture_comes_back() -> None:
    landmarks = RateController(RateBounds(capture_long_side_px=1280))
    annotated = RateController(RateBounds(capture_long_side_px=1280, has_picture_answers=True))
    for rate in (landmarks, annotated):
        rate.see_region(0.65, 0)
    assert (landmarks.decision.scale, landmarks.decision.limit) == (0.375, "none")
    assert annotated.decision.scale == 1.0
    landmarks.see_region(None, 100)
    assert landmarks.decision.scale == 1.0, "a hand that is still to be found may be a small one"


def test_bounds_that_are_fixed_leave_only_the_frame_rate() -> None:
    bounds = RateBounds(min_jpeg_quality=70, scales=(1.0,))
    rate = RateController(bounds)
    feed(rate, 60, 0, network_ms=300, probe_ms=60)
    assert (rate.decision.jpeg_quality, rate.decision.scale) == (70, 1.0)
    assert rate.decision.frame_interval_ms > 240


@pytest.mark.parametrize(
    "changes",
    [{"frame_interval_ms": -1}, {"frame_interval_ms": 2_000}, {"jpeg_quality": 0}, {"min_answer_quality": 101}, {"scales": (0.5, 0.75)}],
)
def test_bounds_out_of_range_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must|fall"):
        RateBounds(**changes)


numbers = st.floats(-1e6, 1e6)
calls = st.one_of(
    st.tuples(st.just("answered"), numbers, st.none() | numbers, numbers, numbers, st.integers(0, 10**7), st.integers(0, 10**7)),
    st.tuples(st.just("replaced")),
    st.tuples(st.just("shown"), numbers, numbers),
    st.tuples(st.just("advise"), st.none() | st.floats(-5, 100)),
    st.tuples(st.just("see_region"), st.none() | st.floats(0, 3)),
)


@settings(deadline=None)
@given(st.lists(calls, max_size=80), st.booleans(), st.floats(0, 100))
def test_whatever_is_seen_the_decision_is_within_the_bounds(seen: list[tuple[Any, ...]], has_pictures: bool, interval_ms: float) -> None:
    bounds = RateBounds(frame_interval_ms=interval_ms, max_frame_interval_ms=500, has_picture_answers=has_pictures, scales=(1.0, 0.5))
    rate = RateController(bounds)
    for index, call in enumerate(seen):
        perform(rate, call, index * 40.0)
        decision = rate.decision
        assert bounds.frame_interval_ms <= decision.frame_interval_ms <= bounds.max_frame_interval_ms
        assert bounds.min_jpeg_quality <= decision.jpeg_quality <= bounds.jpeg_quality
        assert bounds.min_answer_quality <= decision.answer_quality <= bounds.answer_quality
        assert decision.scale in bounds.scales


def perform(rate: RateController, call: tuple[Any, ...], now_ms: float) -> None:
    match call:
        case ("answered", network_ms, probe_ms, queue_ms, work_ms, up_bytes, down_bytes):
            spans = {"network_ms": network_ms, "probe_ms": probe_ms, "queue_ms": queue_ms, "work_ms": work_ms}
            rate.answered(AnsweredFrame(sent_ms=now_ms, up_bytes=up_bytes, down_bytes=down_bytes, **spans), now_ms)
        case ("replaced",):
            rate.replaced(now_ms)
        case ("shown", pack_ms, show_ms):
            rate.shown(pack_ms, show_ms, now_ms)
        case ("advise", max_fps):
            rate.advise(max_fps)
        case ("see_region", region_share):
            rate.see_region(region_share, now_ms)


# --- the golden sequences


class RecordingRate(RateController):
    """A controller that writes down what it is told and what it then decides: None where that is as before."""

    def __init__(self, bounds: RateBounds) -> None:
        super().__init__(bounds)
        self.steps: list[list[Any]] = []
        self.noted: RateDecision | None = None

    def note(self, *call: object) -> None:
        self.steps.append([list(call), None if self.decision == self.noted else list(asdict(self.decision).values())])
        self.noted = self.decision

    def wants_probe(self, now_ms: float) -> bool:
        wants = super().wants_probe(now_ms)
        self.note("wants_probe", now_ms, wants)
        return wants

    def answered(self, frame: AnsweredFrame, now_ms: float) -> None:
        super().answered(frame, now_ms)
        self.note("answered", list(asdict(frame).values()), now_ms)

    def replaced(self, now_ms: float) -> None:
        super().replaced(now_ms)
        self.note("replaced", now_ms)

    def shown(self, pack_ms: float, show_ms: float, now_ms: float) -> None:
        super().shown(pack_ms, show_ms, now_ms)
        self.note("shown", pack_ms, show_ms, now_ms)

    def advise(self, max_fps: float | None) -> None:
        super().advise(max_fps)
        self.note("advise", max_fps)

    def see_region(self, region_share: float | None, now_ms: float) -> None:
        super().see_region(region_share, now_ms)
        self.note("see_region", region_share, now_ms)

    def set_bounds(self, bounds: RateBounds, now_ms: float) -> None:
        super().set_bounds(bounds, now_ms)
        self.note("set_bounds", list(asdict(bounds).values()), now_ms)


def recorded(name: str, profile: str, bounds: RateBounds, *, then: str | None = None, sessions: int = 1, **client: float) -> dict[str, Any]:
    clock = Clock()
    server = Server(clock)
    first = Client(clock, server, PROFILES[profile], bounds, rate_type=RecordingRate, seed=1, **client)  # type: ignore[arg-type]
    for seed in range(2, sessions + 1):
        Client(clock, server, PROFILES[profile], RateBounds(), seed=seed)
    clock.run(2_500)
    if then is not None:
        first.change_path(PROFILES[then])
        first.rate.advise(20)
        first.rate.see_region(0.65, clock.now_ms)
        clock.run(5_000)
        first.rate.advise(None)
        first.rate.see_region(None, clock.now_ms)
        first.rate.set_bounds(replace(bounds, jpeg_quality=60, frame_interval_ms=50), clock.now_ms)
        clock.run(7_000)
    assert isinstance(first.rate, RecordingRate)
    return {"name": name, "bounds": list(asdict(bounds).values()), "steps": first.rate.steps}


def sequences() -> list[dict[str, Any]]:
    return [
        recorded("from a mobile network to a wireless one", "4g", RateBounds(), then="wifi"),
        recorded("from a wireless network to a slow mobile one, annotated", "wifi", RateBounds(has_picture_answers=True), then="3g"),
        recorded("a local network with a busy server", "lan", RateBounds(), sessions=24),
        recorded("a slow page", "wifi", RateBounds(), unpack_ms=45.0),
    ]


def test_the_golden_sequences_hold_what_this_implementation_decides() -> None:
    assert json.loads(VECTORS.read_text()) == json.loads(json.dumps(sequences())), (
        "if the change is meant: python -m tests.protocol.test_rate"
    )


def test_the_golden_sequences_show_every_limit() -> None:
    limits = {step[1][4] for sequence in sequences() for step in sequence["steps"] if step[1] is not None}
    assert limits == {"path", "server", "page", "none"}


if __name__ == "__main__":
    write_sequences(VECTORS, sequences())
