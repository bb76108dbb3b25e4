"""One connection through a relay: `RelayedConnection` carries bytes both ways between a client and the target, each way over a `Link`."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING

from handstream.bench.link import Link

if TYPE_CHECKING:
    from handstream.bench.profiles import LinkProfile, PathProfile

__all__ = ["RelayedConnection", "buffer_bytes", "reset"]

_MIN_BUFFER_BYTES = 4_096
"""Asked of the kernel for the slowest links. Linux then holds 4 KB of payload before the window closes; below that, throughput suffers."""

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time: closing sends a reset


class RelayedConnection:
    """One client's connection, the one to the target that belongs to it, and the links between them.

    Attributes:
        up: From the client to the target.
        down: From the target to the client.
        is_orderly: Whether both sides have ended, and nothing was reset.
    """

    def __init__(self, client: socket.socket, profile: PathProfile, *, seed: str, now_s: float) -> None:
        """Carries nothing yet.

        Args:
            client: The accepted socket; it is closed with the connection.
            profile: The path.
            seed: Jitter and losses follow from it.
            now_s: The event loop's time.
        """
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
        """Nothing arrives on either link until then."""
        self.up.stall(now_s, until_s)
        self.down.stall(now_s, until_s)

    def close(self) -> None:
        """Closes both sockets: in order, or with a reset where the end was not orderly."""
        for side in (self._client, self._server):
            if side is not None:
                side.close() if self.is_orderly else reset(side)

    async def _connect(self, target: tuple[str, int]) -> socket.socket:
        server = socket.socket(socket.AF_INET6 if ":" in target[0] else socket.AF_INET)
        self._server = server
        server.setblocking(False)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes(self._profile.down))
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_bytes(self._profile.up))
        self._client.setblocking(False)
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_bytes(self._profile.down))
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


def reset(side: socket.socket) -> None:
    """Closes a socket with a reset."""
    with contextlib.suppress(OSError):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    side.close()


def buffer_bytes(profile: LinkProfile) -> int:
    """What to ask of the kernel as a socket's buffer at that link: as little as keeps it busy."""
    return max(_MIN_BUFFER_BYTES, profile.chunk_bytes)
