"""What stands between an accepted connection and the application: `Gate` admits it or not, `Arrival` is its place until it has a session.

A connection is admitted by its address alone, before it costs a TLS handshake or a request. From then on it waits: its client has a set
time for the handshake and each request, and where too many wait, the one that has waited longest is ended.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from handstream.server.limits import Arrivals, Waiting
from handstream.server.proxies import is_trusted

if TYPE_CHECKING:
    from handstream.server.refusals import Refusals
    from handstream.server.settings import ServerSettings

__all__ = ["Arrival", "Gate"]


class Gate:
    """The gate of one server. All of it runs on the event loop, and nothing blocks.

    Attributes:
        refusals: What was refused, here and further inside.
        is_shared: Whether several processes accept from one socket.
    """

    def __init__(self, settings: ServerSettings, refusals: Refusals) -> None:
        """Nobody has come yet."""
        self.refusals = refusals
        self.is_shared = settings.workers > 1
        self._handshake_timeout_s = settings.handshake_timeout_s
        self._trusted = settings.trusted_networks
        self._waiting: Waiting[Arrival] = Waiting(settings.max_waiting_connections)
        self._connections = self._arrivals(settings)
        self._requests = self._arrivals(settings)

    def admit(self, address: str) -> Arrival | None:
        """A connection of that address was accepted: its place among those that wait, or None if it is to be closed."""
        known = None if is_trusted(address, self._trusted) else address
        if not self._connections.take(known, time.monotonic_ns()):
            self.refusals.count("too_many_connections", address)
            return None
        return Arrival(self, address, self._handshake_timeout_s)

    def take_request(self, address: str | None) -> bool:
        """Whether one more request of that client may be answered."""
        return self._requests.take(address, time.monotonic_ns())

    def enter(self, arrival: Arrival) -> None:
        """That connection waits from now on, and may crowd out another."""
        crowded_out = self._waiting.enter(arrival)
        if crowded_out is not None:
            crowded_out.end("too_many_waiting")

    def leave(self, arrival: Arrival) -> None:
        """That connection waits no more. A second call does nothing."""
        self._waiting.leave(arrival)

    @property
    def waiting(self) -> int:
        """How many connections have no session yet."""
        return len(self._waiting)

    @staticmethod
    def _arrivals(settings: ServerSettings) -> Arrivals:
        return Arrivals(
            per_second=settings.max_requests_per_second,
            per_second_by_address=settings.max_requests_per_second_by_address,
            processes=settings.workers,
        )


class Arrival:
    """One connection that has no session yet.

    Attributes:
        task: What makes the connection of an accepted socket, until there is a transport.
        transport: The connection, once it is there.
    """

    def __init__(self, gate: Gate, address: str, timeout_s: float) -> None:
        """The client has so long, in seconds, for the TLS handshake and its first request together."""
        self.task: asyncio.Task[None] | None = None
        self.transport: asyncio.Transport | None = None
        self._gate = gate
        self._address = address
        self._timeout_s = timeout_s
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.wait()

    def wait(self) -> None:
        """It is the client's turn, and it has a set time."""
        self.rest()
        self._gate.enter(self)
        self._timer = self._loop.call_later(self._timeout_s, self.end, "handshake_timeout")

    def rest(self) -> None:
        """It is the server's turn."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def leave(self) -> None:
        """The connection is gone, or has become a WebSocket. A second call does nothing."""
        self.rest()
        self._gate.leave(self)

    def end(self, reason: str) -> None:
        """Ends the connection at once, for that reason."""
        self.refuse(reason)
        self.leave()
        if self.transport is not None:
            self.transport.abort()
        elif self.task is not None:
            self.task.cancel()

    def refuse(self, reason: str) -> None:
        """Counts what the client asked for as refused."""
        self._gate.refusals.count(reason, self._address)
