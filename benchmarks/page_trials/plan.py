"""Which trials the benchmark of the page runs, in which order: `trials`. `web/e2e/page.bench.ts` carries them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["FIRST_3G", "OUTPUTS", "QUICK", "WHOLE", "DisplayTrial", "Lengths", "PanelTrial", "StreamTrial", "Trial", "trials"]

LOOPBACK = "loopback"
"""The path that has no relay before the server."""

FIRST_S = 10.0
FIRST_3G = f"3g, first {FIRST_S:g} s"
"""On `3g` a page does not know for some seconds how much the path carries, and what it shows meanwhile counts by itself."""

OUTPUTS = ("landmarks", "annotated")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTrial:
    """The page streams its camera, and its own trace tells what became of each frame.

    Attributes:
        path: A profile of the relay, or `LOOPBACK`.
        output: What the page asks the server for.
        scenarios: The name of each part that is measured.
        marks_s: Where the parts begin and end, in s from the capture of the first picture that was sent: one more than parts.
    """

    path: str
    output: str
    scenarios: tuple[str, ...]
    marks_s: tuple[float, ...]
    kind: Literal["stream"] = "stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayTrial:
    """The sum of the stages is held against the time from capture to display that is measured beside the page, for so many frames."""

    frames: int
    kind: Literal["display"] = "display"


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelTrial:
    """The latency panel is open and closed in turns, each way for so many frames."""

    rounds: int
    frames: int
    kind: Literal["panel"] = "panel"


Trial = StreamTrial | DisplayTrial | PanelTrial


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How long the trials are and how often they come. No stream may be longer than the 600 frames that the page's log holds."""

    rounds: int
    seconds: float
    panel_rounds: int
    panel_frames: int
    display_frames: int
    warm_up_s: float = 2.0
    """Until a page on a path with room has found its settings."""


WHOLE = Lengths(rounds=3, seconds=6.0, panel_rounds=6, panel_frames=60, display_frames=120)
QUICK = Lengths(rounds=1, seconds=3.0, panel_rounds=2, panel_frames=30, display_frames=90)


def trials(lengths: Lengths) -> list[Trial]:
    """All of them, in the order in which they run: the paths and outputs take turns."""
    settled = (lengths.warm_up_s, lengths.warm_up_s + lengths.seconds)
    slow = (0.0, FIRST_S, FIRST_S + lengths.seconds)
    of_a_round: list[Trial] = []
    for path in (LOOPBACK, "4g"):
        of_a_round += [StreamTrial(path=path, output=output, scenarios=(path,), marks_s=settled) for output in OUTPUTS]
    of_a_round += [StreamTrial(path="3g", output=output, scenarios=(FIRST_3G, "3g"), marks_s=slow) for output in OUTPUTS]
    of_a_round.append(DisplayTrial(frames=lengths.display_frames))
    return [*of_a_round * lengths.rounds, PanelTrial(rounds=lengths.panel_rounds, frames=lengths.panel_frames)]
