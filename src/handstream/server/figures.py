"""What is counted: `AnsweredFrame` of one frame, `SessionFigures` of one session, `Tally` of all sessions of a server.

Nothing here keeps a picture, a landmark or a token. All of it belongs to the event loop's thread.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handstream.frames import Stage
from handstream.percentiles import Percentiles
from handstream.protocol.flow import FlowStatistics

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["AnsweredFrame", "ServerStatistics", "SessionFigures", "Tally", "Totals"]


@dataclass(frozen=True, slots=True)
class AnsweredFrame:
    """One frame whose result has left.

    Attributes:
        session: The session's name in the log.
        frame_id: The client's number of the frame.
        receive_time_ns: When its last byte arrived, on the server's monotonic clock.
        spans_ns: How long each of the server's stages took, in their order and without a gap between them, in nanoseconds.
        hands: How many hands were found in it.
        received_bytes: The size of its picture, encoded.
        sent_bytes: The size of its result.
    """

    session: str
    frame_id: int
    receive_time_ns: int
    spans_ns: Mapping[Stage, int]
    hands: int
    received_bytes: int
    sent_bytes: int

    @property
    def age_ns(self) -> int:
        """From its arrival to its result's departure, in nanoseconds."""
        return sum(self.spans_ns.values())


class SessionFigures:
    """The figures of one session, over all its connections.

    Attributes:
        received_bytes: What its messages held, in bytes.
        sent_bytes: The same of what it was sent.
    """

    def __init__(self, now_ns: int) -> None:
        """The session begins now."""
        self.received_bytes = 0
        self.sent_bytes = 0
        self.begin_ns = now_ns
        self._ages_ms = Percentiles()
        self._queue_ms = Percentiles()
        self._track_ms = Percentiles()

    def answered(self, frame: AnsweredFrame) -> None:
        """That frame was answered."""
        self._ages_ms.add(frame.age_ns / 1e6)
        self._queue_ms.add(frame.spans_ns[Stage.QUEUE] / 1e6)
        self._track_ms.add(frame.spans_ns[Stage.TRACK] / 1e6)

    def as_fields(self, now_ns: int) -> dict[str, float | int | None]:
        """Duration, bytes and percentiles, by the names that the log gives them. What was never measured is None."""
        fields: dict[str, float | int | None] = {
            "duration_s": round((now_ns - self.begin_ns) / 1e9, 1),
            "received_bytes": self.received_bytes,
            "sent_bytes": self.sent_bytes,
        }
        for name, percentiles in {"age": self._ages_ms, "queue": self._queue_ms, "track": self._track_ms}.items():
            for percent in (50, 95):
                value_ms = percentiles.at(percent)
                fields[f"{name}_p{percent}_ms"] = None if value_ms is None else round(value_ms, 3)
        return fields


@dataclass(frozen=True, slots=True)
class Totals:
    """What sessions have done so far: their frames, and the bytes of their messages."""

    frames: FlowStatistics
    received_bytes: int
    sent_bytes: int

    def __add__(self, other: Totals) -> Totals:
        return Totals(self.frames + other.frames, self.received_bytes + other.received_bytes, self.sent_bytes + other.sent_bytes)


@dataclass(frozen=True, slots=True)
class ServerStatistics:
    """The sessions of a server.

    Attributes:
        open: Sessions that have a connection now.
        parked: Sessions whose connection was lost and that can be resumed.
        resumed: How often one was.
        began: Sessions so far, by their way of talking: `plain` or `v1`.
        ended: Sessions that are over, by the reason.
        refused: Connections and requests that were refused, by the reason.
        totals: What all sessions have done so far, those that are over too.
    """

    open: int
    parked: int
    resumed: int
    began: Mapping[str, int]
    ended: Mapping[str, int]
    refused: Mapping[str, int]
    totals: Totals


class Tally:
    """Counts the sessions of one server. The reasons are codes that stand in the source, so there is a bounded number of them."""

    def __init__(self) -> None:
        """Nothing happened yet."""
        self._began: Counter[str] = Counter()
        self._ended: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._past = Totals(FlowStatistics(0, 0, 0, {}, 0), 0, 0)

    def begin(self, way: str) -> None:
        """A session begins."""
        self._began[way] += 1

    def end(self, reason: str, totals: Totals) -> None:
        """A session is over, and has done that."""
        self._ended[reason] += 1
        self._past += totals

    def refuse(self, reason: str) -> None:
        """A connection or a request is refused."""
        self._refused[reason] += 1

    def statistics(self, present: Iterable[Totals], *, parked: int, resumed: int) -> ServerStatistics:
        """The account as it stands.

        Args:
            present: What each session that is not over has done so far.
            parked: How many of those are parked.
            resumed: How often one was resumed.
        """
        sessions = list(present)
        return ServerStatistics(
            open=len(sessions) - parked,
            parked=parked,
            resumed=resumed,
            began=dict(self._began),
            ended=dict(self._ended),
            refused=dict(self._refused),
            totals=sum(sessions, start=self._past),
        )
