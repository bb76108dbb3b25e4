"""A client's frames from `send` to their outcome, without a socket: `FramePassage` says what leaves when, and what became of it.

Theory of operation
-------------------

For the lowest latency few frames may be on their way: what queues anywhere is old when it arrives. So only as many are unanswered as the
measured path needs (`protocol/window.py`: one on a local network), and one more waits here, where a newer one replaces it. Every frame
that left has one outcome: `Answered`, `Failed` or `Dropped`. One of which nothing is heard in time is dropped at `network_up`; an answer
that comes after all is passed over. Once a frame was given up, those that follow until something is heard again only try whether the path
is back: what comes of them has waited out the rest of the outage, a fresh one is near, and they are dropped at `network_down`. So what is
`Answered` is never older than what was before, and the first after an outage is as fresh as any.

A frame is stamped on its way (`protocol/trace.py`), and its trace is kept for as long as the window holds the frame. All times are
arguments, in ns of one monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handstream.errors import HandstreamError
from handstream.frames import Stage
from handstream.outcomes import Answered, ClientStatistics, Dropped, Failed
from handstream.protocol import wire
from handstream.protocol.clock import Exchange, RemoteClock
from handstream.protocol.control import Advice, ErrorMessage, Ping, Pong
from handstream.protocol.flow import LatestSlot
from handstream.protocol.numbering import follows
from handstream.protocol.window import FrameWindow

if TYPE_CHECKING:
    from typing import Literal

    from handstream.adaptation import Adaptation
    from handstream.frames import Frame, FrameResult
    from handstream.protocol.control import DropStage, LossStage, ServerMessage
    from handstream.protocol.trace import Trace

__all__ = ["FramePassage"]


@dataclass(frozen=True, slots=True)
class _Departing:
    """A frame that waits, and the stamps that it has so far."""

    frame: Frame
    trace: Trace


class FramePassage:
    """The frames of one session, over all its connections. Not thread-safe.

    Attributes:
        clock: What is known of the server's clock, and of the path to it. Another connection begins with a fresh one.
    """

    def __init__(self, *, frame_interval_ms: float, adaptation: Adaptation | None) -> None:
        """No frame was sent yet.

        Args:
            frame_interval_ms: The time between the caller's frames.
            adaptation: What decides how often frames leave, and learns from what becomes of them; None where nothing adapts.
        """
        self._adaptation = adaptation
        self._window = FrameWindow(interval_ms=frame_interval_ms)
        self.clock = RemoteClock()
        self._waiting: LatestSlot[_Departing] = LatestSlot()
        self._traces: dict[int, Trace] = {}
        self._waits_since_ms = 0.0
        self._newest_answered_id: int | None = None
        self._replaced = self._stale = 0

    def put(self, frame: Frame, trace: Trace, now_ns: int) -> None:
        """That frame wants to leave, instead of the one that waits, if one does."""
        self._replaced += self._waiting.put(_Departing(frame, trace)) is not None
        self._waits_since_ms = now_ns / 1e6

    @property
    def is_waiting(self) -> bool:
        """Whether a frame wants to leave."""
        return bool(self._waiting)

    def departure(self, now_ns: int) -> tuple[str | bytes, ...]:
        """The messages of the frame that leaves now, a probe ahead of it where one is due; none if no frame waits, or none may leave."""
        is_due = self._due_ms() <= now_ns / 1e6
        departing = self._waiting.take() if is_due and self._window.may_send else None
        if departing is None:
            return ()
        frame, trace = departing.frame, departing.trace
        message = wire.encode_frame(frame)
        self._window.sent(frame.frame_id, len(message), now_ns / 1e6)
        trace.end(Stage.HOLD, now_ns)
        self._traces[frame.frame_id] = trace
        if self._adaptation is not None and self._adaptation.leave(frame.frame_id, now_ns / 1e6):
            return (Ping(frame.frame_id).text(), message)
        return (message,)

    def wait_s(self, now_ns: int, longest_s: float) -> float:
        """How long the frame that waits has to, if it is only the time that it waits for; else that longest time."""
        if self._adaptation is None or not self._waiting or not self._window.may_send:
            return longest_s
        return min(longest_s, max(0.0, self._due_ms() - now_ns / 1e6) / 1e3)

    def answered(self, result: FrameResult, size_bytes: int, arrived_ns: int, now_ns: int) -> Answered | Dropped | None:
        """A result has arrived.

        Args:
            result: The result.
            size_bytes: The length of its message.
            arrived_ns: When that was there.
            now_ns: When it was decoded.

        Returns:
            The frame's outcome; None if the frame was given up before, or is unknown.
        """
        trace = self._traces.pop(result.frame_id, None)
        queue_ms = result.stages_ns.get(Stage.QUEUE, 0) / 1e6
        settlement = self._window.settle(result.frame_id, "answered", arrived_ns / 1e6, queue_ms=queue_ms)
        if settlement is None or settlement.is_late or trace is None:
            return None
        if settlement.is_stale or not self._is_newer(result.frame_id):
            self._stale += 1
            return Dropped(result.frame_id, "network_down")
        self._newest_answered_id = result.frame_id
        if self._adaptation is not None:
            self._adaptation.answer(settlement.frame, trace.start_time_ns / 1e6, result, size_bytes, arrived_ns / 1e6)
            self._window.interval_ms = self._adaptation.decision.frame_interval_ms
        return self._traced(result, trace, arrived_ns, now_ns)

    def heard(self, message: ServerMessage | None, now_ns: int) -> Failed | Dropped | None:
        """The outcome of which another message of the server tells, if it tells of one."""
        match message:
            case Dropped(frame_id, "queue" | "send" as stage):
                if self._adaptation is not None and stage == "queue":
                    self._adaptation.replace(now_ns / 1e6)
                return message if self._settle(frame_id, stage, now_ns) else None
            case ErrorMessage(code, text, frame_id):
                is_told = frame_id is None or self._settle(frame_id, "refused", now_ns)
                return Failed(frame_id, HandstreamError(text, code=code)) if is_told else None
            case Advice() if self._adaptation is not None:
                self._adaptation.advise(message, now_ns / 1e6)
            case Pong(number, time_ns):
                self._echoed(number, time_ns, now_ns)
        return None

    def expire(self, now_ns: int) -> list[Dropped]:
        """Time has passed: gives up the frames that are overdue."""
        overdue = self._window.expire(now_ns / 1e6)
        for frame in overdue:
            del self._traces[frame.frame_id]
        return [Dropped(frame.frame_id, "network_up") for frame in overdue]

    def abandon(self, last_frame_id: int | None) -> list[Dropped]:
        """There is another connection: none of the frames on their way will be answered any more.

        Args:
            last_frame_id: The newest frame that the server had received; None if it does not remember.
        """
        self._traces.clear()
        self.clock = RemoteClock()
        if self._adaptation is not None:
            self._adaptation.unadvise()
        return [Dropped(frame.frame_id, _lost_at(frame.frame_id, last_frame_id)) for frame in self._window.abandon()]

    def statistics(self, reconnections: int) -> ClientStatistics:
        """The frames so far, with that number of connections that replaced a lost one."""
        frames = self._window.statistics()
        return ClientStatistics(
            sent=frames.sent,
            replaced=self._replaced,
            answered=frames.answered - self._stale,
            failed=frames.refused,
            dropped=sum(frames.dropped.values()) + self._stale,
            in_flight=frames.in_flight,
            late=frames.late,
            reconnections=reconnections,
        )

    def _due_ms(self) -> float:
        """When the frame that waits may leave."""
        return self._waits_since_ms if self._adaptation is None else self._adaptation.departure_ms(self._waits_since_ms)

    def _is_newer(self, frame_id: int) -> bool:
        """Whether that frame comes after all whose results the caller has been given."""
        return self._newest_answered_id is None or follows(frame_id, self._newest_answered_id)

    def _settle(self, frame_id: int, outcome: DropStage | Literal["refused"], now_ns: int) -> bool:
        """Whether that frame was still waited for."""
        self._traces.pop(frame_id, None)
        settlement = self._window.settle(frame_id, outcome, now_ns / 1e6)
        return settlement is not None and not settlement.is_late

    def _traced(self, result: FrameResult, trace: Trace, arrived_ns: int, now_ns: int) -> Answered:
        """The result, with the frame's whole way."""
        sent_ns = trace.last_time_ns
        exchange = Exchange(
            origin_ns=sent_ns, receive_ns=result.receive_time_ns, transmit_ns=result.send_time_ns, destination_ns=arrived_ns
        )
        self.clock.update(exchange)
        ways_ns = self.clock.ways_ns(exchange)
        # However little is known of the clocks, neither way took less than no time.
        error_ns = min(self.clock.offset_error_bound_ns or max(ways_ns), max(ways_ns))
        trace.cross(ways_ns[0], result.stages_ns, arrived_ns)
        trace.end(Stage.UNPACK, now_ns)
        return Answered(result, sent_ns, arrived_ns, trace.spans_ns, error_ns)

    def _echoed(self, number: int, there_ns: int, now_ns: int) -> None:
        """A probe has come back. It is short both ways, so it tells more of the clocks than a frame, whose bytes take time one way."""
        if self._adaptation is not None:
            self._adaptation.echo(number, now_ns / 1e6)
        if (trace := self._traces.get(number)) is not None:
            self.clock.update(Exchange(origin_ns=trace.last_time_ns, receive_ns=there_ns, transmit_ns=there_ns, destination_ns=now_ns))


def _lost_at(frame_id: int, last_frame_id: int | None) -> LossStage:
    has_arrived = last_frame_id is not None and not follows(frame_id, last_frame_id)
    return "network_down" if has_arrived else "network_up"
