"""All sessions of a server: `Sessions` begins them, keeps those whose connection was lost, and ends them."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from typing import TYPE_CHECKING

from handstream import __version__
from handstream.protocol.negotiation import negotiate
from handstream.protocol.resumption import Resumptions
from handstream.protocol.session import Close, SessionIdentity
from handstream.server.video_session import VideoSession

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from handstream.executor import Executor
    from handstream.protocol.resumption import ResumptionStatistics, Ticket
    from handstream.protocol.session import Session
    from handstream.server.settings import ServerSettings
    from handstream.vision.engines import Engine

__all__ = ["Sessions"]

logger = logging.getLogger(__name__)

_TOKEN_BYTES = 24
"""192 random bits: as many guesses as nobody can make."""

_TIMER_SLACK_S = 0.01

_TAKEN_OVER = Close(4000, "taken_over")


class Sessions:
    """The sessions of one server. All of it runs on the event loop, and nothing blocks."""

    def __init__(self, settings: ServerSettings, executor: Executor) -> None:
        """There is no session yet."""
        self._settings = settings
        self._executor = executor
        self._loop = asyncio.get_running_loop()
        self._resumptions: Resumptions[VideoSession] = Resumptions(
            within_s=settings.resume_within_s,
            max_parked=settings.max_parked_sessions,
            new_token=lambda: secrets.token_urlsafe(_TOKEN_BYTES),
        )

    def negotiate(self, offered: Sequence[str], query: Sequence[tuple[str, str]], engine: Engine) -> Session:
        """What a client may do that asks for this in its upgrade request.

        Raises:
            MessageError: The upgrade is to be refused.
        """
        identity = SessionIdentity(server=f"handstream/{__version__}", engine=engine.name, session_id=secrets.token_hex(4))
        return negotiate(offered, query, identity=identity, settings=self._settings.session_settings, limits=self._settings.limits)

    def begin(self, session: Session, engine: Engine) -> VideoSession:
        """A new session."""
        logger.info("session %s began (%s)", session.identity.session_id, session.subprotocol or "plain")
        return VideoSession(session, self._executor, engine)

    def resume(self, token: str) -> VideoSession | None:
        """The session that this token names, without a connection; None if it names none."""
        video = self._resumptions.claim(token, time.monotonic_ns())
        if video is not None and video.connection is not None:
            connection = video.connection
            video.detach()
            connection.interrupt(_TAKEN_OVER)
        return video

    def issue_ticket(self, video: VideoSession) -> Ticket:
        """What that session can be resumed with from now on."""
        return self._resumptions.issue(video)

    def park(self, video: VideoSession) -> None:
        """The connection of that session was lost: keeps it for a while."""
        video.detach()
        logger.info("session %s lost its connection: %s", video.name, video.statistics())
        self._end(self._resumptions.park(video, time.monotonic_ns()))
        # A timer may fire a little early, and there may be no other to end this session.
        self._loop.call_later(self._settings.resume_within_s + _TIMER_SLACK_S, self._expire)

    def end(self, video: VideoSession) -> None:
        """That session is over. A second call does nothing."""
        self._resumptions.forget(video)
        self._end([video])

    def statistics(self) -> ResumptionStatistics:
        """The sessions that can be resumed."""
        return self._resumptions.statistics()

    def _expire(self) -> None:
        self._end(self._resumptions.expire(time.monotonic_ns()))

    def _end(self, sessions: Iterable[VideoSession]) -> None:
        for video in sessions:
            video.end()
            frames = video.statistics()
            logger.info(
                "session %s ended: %d frames, %d answered, %d failed, %d dropped",
                video.name,
                frames.received,
                frames.answered,
                frames.failed,
                sum(frames.dropped.values()),
            )
