"""One session as the server holds it, with or without a connection: `VideoSession`.

It owns what outlives a connection: the protocol's state, the pipeline with its tracker, and the lane to the executor's threads. A
connection is *attached* to it for as long as it lasts. What a frame leads to is for the connection that it came on; if another is attached
meanwhile, or none, the frame's result is dropped. So a session without a connection holds no picture and occupies no thread.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from handstream.errors import HandstreamError
from handstream.frames import Stage
from handstream.pipeline import FramePipeline
from handstream.protocol.control import DROP_STAGES
from handstream.protocol.flow import LatestSlot
from handstream.protocol.trace import Trace
from handstream.server.figures import AnsweredFrame, SessionFigures, Totals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handstream.executor import Executor
    from handstream.frames import FrameResult
    from handstream.protocol.control import Advice
    from handstream.protocol.flow import FlowStatistics
    from handstream.protocol.session import Action, Answer, Close, Offer, Session
    from handstream.vision.engines import Engine

__all__ = ["Attached", "UnsentResult", "VideoSession"]

logger = logging.getLogger(__name__)


class Attached(Protocol):
    """What a session sees of the connection that is attached to it. All of it is called on the event loop."""

    def carry_out(self, actions: Sequence[Action]) -> None:
        """Does what the session decided, and sends what waits."""

    def interrupt(self, close: Close) -> None:
        """Ends the connection at once, even one whose client reads nothing."""


@dataclass(frozen=True, slots=True)
class UnsentResult:
    """A result that waits to be sent.

    Attributes:
        answer: The message, less its last stamps.
        trace: The frame's stamps, of which that of its departure is missing.
        receive_time_ns: When the frame arrived, on the server's monotonic clock.
        received_bytes: The size of the frame's picture, encoded.
        hands: How many hands were found in it.
    """

    answer: Answer
    trace: Trace
    receive_time_ns: int
    received_bytes: int
    hands: int

    def sent(self, session: str, send_time_ns: int, sent_bytes: int) -> AnsweredFrame:
        """It was handed to the socket at that time, in the session of that name."""
        self.trace.end(Stage.SEND, send_time_ns)
        return AnsweredFrame(
            session=session,
            frame_id=self.answer.frame_id,
            receive_time_ns=self.receive_time_ns,
            spans_ns=self.trace.spans_ns,
            hands=self.hands,
            received_bytes=self.received_bytes,
            sent_bytes=sent_bytes,
        )


class VideoSession:
    """One session. All of it runs on the event loop, but for `_process` and what that calls.

    Attributes:
        session: What it may do next.
        figures: What it amounted to so far.
        unsent: The result that waits to be sent.
        connection: The connection that is attached.
        has_begun: Whether a frame came, so that the log has lines of its own for the session.
        address: Where its connection comes from, or the last one did; a whole network for IPv6 (`limits.address_group`).
    """

    def __init__(self, session: Session, executor: Executor, engine: Engine, address: str) -> None:
        """Opens a lane; the tracker comes with the first frame. Made on the event loop."""
        self.session = session
        self.address = address
        self.figures = SessionFigures(time.monotonic_ns())
        self.unsent: LatestSlot[UnsentResult] = LatestSlot()
        self.connection: Attached | None = None
        self.has_begun = False
        self._has_ended = False
        self._lost_ns = self.figures.begin_ns
        self._loop = asyncio.get_running_loop()
        self._pipeline = FramePipeline(engine, max_frame_pixels=session.limits.max_frame_pixels)
        self._lane = executor.open_lane(self._process, at_end=self._pipeline.close)

    @property
    def name(self) -> str:
        """The session's name in the log."""
        return self.session.identity.session_id

    @property
    def way(self) -> str:
        """The way of talking: `plain` or `v1`."""
        return "v1" if self.session.can_resume else "plain"

    def offer(self, offer: Offer) -> None:
        """Gives a frame to the threads. One that was waiting there is dropped."""
        trace = Trace(offer.frame.receive_time_ns)
        trace.end(Stage.RECEIVE, time.monotonic_ns())
        replaced = self._lane.offer((offer, trace, self.connection))
        if replaced is not None:
            self._carry_out(self.session.drop(replaced[0].frame.frame_id, "queue"))

    def advise(self, advice: Advice) -> None:
        """Tells the client what to send."""
        self._carry_out(self.session.advise(advice))

    def detach(self) -> None:
        """The connection has ended, or another one takes its place. What waited for it is dropped."""
        waiting = self._lane.withdraw()
        if waiting is not None:
            self.session.drop(waiting[0].frame.frame_id, "queue")
        result = self.unsent.take()
        if result is not None:
            self.session.drop(result.answer.frame_id, "send")
        self.connection = None
        self._lost_ns = time.monotonic_ns()

    def is_forsaken(self, now_ns: int, *, grace_ns: int) -> bool:
        """Whether nobody misses much of it: it has no connection, and never sent a frame or has been away for longer than it was there.

        Args:
            now_ns: The time, on the server's monotonic clock.
            grace_ns: How long a session that sent frames is never forsaken.
        """
        away_ns = now_ns - self._lost_ns
        return self.connection is None and (
            not self.statistics().received or away_ns > max(grace_ns, self._lost_ns - self.figures.begin_ns)
        )

    def end(self) -> None:
        """Gives back all that the session held. A frame that a thread still has is dropped. A second call does nothing."""
        self.detach()
        self._lane.close()
        self._has_ended = True
        for frame_id in self.session.flow.outstanding:
            self.session.drop(frame_id, "send")

    def statistics(self) -> FlowStatistics:
        """The account of its frames."""
        return self.session.flow.statistics()

    def answered(self, frame: AnsweredFrame) -> None:
        """That frame's result has left."""
        self.figures.sent_bytes += frame.sent_bytes
        self.figures.answered(frame)

    def totals(self) -> Totals:
        """The same with its bytes."""
        return Totals(self.statistics(), self.figures.received_bytes, self.figures.sent_bytes)

    def as_fields(self) -> dict[str, float | int | None]:
        """What it amounted to so far, by the names that the log gives the figures."""
        frames = self.statistics()
        counts = {"received": frames.received, "answered": frames.answered, "failed": frames.failed}
        dropped = {f"dropped_{stage}": frames.dropped.get(stage, 0) for stage in DROP_STAGES}
        return {**counts, **dropped, **self.figures.as_fields(time.monotonic_ns())}

    # --- on a thread of the executor

    def _process(self, item: tuple[Offer, Trace, Attached | None]) -> None:
        offer, trace, connection = item
        trace.end(Stage.QUEUE, time.monotonic_ns())
        try:
            result = self._pipeline.process_frame(offer.frame, offer.settings, trace=trace)
            answer = self.session.encode(result, offer.settings, trace.last_time_ns)
        except HandstreamError as error:
            self._call_on_loop(self._fail, offer.frame.frame_id, error, connection)
        except Exception:
            logger.exception("frame could not be processed", extra={"session": self.name, "frame": offer.frame.frame_id})
            failure = HandstreamError("The server could not process this frame; its log says why.", code="tracking_failed")
            self._call_on_loop(self._fail, offer.frame.frame_id, failure, connection)
        else:
            self._call_on_loop(self._deliver, _unsent(answer, offer, trace, result), connection)

    def _call_on_loop(self, call: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # The loop is closed: a server that stops waits only so long for its frames.
            self._loop.call_soon_threadsafe(call, *arguments)

    # --- back on the event loop

    def _fail(self, frame_id: int, error: HandstreamError, connection: Attached | None) -> None:
        if self._has_ended:
            return  # The frame was accounted for with the session.
        actions = self.session.fail(frame_id, error)
        if connection is self.connection:
            self._carry_out(actions)

    def _deliver(self, result: UnsentResult, connection: Attached | None) -> None:
        if self._has_ended:
            return  # The frame was accounted for with the session.
        if connection is None or connection is not self.connection:
            self.session.drop(result.answer.frame_id, "send")
            return
        replaced = self.unsent.put(result)
        self._carry_out(() if replaced is None else self.session.drop(replaced.answer.frame_id, "send"))

    def _carry_out(self, actions: Sequence[Action]) -> None:
        if self.connection is not None:
            self.connection.carry_out(actions)


def _unsent(answer: Answer, offer: Offer, trace: Trace, result: FrameResult) -> UnsentResult:
    """What is kept of a result until it leaves: not the result itself, whose picture and landmarks the answer holds already."""
    return UnsentResult(answer, trace, offer.frame.receive_time_ns, len(offer.frame.image), len(result.hands))
