"""What is measured, in which order: `path_trials`, `session_trials` and `overload_trials`. Contenders of one scenario follow each other."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.freshness_comparison.clients import Client
from benchmarks.freshness_comparison.pictures import FRAMES_PER_SECOND
from benchmarks.freshness_comparison.trials import Contender, Trial

__all__ = [
    "CAPACITY",
    "FLOODED",
    "FOUR_SESSIONS",
    "HANDSTREAM",
    "LANDMARKS",
    "ORIGINAL",
    "UNLOADED",
    "WAITING",
    "Lengths",
    "capacity_trials",
    "overload",
    "overload_trials",
    "path_trials",
    "session_trials",
]

HANDSTREAM = Contender("handstream", Client.HANDSTREAM)
LANDMARKS = Contender("handstream, landmarks", Client.HANDSTREAM, output="landmarks")
FLOODED = Contender("handstream, flooded", Client.FLOOD)
"""The original's page at handstream's server: it takes no advice and sends every picture."""

ORIGINAL = Contender("original with its cures", Client.FLOOD, is_original=True)
WAITING = Contender("original, the client waits", Client.WAITING, is_original=True)

CAPACITY = "capacity"
UNLOADED = "one session, unloaded"
FOUR_SESSIONS = "four sessions"

_SATURATING_SESSIONS = 32
"""960 pictures a second: more than any four cores answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How long and how often is measured, in seconds; the defaults are those of a whole run.

    Attributes:
        path_s: Each steady path.
        disturbed_s: Each path with disturbances, one every 10 s, beginning 6 s before the first.
        sessions_s: Each round of four sessions.
        rounds: How many there are.
        overload_s: Each overload but the next.
        long_overload_s: Overload of four times the capacity.
        overloads: In times of the capacity.
    """

    path_s: float = 7.0
    disturbed_s: float = 20.0
    sessions_s: float = 6.0
    rounds: int = 2
    overload_s: float = 6.0
    long_overload_s: float = 60.0
    overloads: tuple[int, ...] = (1, 2, 4, 8)


def path_trials(lengths: Lengths) -> list[Trial]:
    """One session over each of the relay's paths."""
    steady = {"lan": 2.0, "wifi": 2.0, "4g": 4.0, "3g": 6.0}  # seconds until a client knows the path
    trials = [
        Trial(scenario=profile, contender=contender, profile=profile, warm_up_s=warm_up_s, seconds=lengths.path_s)
        for profile, warm_up_s in steady.items()
        for contender in (HANDSTREAM, *((LANDMARKS,) if profile in ("4g", "3g") else ()), ORIGINAL, WAITING)
    ]
    # The original's page does not connect again, so on the last path there is nothing to compare with.
    disturbed = [("stall", HANDSTREAM), ("stall", ORIGINAL), ("stall", WAITING), ("reconnect", HANDSTREAM)]
    trials += [
        Trial(scenario=profile, contender=contender, profile=profile, warm_up_s=2.5, seconds=lengths.disturbed_s)
        for profile, contender in disturbed
    ]
    return trials


def session_trials(lengths: Lengths) -> list[Trial]:
    """Four sessions on the loopback, in rounds."""
    return [
        Trial(scenario=FOUR_SESSIONS, contender=contender, sessions=4, seconds=lengths.sessions_s, is_page_like=False)
        for _ in range(lengths.rounds)
        for contender in (HANDSTREAM, ORIGINAL, WAITING)
    ]


def capacity_trials(lengths: Lengths) -> list[Trial]:
    """What overload is compared with: the capacity, and one session that has the machine for itself."""
    seconds = min(lengths.overload_s, 6.0)
    unloaded = [Trial(scenario=UNLOADED, contender=contender, seconds=seconds, is_page_like=False) for contender in (HANDSTREAM, FLOODED)]
    saturated = Trial(scenario=CAPACITY, contender=FLOODED, sessions=_SATURATING_SESSIONS, seconds=seconds, is_page_like=False)
    return [saturated, *unloaded]


def overload(times: int) -> str:
    """The name of the scenario in which so many times the capacity is offered."""
    return f"overload, {times} x"


def overload_trials(lengths: Lengths, capacity_fps: float) -> list[Trial]:
    """As many sessions as offer so many times the capacity."""
    trials: list[Trial] = []
    for times in lengths.overloads:
        sessions = max(1, round(times * capacity_fps / FRAMES_PER_SECOND))
        # Eight times the capacity are some hundred graphs of MediaPipe, several gigabytes: that is not tried.
        entrants = (HANDSTREAM, FLOODED, ORIGINAL, WAITING) if times <= 4 else (HANDSTREAM, FLOODED)  # noqa: PLR2004
        for contender in entrants:
            is_long = times == 4 and contender is HANDSTREAM  # noqa: PLR2004 - the overload that has a bar
            trials.append(
                Trial(
                    scenario=overload(times),
                    contender=contender,
                    sessions=sessions,
                    warm_up_s=6.0 if contender is HANDSTREAM else 3.0,
                    seconds=lengths.long_overload_s if is_long else lengths.overload_s,
                    is_page_like=False,
                )
            )
    return trials
