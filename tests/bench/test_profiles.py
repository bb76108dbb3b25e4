"""The profiles: the stated paths are among them, and what no path is like is refused."""

from __future__ import annotations

from typing import Any

import pytest

from handstream.bench.profiles import PROFILES, LinkProfile, Recurrence


def link(**changes: Any) -> LinkProfile:
    return LinkProfile(**({"delay_ms": 0, "jitter_ms": 0, "bandwidth_mbps": 8, "queue_ms": 10} | changes))


def test_the_profiles_by_name() -> None:
    assert list(PROFILES) == ["lan", "wifi", "4g", "3g", "stall", "reconnect"]
    assert all(profile.name == name for name, profile in PROFILES.items())


@pytest.mark.parametrize(("name", "round_trip_s", "bandwidth_mbps"), [("4g", 0.06, 5), ("3g", 0.2, 1)])
def test_the_mobile_paths_are_the_stated_ones(name: str, round_trip_s: float, bandwidth_mbps: float) -> None:
    profile = PROFILES[name]
    assert profile.round_trip_s == round_trip_s
    assert profile.up.bandwidth_mbps == profile.down.bandwidth_mbps == bandwidth_mbps


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_pieces_are_small_against_the_queue(profile: Any) -> None:
    for way in (profile.up, profile.down):
        assert 2 * way.chunk_bytes <= way.capacity_bytes <= 2_000_000


def test_the_capacity_is_the_queue_and_what_is_on_its_way() -> None:
    # 8 Mbit/s are 1000 bytes a millisecond.
    assert link(queue_ms=100, delay_ms=30, jitter_ms=5, burst_bytes=0).capacity_bytes == 135_000


@pytest.mark.parametrize(
    "changes", [{"delay_ms": -1}, {"bandwidth_mbps": 0}, {"bandwidth_mbps": float("nan")}, {"queue_ms": float("inf")}, {"losses_per_s": -1}]
)
def test_what_no_link_has_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))):
        link(**changes)


@pytest.mark.parametrize(("every_s", "duration_s"), [(1, 1), (1, 0), (0, 1)])
def test_what_recurs_must_end_before_it_comes_again(every_s: float, duration_s: float) -> None:
    with pytest.raises(ValueError, match="duration_s must lie between"):
        Recurrence(every_s, duration_s)
