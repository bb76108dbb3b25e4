"""All sessions of a server: `Sessions` lets them in, advises them, keeps those whose connection was lost, and ends them.

A session has its place from the moment it is let in until it ends, also while it is parked. A connection that only may resume one is let in
*provisionally* when there is no place: it gets the place of the session that it names, or none.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from handstream import __version__
from handstream.errors import HandstreamError
from handstream.protocol.advice import Advisor
from handstream.protocol.negotiation import negotiate
from handstream.protocol.resumption import Resumptions
from handstream.protocol.session import Close, SessionIdentity
from handstream.server.figures import Tally
from handstream.server.limits import address_group
from handstream.server.throttled_log import ThrottledLog
from handstream.server.video_session import VideoSession

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from handstream.executor import Executor
    from handstream.protocol.resumption import Ticket
    from handstream.protocol.session import Session
    from handstream.server.figures import ServerStatistics
    from handstream.server.neighbours import Neighbours
    from handstream.server.settings import ServerSettings
    from handstream.vision.engines import Engine

__all__ = ["AddressFullError", "ServerFullError", "Sessions"]

logger = logging.getLogger(__name__)

_TOKEN_BYTES = 24
"""192 random bits: as many guesses as nobody can make."""

_TIMER_SLACK_S = 0.01

_TAKEN_OVER = Close(4000, "taken_over")

_ADVICE_INTERVAL_S = 1.0

_GRACE_NS = 2_000_000_000
"""How long a place is kept at the least for a client that connects again by itself, the first time within a second."""

_MAX_PROVISIONAL = 32
"""Connections that are let in though the server is full, to see whether they resume a session. They have a few seconds to say so."""

_MAX_PROVISIONAL_BY_ADDRESS = 8
"""So many of one address. Who resumes says so within a round trip, and comes again where others of the same house do so at that moment."""


class ServerFullError(HandstreamError):
    """There is no place for another session now."""

    code = "server_full"


class AddressFullError(HandstreamError):
    """There is no place for another session of that address now."""

    code = "too_many_sessions"


class Sessions:
    """The sessions of one server. All of it runs on the event loop, and nothing blocks."""

    def __init__(self, settings: ServerSettings, executor: Executor, neighbours: Neighbours | None = None) -> None:
        """There is no session yet.

        Args:
            settings: The server's settings.
            executor: Has the threads.
            neighbours: The other processes of the server, which are to know a token of this one when they see it.
        """
        self._settings = settings
        self._executor = executor
        self._loop = asyncio.get_running_loop()
        self._advisor: Advisor[VideoSession] = Advisor()
        self._advice: asyncio.TimerHandle | None = None
        self._videos: dict[VideoSession, None] = {}
        self._provisional: set[VideoSession] = set()
        self._asked: list[str] = []
        self._tally = Tally()
        self._without_frames = ThrottledLog("sessions without a frame", logger.info)
        self._resumptions: Resumptions[VideoSession] = Resumptions(
            within_s=settings.resume_within_s,
            max_parked=settings.max_parked_sessions,
            new_token=lambda: _new_token() if neighbours is None else neighbours.token(_new_token()),
        )

    def negotiate(self, offered: Sequence[str], query: Sequence[tuple[str, str]], engine: Engine) -> Session:
        """What a client may do that asks for this in its upgrade request.

        Raises:
            MessageError: The upgrade is to be refused.
        """
        identity = SessionIdentity(server=f"handstream/{__version__}", engine=engine.name, session_id=secrets.token_hex(4))
        return negotiate(offered, query, identity=identity, settings=self._settings.session_settings, limits=self._settings.limits)

    def check_room(self, address: str, *, may_resume: bool) -> None:
        """Whether another connection is let in.

        Args:
            address: Where from.
            may_resume: Whether it says that it resumes a session, which has its place.

        Raises:
            ServerFullError: It is not.
            AddressFullError: It is not, as that address has as many sessions as one may have.
        """
        group = address_group(address)
        if may_resume and self._has_provisional_place(group):
            return
        # Room is made for new sessions alone: the one that would go may be the one that is to be resumed.
        if self._is_full and (may_resume or self._forsaken is None):
            raise ServerFullError("The server takes no further session now, so that those that it has stay fast. Try again later.")
        if self._is_address_full(group) and (may_resume or self._parked_of(group) is None):
            raise AddressFullError("Your address has as many sessions as one may have. End one of them first.")

    @contextmanager
    def asking(self, address: str) -> Iterator[None]:
        """A connection of that address is asked which session it resumes. Until it has said so, it counts like one that has a session."""
        group = address_group(address)
        self._asked.append(group)
        try:
            yield
        finally:
            self._asked.remove(group)

    def begin(self, session: Session, engine: Engine, address: str, *, may_resume: bool) -> VideoSession:
        """A new session; a provisional one where there is no place."""
        if not may_resume:
            self._make_room()
        video = VideoSession(session, self._executor, engine, address_group(address))
        if self._is_full or (may_resume and self._is_address_full(video.address)):
            self._provisional.add(video)
        else:
            self._let_in(video)
        return video

    def confirm(self, video: VideoSession) -> None:
        """That session turns out to be a new one.

        Raises:
            ServerFullError: It was let in provisionally, and there is still no place.
            AddressFullError: The same of its address.
        """
        if video in self._provisional:
            self.check_room(video.address, may_resume=False)
            self._make_room()
            self._provisional.discard(video)
            self._let_in(video)

    def is_provisional(self, video: VideoSession) -> bool:
        """Whether that session has no place yet."""
        return video in self._provisional

    def resume(self, token: str) -> VideoSession | None:
        """The session that this token names, without a connection; None if it names none."""
        video = self._resumptions.claim(token, time.monotonic_ns())
        if video is not None and video.connection is not None:
            connection = video.connection
            video.detach()
            connection.interrupt(_TAKEN_OVER)
        if video is not None:
            self._advisor.forget(video)
        return video

    def issue_ticket(self, video: VideoSession) -> Ticket:
        """What that session can be resumed with from now on."""
        return self._resumptions.issue(video)

    def frame_came(self, video: VideoSession) -> None:
        """A client of that session sent one. The first is told in the log: who sends none may come and go without end."""
        if not video.has_begun and video in self._videos:
            video.has_begun = True
            logger.info("session began", extra={"session": video.name, "way": video.way})

    def confirm_ticket(self, video: VideoSession) -> None:
        """Its client has that."""
        self._resumptions.confirm(video)

    def park(self, video: VideoSession) -> None:
        """The connection of that session was lost: keeps it for a while."""
        video.detach()
        if video.has_begun:
            logger.info("session lost its connection", extra={"session": video.name, **video.as_fields()})
        self._end(self._resumptions.park(video, time.monotonic_ns()), "displaced")
        # A timer may fire a little early, and there may be no other to end this session.
        self._loop.call_later(self._settings.resume_within_s + _TIMER_SLACK_S, self._expire)

    def end(self, video: VideoSession, reason: str) -> None:
        """That session is over. A second call does nothing.

        Args:
            video: The session.
            reason: Why, as one of a few codes.
        """
        self._resumptions.forget(video)
        self._end([video], reason)

    def close(self) -> None:
        """The server stops: ends what sessions are left, as those whose clients have not come back."""
        for video in (*self._videos, *self._provisional):
            self.end(video, "going_away")

    def refuse(self, reason: str) -> None:
        """Something was refused, for one of a few reasons."""
        self._tally.refuse(reason)

    def statistics(self) -> ServerStatistics:
        """The sessions so far."""
        resumptions = self._resumptions.statistics()
        present = (video.totals() for video in self._videos)
        return self._tally.statistics(present, parked=resumptions.parked, resumed=resumptions.resumed)

    @property
    def _is_full(self) -> bool:
        """Whether another session would be one too many. The first is always let in: without one nothing can be measured."""
        sessions = len(self._videos)
        if sessions + len(self._asked) >= self._settings.max_sessions:
            return True
        capacity = self._executor.statistics().capacity
        if capacity is None or sessions == 0:
            return False
        return (sessions + 1) * self._settings.min_session_frames_per_second > capacity.total

    @property
    def _forsaken(self) -> VideoSession | None:
        """The oldest session of which nobody misses much."""
        now_ns = time.monotonic_ns()
        return next((video for video in self._videos if video.is_forsaken(now_ns, grace_ns=_GRACE_NS)), None)

    def _make_room(self) -> None:
        """A flood of those who come for a moment and are gone keeps nobody out."""
        while self._is_full and (forsaken := self._forsaken) is not None:
            self.end(forsaken, "displaced")

    def _has_provisional_place(self, group: str) -> bool:
        """Whether another connection of that address can be let in, to see which session it resumes."""
        present = [*(video.address for video in self._provisional), *self._asked]
        return len(present) < _MAX_PROVISIONAL and present.count(group) < _MAX_PROVISIONAL_BY_ADDRESS

    def _is_address_full(self, group: str) -> bool:
        sessions = sum(video.address == group for video in self._videos)
        return sessions + self._asked.count(group) >= self._settings.max_sessions_by_address

    def _parked_of(self, group: str) -> VideoSession | None:
        """The oldest session of that address that has no connection."""
        return next((video for video in self._videos if video.address == group and video.connection is None), None)

    def _let_in(self, video: VideoSession) -> None:
        """Gives a session its place. Who comes and goes without end displaces sessions of the own address alone."""
        if self._is_address_full(video.address) and (parked := self._parked_of(video.address)) is not None:
            self.end(parked, "displaced")
        self._tally.begin(video.way)
        self._videos[video] = None
        if self._advice is None:
            self._advice = self._loop.call_later(_ADVICE_INTERVAL_S, self._advise)

    def _advise(self) -> None:
        """Tells the sessions what to send, once a second while there are any."""
        sent = {video: video.statistics().received for video in self._videos}
        for video, advice in self._advisor.advise(sent, self._executor.statistics().capacity, time.monotonic_ns()).items():
            video.advise(advice)
        self._advice = self._loop.call_later(_ADVICE_INTERVAL_S, self._advise) if self._videos else None

    def _expire(self) -> None:
        self._end(self._resumptions.expire(time.monotonic_ns()), "expired")

    def _end(self, sessions: Iterable[VideoSession], reason: str) -> None:
        for video in sessions:
            video.end()
            self._provisional.discard(video)
            if video not in self._videos:
                continue  # It only stood in for the session that its connection resumed, or has ended before.
            del self._videos[video]
            self._tally.end(reason, video.totals())
            if video.has_begun:
                logger.info("session ended", extra={"session": video.name, "way": video.way, "reason": reason, **video.as_fields()})
            else:
                self._without_frames.add(reason, last_address=video.address)


def _new_token() -> str:
    return secrets.token_urlsafe(_TOKEN_BYTES)
