"""Whose turn it is when more want to be served than can be: `Turns`.

Theory of operation
-------------------

Time goes in rounds. Who wants a turn gets one a round at the most, and a round ends when nobody is left who wants one and had none, so
whoever asks more often gets no more. That is fair in any order; the order decides how old what is served is. Who asks first stands at the
end of the line. Who asks *anew*, because there is a newer picture, goes to its head: of sources that send whatever is answered, each is
then served within a moment of a picture's arrival, where in the order of the line it would be at any time between two. Who asks once and
then waits, waits no longer than the rest of this round and the next.

Who is new has the first turn in the next round. So a round ends whoever comes, and newcomers without end keep nobody waiting.

Where some may not be served for the moment, the others do not wait for them: when nobody who may be served is owed a turn, a new round
begins for those who may, and for those who may not the old one goes on.

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
        self._owed: OrderedDict[T, None] = OrderedDict()  # had none in this round; the next one first
        self._again: OrderedDict[T, None] = OrderedDict()  # had one, and want another in the next round
        self._served: set[T] = set()

    def __len__(self) -> int:
        """How many want a turn."""
        return len(self._owed) + len(self._again)

    def enter(self, who: T) -> None:
        """That one is new. It may ask for turns without this; a round then lasts as long as others come."""
        self._served.add(who)

    def leave(self, who: T) -> None:
        """That one is gone, and wants no turn any more."""
        self._served.discard(who)
        for line in (self._owed, self._again):
            line.pop(who, None)

    def ask(self, who: T) -> bool:
        """That one wants a turn, or asks anew for the one that it waits for.

        Returns:
            Whether it did not wait for one before.
        """
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
        if taken is None:
            self._begin_round(may_be_served)
            taken = self._take_of_this_round(may_be_served)
        return taken

    def _take_of_this_round(self, may_be_served: Callable[[T], bool]) -> T | None:
        who = next(filter(may_be_served, self._owed), None)
        if who is not None:
            del self._owed[who]
            self._served.add(who)
        return who

    def _begin_round(self, may_be_served: Callable[[T], bool]) -> None:
        """Begins one for all where nobody is owed a turn, else for those who may be served."""
        begun = [who for who in self._again if not self._owed or may_be_served(who)]
        self._served = {who for who in self._served if self._owed and not may_be_served(who)}
        for who in begun:
            del self._again[who]
        self._owed.update(dict.fromkeys(begun))
