"""What window and rate controller do together on simulated paths, servers and pages: freshness, recovery, diagnosis, no swinging."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handstream.bench.profiles import PROFILES, PathProfile
from handstream.protocol.detail import relative_bytes
from handstream.protocol.rate import RateBounds, RateDecision
from tests.protocol.simulation import REFRESH_MS, Client, Clock, Server, one_client, percentile

SETTLED_MS, END_MS = 4_000, 20_000


def detail(decision: RateDecision) -> float:
    return relative_bytes(decision.jpeg_quality, decision.scale)


def interval(decision: RateDecision) -> float:
    return decision.frame_interval_ms


def with_links(path: PathProfile, **changes: float) -> PathProfile:
    return replace(path, up=replace(path.up, **changes), down=replace(path.down, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("has_pictures", [False, True])
@pytest.mark.parametrize("profile", ["lan", "wifi"])
def test_on_a_fast_path_nothing_moves(profile: str, has_pictures: bool) -> None:
    client = one_client(PROFILES[profile], bounds=RateBounds(has_picture_answers=has_pictures), seed=3)
    assert {decision.limit for _, decision in client.decisions} == {"none"}
    assert client.most_in_flight <= 2
    assert client.fps(SETTLED_MS, END_MS) > 29.5


@pytest.mark.parametrize("has_pictures", [False, True])
@pytest.mark.parametrize(("profile", "allowance_ms", "least_fps"), [("4g", 40, 29), ("3g", 120, 22)])
@pytest.mark.parametrize("seed", [1, 2])
def test_on_a_slow_path_the_age_stays_near_the_round_trip(
    profile: str, allowance_ms: float, least_fps: float, has_pictures: bool, seed: int
) -> None:
    path = PROFILES[profile]
    client = one_client(path, bounds=RateBounds(has_picture_answers=has_pictures), seed=seed)
    assert percentile(client.ages_ms(SETTLED_MS, END_MS), 0.5) <= path.round_trip_s * 1e3 + allowance_ms
    assert client.fps(SETTLED_MS, END_MS) > least_fps
    assert client.rate.decision.limit == "path"


@pytest.mark.parametrize("profile", ["4g", "3g"])
def test_it_does_not_swing(profile: str) -> None:
    client = one_client(PROFILES[profile], 60, seed=5)
    assert client.turns(interval, SETTLED_MS) <= 8
    assert client.turns(detail, SETTLED_MS) <= 14


def test_without_the_controller_a_slow_path_fills_up() -> None:
    uncontrolled = one_client(PROFILES["3g"], seed=1, is_controlled=False)
    controlled = one_client(PROFILES["3g"], seed=1)
    assert percentile(uncontrolled.ages_ms(SETTLED_MS), 0.5) > 3 * percentile(controlled.ages_ms(SETTLED_MS), 0.5)


@pytest.mark.parametrize("profile", ["lan", "wifi", "4g", "3g"])
def test_after_an_outage_it_is_as_before_within_half_a_second(profile: str) -> None:
    clock = Clock()
    # Losses would be outages of their own at moments that no test chooses.
    path = with_links(PROFILES[profile], losses_per_s=0)
    client = Client(clock, Server(clock), path, RateBounds(), seed=1)
    clock.run(10_000)
    floor_ms = percentile(client.ages_ms(5_000, 10_000), 0.5)
    usual_ms = percentile(client.ages_ms(5_000, 10_000), 0.9)
    before = client.rate.decision
    client.stall(2_000)
    clock.run(14_000)
    # A picture that was held while no place was free may be 50 ms old.
    assert all(shown.age_ms <= max(1.5 * floor_ms, usual_ms) + 50 for shown in client.shown if 12_000 <= shown.shown_ms < 12_500)
    # The camera beats against the screen by up to a refresh, which is much where the floor is little.
    assert percentile(client.ages_ms(12_500, 14_000), 0.5) <= max(1.5 * floor_ms, floor_ms + REFRESH_MS)
    assert client.fps(12_500, 14_000) > 0.9 * client.fps(8_000, 10_000)
    assert client.rate.decision.frame_interval_ms == before.frame_interval_ms


def test_a_path_that_loses_its_bandwidth_is_followed_both_ways() -> None:
    clock = Clock()
    client = Client(clock, Server(clock), PROFILES["4g"], RateBounds(), seed=1)
    clock.run(8_000)
    usual_ms, usual = percentile(client.ages_ms(5_000, 8_000), 0.5), detail(client.rate.decision)
    client.change_path(with_links(PROFILES["4g"], bandwidth_mbps=1))
    clock.run(18_000)
    assert percentile(client.ages_ms(10_000, 18_000), 0.5) < usual_ms + 30
    assert detail(client.rate.decision) < usual
    client.change_path(PROFILES["wifi"])
    clock.run(30_000)
    assert client.rate.decision.limit == "none"


def test_a_path_that_becomes_longer_is_no_queue() -> None:
    clock = Clock()
    client = Client(clock, Server(clock), PROFILES["4g"], RateBounds(), seed=1)
    clock.run(8_000)
    client.change_path(with_links(PROFILES["4g"], delay_ms=80))
    clock.run(16_000)
    assert client.fps(12_000, 16_000) > 28
    assert percentile(client.ages_ms(12_000, 16_000), 0.5) <= 160 + 60


@pytest.mark.parametrize("sessions", [16, 32, 64])
def test_under_overload_all_get_the_same_and_hardly_wait(sessions: int) -> None:
    """Two to eight times the load that the threads carry, by sessions that begin within one interval of a camera."""
    clock = Clock()
    server = Server(clock, work_ms=16.0)
    # No two cameras have quite the same rate.
    clients = [Client(clock, server, PROFILES["lan"], RateBounds(), seed=seed, camera_ms=33.3 + seed / 1e3) for seed in range(sessions)]
    clock.run(SETTLED_MS + END_MS)
    rates = [client.fps(SETTLED_MS, SETTLED_MS + END_MS) for client in clients]
    assert min(rates) >= 0.9 * max(rates)
    assert sum(rates) > 0.75 * 1000 * 4 / (server.work_ms * 1.05)
    waits_ms = [wait_ms for client in clients for time_ms, wait_ms in client.queues_ms if time_ms >= SETTLED_MS]
    assert percentile(waits_ms, 0.95) <= server.work_ms * 2 / 3
    for client in clients:
        assert client.turns(interval, SETTLED_MS) <= 4


def test_sessions_that_come_one_by_one_get_the_same() -> None:
    """With cameras in step their frames wait for each other. Who yielded to that would make the load look bearable, and get ever less."""
    clock = Clock()
    server = Server(clock, work_ms=16.0)
    clients: list[Client] = []
    for seed in range(12):
        clients.append(Client(clock, server, PROFILES["lan"], RateBounds(), seed=seed, camera_ms=33.3 + seed / 1e3))
        clock.run((seed + 1) * 400)
    begin_ms = clock.now_ms + SETTLED_MS
    clock.run(begin_ms + END_MS)
    rates = [client.fps(begin_ms, begin_ms + END_MS) for client in clients]
    assert min(rates) >= 0.9 * max(rates)


def test_who_follows_the_advice_gets_its_share_beside_those_who_do_not() -> None:
    """They wait for those who send more than they should, and would yield to them one by one if they went by what they see."""
    clock = Clock()
    server = Server(clock, work_ms=16.0)
    clients = [
        Client(clock, server, PROFILES["lan"], RateBounds(), seed=seed, camera_ms=33.3 + seed / 1e3, is_controlled=seed >= 4)
        for seed in range(32)
    ]
    clock.run(SETTLED_MS + END_MS)
    rates = [client.fps(SETTLED_MS, SETTLED_MS + END_MS) for client in clients[4:]]
    assert min(rates) >= 0.9 * max(rates)
    assert min(rates) >= 0.95 * 1000 / interval(clients[-1].rate.decision)


@pytest.mark.parametrize(("advises", "recovery_ms"), [(True, 65_000), (False, 20_000)])
def test_a_busy_server_lowers_the_frame_rate_alone_and_is_named(advises: bool, recovery_ms: float) -> None:
    """One that advises goes by what its threads carried while all of them were busy for another minute."""
    clock = Clock()
    server = Server(clock, advises=advises)
    clients = [Client(clock, server, PROFILES["lan"], RateBounds(), seed=seed) for seed in range(32)]
    clock.run(END_MS)
    assert all(client.rate.decision.limit == "server" for client in clients)
    assert {(client.rate.decision.jpeg_quality, client.rate.decision.scale) for client in clients} == {(70, 1.0)}
    alone = one_client(PROFILES["lan"])
    ages_ms = [age_ms for client in clients for age_ms in client.ages_ms(2 * SETTLED_MS)]
    assert percentile(ages_ms, 0.95) <= 3 * percentile(alone.ages_ms(SETTLED_MS), 0.5)
    capacity_fps = 1000 * 4 / (server.work_ms * 1.05)
    assert sum(client.fps(SETTLED_MS, END_MS) for client in clients) > 0.75 * capacity_fps
    server.work_ms = 2.0
    clock.run(END_MS + recovery_ms)
    assert {client.rate.decision.limit for client in clients} == {"none"}


def test_a_slow_page_lowers_the_frame_rate_alone_and_is_named() -> None:
    clock = Clock()
    client = Client(clock, Server(clock), PROFILES["lan"], RateBounds(), seed=1, unpack_ms=50)
    clock.run(10_000)
    assert client.decision_at(10_000).limit == "page"
    assert (client.rate.decision.jpeg_quality, client.rate.decision.scale) == (70, 1.0)
    assert percentile(client.ages_ms(SETTLED_MS), 0.95) < 100
    client.unpack_ms = 2
    clock.run(END_MS)
    assert client.rate.decision.limit == "none"


def test_the_same_run_twice_is_the_same() -> None:
    first, second = (one_client(PROFILES["4g"], 5, seed=9) for _ in range(2))
    assert first.shown == second.shown
    assert first.decisions == second.decisions
