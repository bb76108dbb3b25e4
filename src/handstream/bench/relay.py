"""A network between a client and a server on one machine: `Relay` delays, limits, stalls and cuts TCP as a `PathProfile` says.

Theory of operation
-------------------

The relay accepts connections on the loopback, opens one to the target for each, and carries bytes both ways, each way over a `Link`
(`handstream.bench.link`) that says when they arrive. It runs in user space and needs no root. What makes it a fair path:

- *Nothing is hidden.* A queue outside the link would add latency that no profile states. The sockets therefore are driven directly,
  without an event loop's transport buffers, and the kernel's buffers are kept at 2 ms of the bandwidth, or the few kilobytes that are the
  kernel's least.
- *Back-pressure.* When the link is full the relay stops reading. The sender's own kernel buffer then fills, exactly as before a slow
  network.
- *Handshake.* Bytes move after one round trip, as a TCP handshake through the path would take.
- *Ends.* A half-close travels behind the data. A reset ends both sides at once.
- *Repeatable.* Jitter and losses follow from the seed, the number of the connection and the time since it began.

Each connection has the whole path to itself, as clients with a line each have. The delay is never less than the profile's; timers of an
event loop may make it a millisecond or two more.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from handstream.bench.link import LinkStatistics
from handstream.bench.relayed_connection import RelayedConnection, buffer_bytes, reset
from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from types import TracebackType

    from handstream.bench.profiles import PathProfile, Recurrence

__all__ = ["Relay", "RelayStatistics"]

MAX_CONNECTIONS = 256
"""More than that at a time are reset as they come."""

_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class RelayStatistics:
    """What a relay carries and has carried.

    Attributes:
        connections: Those that are open.
        accepted: All that were accepted so far.
        resets: Those that did not end in an orderly way: cut, refused by the target, reset by either side, or too many.
        up: All links to the server together: bytes in sum, `max_held_bytes` and `delay_ms` of the worst.
        down: All links to the clients, alike.
    """

    connections: int
    accepted: int
    resets: int
    up: LinkStatistics
    down: LinkStatistics


class Relay:
    """A path to one server. An async context manager: it relays from entry to exit, which resets what is still open.

    All methods belong to the event loop's thread.
    """

    def __init__(self, target_host: str, target_port: int, profile: PathProfile, *, seed: int = 0, port: int = 0) -> None:
        """Describes the relay; nothing is opened yet.

        Args:
            target_host: The server's address, which must be of this machine: "localhost", "127.0.0.1", "::1".
            target_port: The server's port.
            profile: What the path is like.
            seed: Chooses the jitter and the losses.
            port: Where to listen on 127.0.0.1; 0 takes any free port.

        Raises:
            HandstreamError: `not_loopback`: the target is not this machine.
        """
        self._target = (_loopback_address(target_host), target_port)
        self._profile = profile
        self._seed = seed
        self._asked_port = port
        self._connections: dict[asyncio.Task[None], RelayedConnection] = {}
        self._background: list[asyncio.Task[None]] = []
        self._stalled_until_s = 0.0
        self._refusals = 0
        self._accepted = 0
        self._resets = 0
        self._past_up = LinkStatistics()
        self._past_down = LinkStatistics()

    async def __aenter__(self) -> Self:
        """Opens the port. Raises HandstreamError (`port_in_use`) if another program has it."""
        self._listener = self._listen(self._asked_port)
        self._tasks = await asyncio.TaskGroup().__aenter__()
        self._accepting = self._tasks.create_task(self._accept())
        for recurrence, act in ((self._profile.stalls, self.stall), (self._profile.refusals, self.refuse)):
            if recurrence is not None:
                self._background.append(self._tasks.create_task(_recur(recurrence, act)))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Closes the port and resets what is open."""
        for task in (self._accepting, *self._background, *self._connections):
            task.cancel()
        try:
            await self._tasks.__aexit__(kind, error, trace)
        finally:
            self._listener.close()

    @property
    def port(self) -> int:
        """Where clients connect, on 127.0.0.1. It stays the same as long as the relay lives."""
        return self._port

    async def stall(self, duration_s: float) -> None:
        """Lets nothing through either way from now on; returns when that time is over and bytes move again."""
        now_s = asyncio.get_running_loop().time()
        self._stalled_until_s = max(self._stalled_until_s, now_s + duration_s)
        for connection in self._connections.values():
            connection.stall(now_s, self._stalled_until_s)
        await asyncio.sleep(duration_s)

    def cut(self) -> None:
        """Resets all connections at once. New ones are welcome."""
        for task in self._connections:
            task.cancel()

    async def refuse(self, duration_s: float) -> None:
        """Resets all connections and refuses new ones; returns when that time is over.

        Clients can connect again when all refusals are over that were under way at the same time.

        Raises:
            HandstreamError: `port_in_use`: another program took the port meanwhile.
        """
        self._refusals += 1
        self._accepting.cancel()
        self._listener.close()
        self.cut()
        await asyncio.sleep(duration_s)
        self._refusals -= 1
        if not self._refusals:
            self._listener = self._listen(self._port)
            self._accepting = self._tasks.create_task(self._accept())

    def statistics(self) -> RelayStatistics:
        """What the relay carries and has carried."""
        now_s = asyncio.get_running_loop().time()
        connections = self._connections.values()
        return RelayStatistics(
            connections=len(connections),
            accepted=self._accepted,
            resets=self._resets,
            up=_together([self._past_up, *(connection.up.statistics(now_s) for connection in connections)]),
            down=_together([self._past_down, *(connection.down.statistics(now_s) for connection in connections)]),
        )

    def _listen(self, port: int) -> socket.socket:
        listener = socket.socket(socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted sockets inherit the buffer, and the window that is offered in the handshake follows from it.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes(self._profile.up))
        listener.setblocking(False)
        try:
            listener.bind((_HOST, port))
        except OSError as error:
            listener.close()
            raise HandstreamError(f"Cannot listen on {_HOST}:{port}: {error.strerror}. Choose another port.", code="port_in_use") from error
        listener.listen(MAX_CONNECTIONS)
        self._port: int = listener.getsockname()[1]
        return listener

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(self._listener)
            self._accepted += 1
            if len(self._connections) >= MAX_CONNECTIONS:
                self._resets += 1
                reset(client)
                continue
            now_s = loop.time()
            connection = RelayedConnection(client, self._profile, seed=f"{self._seed}/{self._accepted}", now_s=now_s)
            connection.stall(now_s, self._stalled_until_s)
            task = self._tasks.create_task(connection.run(self._target))
            self._connections[task] = connection
            task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        connection = self._connections.pop(task)
        connection.close()
        now_s = asyncio.get_running_loop().time()
        self._resets += not connection.is_orderly
        # What links have carried is told after their end; what they still held is gone.
        self._past_up = replace(_together([self._past_up, connection.up.statistics(now_s)]), held_bytes=0, delay_ms=0)
        self._past_down = replace(_together([self._past_down, connection.down.statistics(now_s)]), held_bytes=0, delay_ms=0)


async def _recur(recurrence: Recurrence, act: Callable[[float], Awaitable[None]]) -> None:
    loop = asyncio.get_running_loop()
    next_s = loop.time()
    while True:
        next_s += recurrence.every_s
        await asyncio.sleep(next_s - loop.time())
        await act(recurrence.duration_s)


def _loopback_address(host: str) -> str:
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(_HOST if host == "localhost" else host)
        if address.is_loopback:
            return str(address)
    raise HandstreamError(
        f"The relay leads to servers on this machine alone, and {host!r} is not this machine: use localhost, 127.0.0.1 or ::1.",
        code="not_loopback",
    )


def _together(links: Sequence[LinkStatistics]) -> LinkStatistics:
    return LinkStatistics(
        sent_bytes=sum(link.sent_bytes for link in links),
        received_bytes=sum(link.received_bytes for link in links),
        held_bytes=sum(link.held_bytes for link in links),
        max_held_bytes=max(link.max_held_bytes for link in links),
        delay_ms=max(link.delay_ms for link in links),
    )
