"""What all benchmarks can be told, and what they say while they run: `BenchOptions`, `Step`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from handstream.frames import Output

if TYPE_CHECKING:
    from handstream.vision.engines import Precision

__all__ = ["BenchOptions", "Step"]

Step = Callable[[str], None]
"""Called before each measurement with what is measured now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions:
    """What is measured, and for how long.

    Attributes:
        url: The server; None starts one, in a process of its own.
        token: What the server at that address asks for, if it does. No report tells it.
        size_wh: Width and height of the pictures sent, in pixels.
        frames_per_second: What each session sends.
        output: What sessions ask for.
        precision: What the networks of a server that is started compute in.
        seconds: How long each measurement is.
        warm_up_s: How long each runs before that.
        repeats: How often each is made, in turns with the others.
    """

    url: str | None = None
    token: str | None = field(default=None, repr=False)
    size_wh: tuple[int, int] = (640, 480)
    frames_per_second: float = 30.0
    output: Output = Output.ANNOTATED
    precision: Precision = "f32"
    seconds: float = 4.0
    warm_up_s: float = 1.0
    repeats: int = 3

    @property
    def interval_ms(self) -> float:
        """The time between two frames."""
        return 1e3 / self.frames_per_second
