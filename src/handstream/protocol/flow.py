"""What becomes of each frame: `Flow` accounts for every one, and `LatestSlot` is the place where the newest wins.

Theory of operation
-------------------

A hand that is shown late is shown wrong, so nothing is allowed to queue. Wherever a frame or its result must wait, it waits in a
`LatestSlot`, which holds one item: a newer one takes the place of the older, and whoever put it there is told which one was replaced. A
session has two: before the executor's threads (stage `queue`) and before the socket (stage `send`).

A frame that was received is outstanding until it is settled, once, in one of three ways: it is answered (its result is handed to the
socket), it fails (an error is sent instead), or it is dropped at a stage. A message that is no usable frame is refused, which counts as
received and failed. So at any time `received == answered + failed + dropped + outstanding`; and since a slot holds one frame and a thread
another, no more than a few are outstanding whatever the client does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handstream.protocol.control import DropStage

__all__ = ["Flow", "FlowStatistics", "LatestSlot"]

T = TypeVar("T")


class LatestSlot(Generic[T]):
    """A place for one item, where the newest wins. It is not locked: its owner decides which thread may touch it."""

    __slots__ = ("_item",)

    def __init__(self) -> None:
        self._item: T | None = None

    def __bool__(self) -> bool:
        """Whether an item waits here."""
        return self._item is not None

    def put(self, item: T) -> T | None:
        """Leaves that item here, and returns the one that it replaced."""
        replaced, self._item = self._item, item
        return replaced

    def take(self) -> T | None:
        """Takes the item that waits here, if one does."""
        item, self._item = self._item, None
        return item


@dataclass(frozen=True, slots=True)
class FlowStatistics:
    """The frames of one session so far.

    Attributes:
        received: Frames that arrived, usable or not.
        answered: Frames whose result was handed to the socket.
        failed: Frames that were answered with an error.
        dropped: Frames dropped, by the stage at which they were.
        outstanding: Frames of which none of this is true yet.
    """

    received: int
    answered: int
    failed: int
    dropped: Mapping[DropStage, int]
    outstanding: int

    def __add__(self, other: FlowStatistics) -> FlowStatistics:
        """The frames of both."""
        return FlowStatistics(
            self.received + other.received,
            self.answered + other.answered,
            self.failed + other.failed,
            dict(Counter(self.dropped) + Counter(other.dropped)),
            self.outstanding + other.outstanding,
        )


class Flow:
    """The account of one session's frames. Used by one thread.

    Attributes:
        dropped: How many frames have been dropped so far, at whatever stage.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._received = 0
        self._answered = 0
        self._failed = 0
        self._dropped_by_stage: Counter[DropStage] = Counter()
        self._outstanding: set[int] = set()

    @property
    def outstanding(self) -> tuple[int, ...]:
        """The frames that were received and not settled."""
        return tuple(self._outstanding)

    def is_outstanding(self, frame_id: int) -> bool:
        """Whether a frame of that number was received and not settled."""
        return frame_id in self._outstanding

    def receive(self, frame_id: int) -> None:
        """A usable frame arrived. Its number differs from that of every outstanding frame."""
        if self.is_outstanding(frame_id):
            raise ValueError(f"frame {frame_id} is outstanding already")
        self._received += 1
        self._outstanding.add(frame_id)

    def refuse(self) -> None:
        """A message arrived that is no usable frame, and an error was sent for it."""
        self._received += 1
        self._failed += 1

    def answer(self, frame_id: int) -> None:
        """That frame's result was handed to the socket."""
        self._settle(frame_id)
        self._answered += 1

    def fail(self, frame_id: int) -> None:
        """An error was sent for that frame."""
        self._settle(frame_id)
        self._failed += 1

    def drop(self, frame_id: int, stage: DropStage) -> None:
        """That frame was replaced by a newer one at that stage."""
        self._settle(frame_id)
        self.dropped += 1
        self._dropped_by_stage[stage] += 1

    def statistics(self) -> FlowStatistics:
        """The account as it stands."""
        return FlowStatistics(self._received, self._answered, self._failed, dict(self._dropped_by_stage), len(self._outstanding))

    def _settle(self, frame_id: int) -> None:
        if not self.is_outstanding(frame_id):
            raise ValueError(f"frame {frame_id} is not outstanding: it never came, or was settled before")
        self._outstanding.remove(frame_id)
