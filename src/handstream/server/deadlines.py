"""When a connection is to end by itself: `Deadlines` watches for one that says no hello, sends no frame, or has lasted long enough."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handstream.protocol.session import Close

if TYPE_CHECKING:
    from collections.abc import Callable

    from handstream.server.settings import ServerSettings

__all__ = ["RESUMABLE", "Deadlines", "Timeouts"]

_NO_HELLO = Close(1002, "hello_expected")
_IDLE = Close(4002, "idle_timeout")
_LIFETIME = Close(4003, "connection_lifetime")
_TOKEN_EXPIRED = Close(4004, "token_expired")

RESUMABLE = (_IDLE, _LIFETIME, _TOKEN_EXPIRED)
"""The ends after which the session can be resumed on another connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a client may take, in seconds.

    Attributes:
        hello_s: For its hello, in the way that has one.
        idle_s: From one frame to the next.
        lifetime_s: In all.
    """

    hello_s: float
    idle_s: float
    lifetime_s: float

    @classmethod
    def of(cls, settings: ServerSettings) -> Timeouts:
        """Those of the settings."""
        return cls(hello_s=settings.handshake_timeout_s, idle_s=settings.idle_timeout_s, lifetime_s=settings.connection_lifetime_s)


class Deadlines:
    """The deadlines of one connection. All of it runs on the event loop."""

    def __init__(
        self, timeouts: Timeouts, end: Callable[[Close], None], *, token_expires_s: float | None, owes_hello: Callable[[], bool]
    ) -> None:
        """The connection begins now.

        Args:
            timeouts: How long the client may take.
            end: Ends the connection.
            token_expires_s: When its token expires, in seconds since 1970; None if it has none that does.
            owes_hello: Whether the client has still to say hello.
        """
        self._loop = asyncio.get_running_loop()
        self._idle_s = timeouts.idle_s
        self._end = end
        self._owes_hello = owes_hello
        self._last_frame_s = self._loop.time()
        self._idle_timer = self._loop.call_later(timeouts.idle_s, self._look_for_frames)
        self._timers = [
            self._loop.call_later(timeouts.hello_s, self._look_for_hello),
            self._loop.call_later(timeouts.lifetime_s, end, _LIFETIME),
        ]
        if token_expires_s is not None:
            self._timers.append(self._loop.call_later(max(0.0, token_expires_s - time.time()), end, _TOKEN_EXPIRED))

    def frame_came(self) -> None:
        """The client sent a frame."""
        self._last_frame_s = self._loop.time()

    def close(self) -> None:
        """The connection has ended. A second call does nothing."""
        for timer in (self._idle_timer, *self._timers):
            timer.cancel()

    def _look_for_hello(self) -> None:
        if self._owes_hello():
            self._end(_NO_HELLO)

    def _look_for_frames(self) -> None:
        left_s = self._last_frame_s + self._idle_s - self._loop.time()
        if left_s <= 0:
            self._end(_IDLE)
        else:
            self._idle_timer = self._loop.call_later(left_s, self._look_for_frames)
