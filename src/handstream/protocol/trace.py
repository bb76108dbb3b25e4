"""Where a frame's time goes: `Trace` turns the stamps that are taken on its way through the server into one span for each stage.

Theory of operation
-------------------

Stages follow each other without a gap: a stage begins where the one before it ended. So one stamp a stage is enough, taken as it ends,
and the spans of a frame add up to the whole time from its arrival to its departure, whatever happened in between; a wait is a stage like
any other (`queue`, `send`). A stage that does not run takes no stamp and has no span. All stamps are arguments, and nanoseconds of one
monotonic clock.

On a client's trace a stage that passed elsewhere is no pair of stamps of this clock: what is told of it is added as a span, and the next
stamp closes the gap. So `RemoteClock.ways_ns` says how long `network_up` took, the result's header how long the server's stages, and
the stamp of the answer's arrival leaves the rest to `network_down`. Whatever was rounded on the way is in there too, so the sum stays
exact. The twin is web/src/core/trace.ts; tests/vectors/trace.json proves that both reckon alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handstream.frames import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SERVER_STAGES", "Trace", "spans_ms"]

SERVER_STAGES = (Stage.RECEIVE, Stage.QUEUE, Stage.DECODE, Stage.TRACK, Stage.ANNOTATE, Stage.ENCODE, Stage.SEND)
"""The stages that pass on the server, in order: those whose spans a result carries."""


class Trace:
    """The stamps of one frame on one clock. Owned by one thread at a time.

    Attributes:
        start_time_ns: When the first stage began.
        spans_ns: The span of each stage that has ended, in the order in which they did.
        last_time_ns: The newest stamp: the end of the last stage, or the start of the first.
    """

    __slots__ = ("last_time_ns", "spans_ns", "start_time_ns")

    def __init__(self, start_time_ns: int) -> None:
        self.spans_ns: dict[Stage, int] = {}
        self.start_time_ns = self.last_time_ns = start_time_ns

    def end(self, stage: Stage, now_ns: int) -> None:
        """That stage ends now, and the next one begins. What was added before may have been rounded up beyond now: then it took no time."""
        self.spans_ns[stage] = max(0, now_ns - self.last_time_ns)
        self.last_time_ns = now_ns

    def add(self, stage: Stage, span_ns: int) -> None:
        """That stage took so long by another clock, and the next one begins."""
        self.spans_ns[stage] = span_ns
        self.last_time_ns += span_ns

    def cross(self, up_ns: int, stages_ns: Mapping[Stage, int], now_ns: int) -> None:
        """The frame was sent when the last stage ended, and its result is here now.

        Args:
            up_ns: How long it was on its way to the server (`RemoteClock.ways_ns`).
            stages_ns: The server's stages that ran, as the result carries them.
            now_ns: When the result arrived.
        """
        self.add(Stage.NETWORK_UP, up_ns)
        for stage in SERVER_STAGES:
            if stage in stages_ns:
                self.add(stage, stages_ns[stage])
        self.end(Stage.NETWORK_DOWN, now_ns)


def spans_ms(spans_ns: Mapping[Stage, int]) -> dict[str, float]:
    """Spans for people and JSON: milliseconds with microsecond precision, by the stage's name."""
    return {stage.value: round(span_ns / 1e6, 3) for stage, span_ns in spans_ns.items()}
