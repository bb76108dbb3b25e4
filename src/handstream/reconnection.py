"""How a client comes back when its connection was lost: `Reconnection` opens another one, after waits that grow and are random."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from handstream.connection import SessionClosedError, open_connection
from handstream.errors import HandstreamError
from handstream.protocol.backoff import backoff_s
from handstream.protocol.control import Hello

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from websockets.asyncio.client import ClientConnection

    from handstream.protocol.control import Welcome

__all__ = ["ConnectionState", "Reconnection"]

_TRY_AGAIN = {"cannot_connect", "not_ready", "server_full", "too_many_requests", "too_many_sessions"}
"""The refusals that may pass."""


class ConnectionState(StrEnum):
    """Whether a session is connected."""

    CONNECTED = "connected"
    RECONNECTING = "reconnecting"


@dataclass(slots=True)
class Reconnection:
    """Where and for how long a client tries to come back.

    Attributes:
        url: The server.
        client: What the client calls itself.
        within_s: For how long it tries, in seconds. 0 does not try.
        on_state: Called when the connection is lost, and when there is another.
        token: What lets the client in, if the server asks for that.
        tls: How a TLS connection is made, if not in the usual way.
        failures: How many connections were lost, or could not be made, since a frame was answered. A welcome alone is no success: a server
            that lets clients in and then fails is not to be asked ever faster.
    """

    url: str
    client: str
    within_s: float
    on_state: Callable[[ConnectionState], None]
    token: str | None = field(repr=False)
    tls: ssl.SSLContext | None
    failures: int = field(default=0, init=False)

    async def open(self, lost: SessionClosedError, welcome: Welcome, settings: Mapping[str, object]) -> tuple[ClientConnection, Welcome]:
        """Another connection for the session of that welcome.

        Raises:
            SessionClosedError: There was none in time.
            HandstreamError: The server refuses it for good.
        """
        hello = Hello(client=self.client, settings=settings, features=("ack",), resume=welcome.resume_token)
        deadline_s = time.monotonic() + self.within_s
        tries, why = 0, str(lost)
        while (left_s := deadline_s - time.monotonic()) > 0:
            await asyncio.sleep(min(left_s, backoff_s(self.failures, random.random())))  # noqa: S311 - it spreads clients, it keeps no secret
            self.failures += 1
            try:
                return await open_connection(self.url, hello, token=self.token, tls=self.tls)
            except HandstreamError as error:
                if not (error.code in _TRY_AGAIN or (isinstance(error, SessionClosedError) and error.may_come_again)):
                    raise
                tries, why = tries + 1, str(error)
        raise SessionClosedError(lost.close_code, f"{tries} tries to connect again within {self.within_s:g} s failed: {why}") from lost
