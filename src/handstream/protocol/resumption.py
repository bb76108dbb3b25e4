"""Which session a token names: `Resumptions` issues tokens, and gives back the session of one that is presented in time.

Theory of operation
-------------------

A session has one token at a time. It is presented when the session's connection was lost, and names the session whether the server has
noticed the loss (the session is *parked*, with a deadline) or not (a half-open connection after a change of network). Either way the
session is issued another, which the client learns from the welcome. The new connection may break before that arrives, and then the client
has only the token that it presented. So that one goes on naming its session until the client shows that it has the welcome (`confirm`) or
presents the new token, and for no longer than a session may be parked. From then on it is used up, and whoever has seen it cannot replay
it. A token that names nothing says so in one way, whatever the reason: it was never issued, was used up, its session has ended, or its
deadline has passed.

Tokens are kept and looked up as their SHA-256. What time the look-up takes then depends on bits that nobody can choose, and a memory dump
holds no token.

Parked sessions are bounded in time and number: beyond `max_parked` the one parked longest ends. Time is an argument.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ResumptionStatistics", "Resumptions", "Ticket"]

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a client is given to resume its session with.

    Attributes:
        token: What names the session.
        within_s: For how long after the connection was lost, in seconds.
    """

    token: str
    within_s: float


@dataclass(frozen=True, slots=True)
class ResumptionStatistics:
    """The sessions so far.

    Attributes:
        resumable: Sessions that a token names now, parked or not.
        parked: Those that are parked; at most the bound.
        resumed: How often a session was taken up again.
        refused: How often a token named nothing.
        expired: Parked sessions whose time ran out.
        displaced: Parked sessions that ended because there were too many.
    """

    resumable: int
    parked: int
    resumed: int
    refused: int
    expired: int
    displaced: int


class Resumptions(Generic[S]):
    """The sessions that can be resumed, whatever a session is: a hashable object. Not thread-safe."""

    def __init__(self, *, within_s: float, max_parked: int, new_token: Callable[[], str]) -> None:
        """There is no session yet.

        Args:
            within_s: How long a session may be parked, in seconds.
            max_parked: How many may be.
            new_token: Makes a token that nobody can guess, another one each time.
        """
        self._within_s = within_s
        self._max_parked = max_parked
        self._new_token = new_token
        self._sessions: dict[bytes, S] = {}
        self._issued: dict[S, bytes] = {}
        self._presented: dict[S, tuple[bytes, int]] = {}
        self._deadlines_ns: dict[S, int] = {}
        self._resumed = self._refused = self._expired = self._displaced = 0

    def issue(self, session: S) -> Ticket:
        """A ticket for that session, which takes the place of the last one that it was issued."""
        self._deadlines_ns.pop(session, None)
        self._use_up(self._issued.pop(session, None))
        token = self._new_token()
        digest = _digest(token)
        self._sessions[digest] = session
        self._issued[session] = digest
        return Ticket(token, self._within_s)

    def claim(self, token: str, now_ns: int) -> S | None:
        """The session that this token names; None if it names none. Issue another for the session, and `confirm` that it has arrived."""
        digest = _digest(token)
        session = self._sessions.get(digest)
        if session is None or self._deadlines_ns.get(session, now_ns) < now_ns or self._is_overdue(session, digest, now_ns):
            self._refused += 1
            return None
        self._resumed += 1
        self.forget(session)
        self._sessions[digest] = session
        self._presented[session] = (digest, now_ns + self._within_ns)
        return session

    def confirm(self, session: S) -> None:
        """The client of that session has its newest ticket: the token that it presented before is used up."""
        self._use_up(self._presented.pop(session, (None, 0))[0])

    def park(self, session: S, now_ns: int) -> list[S]:
        """The connection of that session was lost.

        Returns:
            The sessions that are to end, as there is no room for them. It may be this one.
        """
        self._deadlines_ns[session] = now_ns + self._within_ns
        displaced = list(self._deadlines_ns)[: max(0, len(self._deadlines_ns) - self._max_parked)]
        self._displaced += len(displaced)
        return self._end(displaced)

    def expire(self, now_ns: int) -> list[S]:
        """Time has passed: the parked sessions that are to end."""
        expired = [session for session, deadline_ns in self._deadlines_ns.items() if deadline_ns <= now_ns]
        self._expired += len(expired)
        return self._end(expired)

    def forget(self, session: S) -> None:
        """That session has ended: its tokens name nothing any more. One that has none is left as it is."""
        self._deadlines_ns.pop(session, None)
        self._use_up(self._issued.pop(session, None))
        self.confirm(session)

    def statistics(self) -> ResumptionStatistics:
        """The sessions as they are."""
        return ResumptionStatistics(
            len(self._issued), len(self._deadlines_ns), self._resumed, self._refused, self._expired, self._displaced
        )

    @property
    def _within_ns(self) -> int:
        return round(self._within_s * 1e9)

    def _is_overdue(self, session: S, digest: bytes, now_ns: int) -> bool:
        """Whether that is the token that was presented last, and has been so for too long."""
        presented, deadline_ns = self._presented.get(session, (None, 0))
        return digest == presented and deadline_ns < now_ns

    def _use_up(self, digest: bytes | None) -> None:
        if digest is not None:
            del self._sessions[digest]

    def _end(self, sessions: list[S]) -> list[S]:
        for session in sessions:
            self.forget(session)
        return sessions


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
