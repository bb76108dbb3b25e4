"""What became of a client's frames: one `Outcome` for each, and `ClientStatistics` of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handstream.protocol.control import Dropped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handstream.errors import HandstreamError
    from handstream.frames import FrameResult, Stage

__all__ = ["Answered", "ClientStatistics", "Dropped", "Failed", "Outcome"]


@dataclass(frozen=True, slots=True)
class Answered:
    """The server found what is in that frame.

    Attributes:
        result: What it found, and where the server's time went.
        sent_time_ns: When the frame was handed to the socket, on this process' monotonic clock.
        received_time_ns: When the result had arrived, on the same clock.
        stages_ns: Where the time went from `send` to the decoded result: `pack` (an array's encoding), `hold` (the wait for a place), both
            ways through the network, the server's stages, and `unpack`, in nanoseconds, in the order in which they ended. They add up.
        network_error_ns: The most by which the division of `network_ns` into `network_up` and `network_down` may be wrong: the clocks of
            client and server are compared by the frames themselves.
    """

    result: FrameResult
    sent_time_ns: int
    received_time_ns: int
    stages_ns: Mapping[Stage, int]
    network_error_ns: int

    @property
    def frame_id(self) -> int:
        """The frame's number, as `send` returned it."""
        return self.result.frame_id

    @property
    def round_trip_ns(self) -> int:
        """From the frame's departure to the result's arrival."""
        return self.received_time_ns - self.sent_time_ns

    @property
    def network_ns(self) -> int:
        """The part of the round trip that the server did not spend: both ways together. It needs no agreement between the clocks."""
        return self.round_trip_ns - (self.result.send_time_ns - self.result.receive_time_ns)


@dataclass(frozen=True, slots=True)
class Failed:
    """The server could not use a frame, or one side a message of the other.

    Attributes:
        frame_id: The frame's number, or None where the error is about no one frame.
        error: What was wrong.
    """

    frame_id: int | None
    error: HandstreamError


Outcome = Answered | Failed | Dropped


@dataclass(frozen=True, slots=True)
class ClientStatistics:
    """The frames of a session so far, as the client counts them.

    Attributes:
        sent: Frames handed to the socket.
        replaced: Frames that a newer one replaced before they were sent.
        answered: Frames answered with a result.
        failed: Frames answered with an error.
        dropped: Frames that the server dropped, that were lost with a connection, or whose result came too old out of an outage.
        in_flight: Frames sent of which none of this is known yet.
        late: Dropped frames whose answer came after all.
        reconnections: How often a lost connection was replaced.
    """

    sent: int
    replaced: int
    answered: int
    failed: int
    dropped: int
    in_flight: int
    late: int
    reconnections: int
