"""Whose turn it is when more want to be served than can be: `Turns`.

Theory of operation
-------------------

Time goes in rounds. Who wants a turn gets one a round at the most, and a round ends when nobody is left who wants one and had none, so
whoever asks more often gets no more. That is fair in any order; the order decides how old what is served is. Who asks first stands at the
end of the line. Who asks *anew*, because there is a newer picture, goes to its head: of sources that send whatever is answered, each is
then served within a moment of a picture's arrival, where in the order of the line it would be at any time between two. Who asks once and
then waits, waits no longer than the rest of this round and the next.

Who is new has the first turn in the next round. So a round ends whoever comes, and newcomers without end keep nobody waiting.

Where some may not be served for the moment, rounds of the others go on without them. They are *held up*: each keeps its place among them,
however often it asks anew, and has its turn before all others once it may be served.

It reads no clock, holds each at most once, and nobody that has left.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Turns"]

T = TypeVar("T")


class Turns(Generic[T]):
    """Those who want a turn, whatever they are: hashable objects. Not thread-safe."""

    def __init__(self) -> None:
        self._held_up: OrderedDict[T, None] = OrderedDict()  # might not be served when the others' round ended; the next one first
        self._owed: OrderedDict[T, None] = OrderedDict()  # had none in this round; the next one first
        self._again: OrderedDict[T, None] = OrderedDict()  # had one, and want another in the next round
        self._served: set[T] = set()

    def __len__(self) -> int:
        """How many want a turn."""
        return len(self._held_up) + len(self._owed) + len(self._again)

    def enter(self, who: T) -> None:
        """That one is new. It may ask for turns without this; a round then lasts as long as others come."""
        self._served.add(who)

    def leave(self, who: T) -> None:
        """That one is gone, and wants no turn any more."""
        self._served.discard(who)
        for line in (self._held_up, self._owed, self._again):
            line.pop(who, None)

    def ask(self, who: T) -> bool:
        """That one wants a turn, or asks anew for the one that it waits for.

        Returns:
            Whether it did not wait for one before.
        """
        if who in self._held_up:
            return False
        line = self._again if who in self._served else self._owed
        waited = who in line
        line[who] = None
        if waited:
            line.move_to_end(who, last=False)
        return not waited

    def take(self, may_be_served: Callable[[T], bool] = lambda _: True) -> T | None:
        """Gives the next one its turn.

        Args:
            may_be_served: Whether that one may have its turn now.

        Returns:
            Who it is; None if nobody wants one who may.
        """
        taken = self._take_of_this_round(may_be_served)
        if taken is not None:
            return taken
        self._held_up.update(self._owed)
        self._owed, self._again = self._again, OrderedDict()
        self._served.clear()
        return self._take_of_this_round(may_be_served)

    def _take_of_this_round(self, may_be_served: Callable[[T], bool]) -> T | None:
        for line in (self._held_up, self._owed):
            who = next(filter(may_be_served, line), None)
            if who is not None:
                del line[who]
                self._served.add(who)
                return who
        return None
