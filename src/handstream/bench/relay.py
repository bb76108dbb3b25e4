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
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from handstream.bench.link import Link, LinkStatistics
from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from types import TracebackType

    from handstream.bench.profiles import LinkProfile, PathProfile, Recurrence

__all__ = ["Relay", "RelayStatistics"]

MAX_CONNECTIONS = 256
"""More than that at a time are reset as they come."""

_MIN_BUFFER_BYTES = 4_096
"""Asked of the kernel for the slowest links. Linux then holds 4 KB of payload before the window closes; below that, throughput suffers."""

_HOST = "127.0.0.1"
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time: closing sends a reset


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
        self._connections: dict[asyncio.Task[None], _Connection] = {}
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
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _buffer_bytes(self._profile.up))
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
                _reset(client)
                continue
            now_s = loop.time()
            connection = _Connection(client, self._profile, seed=f"{self._seed}/{self._accepted}", now_s=now_s)
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


class _Connection:
    """One client's connection, the one to the target that belongs to it, and the links between them."""

    def __init__(self, client: socket.socket, profile: PathProfile, *, seed: str, now_s: float) -> None:
        self.up = Link(profile.up, seed=f"{seed}/up", start_s=now_s)
        self.down = Link(profile.down, seed=f"{seed}/down", start_s=now_s)
        self.is_orderly = False
        self._profile = profile
        self._client = client
        self._server: socket.socket | None = None

    async def run(self, target: tuple[str, int]) -> None:
        """Carries both ways until both have ended, or either side is gone."""
        await asyncio.sleep(self._profile.round_trip_s)
        # OSError is a side that is gone, or a target that is not there: what a reset tells the other side.
        with contextlib.suppress(OSError):
            self._server = await self._connect(target)
            await self._carry(self._server)
            self.is_orderly = True

    def stall(self, now_s: float, until_s: float) -> None:
        self.up.stall(now_s, until_s)
        self.down.stall(now_s, until_s)

    def close(self) -> None:
        """Closes both sockets: in order, or with a reset where the end was not orderly."""
        for side in (self._client, self._server):
            if side is not None:
                side.close() if self.is_orderly else _reset(side)

    async def _connect(self, target: tuple[str, int]) -> socket.socket:
        server = socket.socket(socket.AF_INET6 if ":" in target[0] else socket.AF_INET)
        self._server = server
        server.setblocking(False)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _buffer_bytes(self._profile.down))
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _buffer_bytes(self._profile.up))
        self._client.setblocking(False)
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _buffer_bytes(self._profile.down))
        for side in (self._client, server):
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(server, target)
        return server

    async def _carry(self, server: socket.socket) -> None:
        up, down = _Carrier(self.up, self._client, server), _Carrier(self.down, server, self._client)
        work = [asyncio.ensure_future(part) for part in (up.fill(), up.drain(), down.fill(), down.drain())]
        try:
            await asyncio.gather(*work)
        finally:
            for part in work:
                part.cancel()
            await asyncio.gather(*work, return_exceptions=True)


class _Carrier:
    """Moves bytes from one socket over a link to another."""

    def __init__(self, link: Link, source: socket.socket, destination: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._link = link
        self._source = source
        self._destination = destination
        self._sent = asyncio.Event()
        self._received = asyncio.Event()

    async def fill(self) -> None:
        """Reads while there is room on the link, until the source ends."""
        data = b"not the end"
        while data:
            while not (room_bytes := self._link.room_bytes):
                self._received.clear()
                await self._received.wait()
            data = await self._loop.sock_recv(self._source, room_bytes)
            self._link.send(data, self._loop.time())
            self._sent.set()

    async def drain(self) -> None:
        """Writes what has arrived, as fast as the destination takes it, until the end has arrived."""
        while (data := self._link.receive(self._loop.time())) != b"":
            if data is None:
                await self._wait_for_arrival()
            else:
                await self._loop.sock_sendall(self._destination, data)
                self._received.set()
        self._destination.shutdown(socket.SHUT_WR)

    async def _wait_for_arrival(self) -> None:
        self._sent.clear()
        due_s = self._link.due_s(self._loop.time())
        alarm = None if due_s is None else self._loop.call_at(due_s, self._sent.set)
        try:
            await self._sent.wait()
        finally:
            if alarm is not None:
                alarm.cancel()


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


def _buffer_bytes(profile: LinkProfile) -> int:
    return max(_MIN_BUFFER_BYTES, profile.chunk_bytes)


def _reset(side: socket.socket) -> None:
    with contextlib.suppress(OSError):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    side.close()


def _together(links: Sequence[LinkStatistics]) -> LinkStatistics:
    return LinkStatistics(
        sent_bytes=sum(link.sent_bytes for link in links),
        received_bytes=sum(link.received_bytes for link in links),
        held_bytes=sum(link.held_bytes for link in links),
        max_held_bytes=max(link.max_held_bytes for link in links),
        delay_ms=max(link.delay_ms for link in links),
    )
