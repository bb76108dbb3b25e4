"""Accepting connections: `Server` is uvicorn's with a `Listener` that asks the gate before anything is done for a connection.

uvicorn leaves accepting to the event loop, which makes a TLS handshake and a protocol of each connection before anybody could say no.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from functools import partial
from typing import TYPE_CHECKING

import uvicorn

from handstream.server.http_protocol import BoundedHttpProtocol

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from handstream.server.gate import Arrival, Gate

__all__ = ["Listener", "Server"]

_ACCEPTS_AT_ONCE = 32
"""How many are accepted before the event loop sees to the sessions again."""

_HESITATION_S = 0.0005
"""How much later a process accepts for each connection that it has, where several accept from one socket: whoever has fewest is first."""

_LONGEST_HESITATION_S = 0.004

_SHARED_AT_ONCE = 4
"""How many a process with many connections takes after it hesitated: few, so that others have their share of a crowd, and enough for a
thousand a second. One with few connections takes one: of eight sessions that come to four processes at once, four more for one leave two
with none."""

_MANY = 32
"""So many connections make a process one with many: four more for one of them hardly matter then."""

_FAILURE_PAUSE_S = 0.5
"""How long nothing is accepted after that failed, as where the process is out of file descriptors: at once it would only fail again."""

_REFUSAL_PAUSE_S = 0.001
"""How long nothing is accepted for each connection that was refused. To refuse costs little, but some connect again at once, for ever, and
would take the time of those who have a session. Others wait in the kernel meanwhile."""

_LEAST_PAUSE_S = 0.01
"""How long nothing is accepted at the least after a refusal. Whenever the event loop wakes it takes the interpreter from the threads that
process frames, and each of those has to be woken in turn: in a flood it wakes for several newcomers at once."""

_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of nothing: the connection is reset, and the kernel keeps nothing of it."""


class Server(uvicorn.Server):
    """uvicorn's server. The application's lifespan gives it the `Gate`, as `gate` in its state."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts the application, then accepts connections from those sockets."""
        await super().startup(sockets=[])
        gate: Gate = self.lifespan.state["gate"]

        def protocol(arrival: Arrival) -> BoundedHttpProtocol:
            return BoundedHttpProtocol(self.config, self.server_state, self.lifespan.state, arrival=arrival)

        def connections() -> int:
            return len(self.server_state.connections)

        # uvicorn closes what is in this list when it stops, and a listener can be closed like the servers of asyncio.
        self.servers = [Listener(listener, gate, protocol, self.config.ssl, connections) for listener in sockets or []]  # type: ignore[misc]


class Listener:
    """Accepts from one socket until it is closed. All of it runs on the event loop."""

    def __init__(
        self,
        listener: socket.socket,
        gate: Gate,
        protocol: Callable[[Arrival], asyncio.Protocol],
        tls: ssl.SSLContext | None,
        connections: Callable[[], int],
    ) -> None:
        """Begins to accept.

        Args:
            listener: A socket that listens; it stays the caller's.
            gate: Who is let in.
            protocol: Makes what reads a connection.
            tls: How connections are encrypted; None where they are not.
            connections: How many connections the process has.
        """
        self._socket = listener
        self._gate = gate
        self._protocol = protocol
        self._tls = tls
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        listener.setblocking(False)
        self._resume()

    def close(self) -> None:
        """Accepts no more, and gives up handshakes that have not ended."""
        self._loop.remove_reader(self._socket)
        if self._pause is not None:
            self._pause.cancel()
        for task in self._tasks:
            task.cancel()

    async def wait_closed(self) -> None:
        """Returns when nothing of this listener runs any more. The connections are uvicorn's to end."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._socket, self._hesitate if self._gate.is_shared else self._accept)

    def _hesitate(self) -> None:
        """Lets a process that has fewer connections accept those that wait."""
        present = self._connections() + len(self._tasks)
        at_once = _SHARED_AT_ONCE if present >= _MANY else 1
        self._loop.remove_reader(self._socket)
        self._pause = self._loop.call_later(min(present * _HESITATION_S, _LONGEST_HESITATION_S), self._accept_few, at_once)

    def _accept_few(self, at_once: int) -> None:
        if self._accept(at_once):
            self._resume()

    def _accept(self, at_once: int = _ACCEPTS_AT_ONCE) -> bool:
        """Accepts so many of those that wait. Returns whether the process can accept more at once."""
        refused = 0
        for _ in range(at_once):
            try:
                connection, peer = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                break
            except OSError as error:  # Linux passes on what befell a connection before it was accepted, too (accept(2))
                self._gate.refusals.count("no_file_descriptors" if error.errno in _EXHAUSTED else "accept_failed", None)
                self._rest(_FAILURE_PAUSE_S)
                return False
            refused += not self._admit(connection, peer[0])
        if refused:
            self._rest(max(_LEAST_PAUSE_S, refused * _REFUSAL_PAUSE_S))
        return not refused

    def _rest(self, seconds: float) -> None:
        """Accepts nothing for so long."""
        self._loop.remove_reader(self._socket)
        self._pause = self._loop.call_later(seconds, self._resume)

    def _admit(self, connection: socket.socket, address: str) -> bool:
        """Lets the connection in, or resets it."""
        arrival = self._gate.admit(address)
        if arrival is None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            connection.close()
            return False
        connection.setblocking(False)
        arrival.task = self._loop.create_task(self._connect(connection, arrival))
        self._tasks.add(arrival.task)
        arrival.task.add_done_callback(partial(self._settle, connection))
        return True

    def _settle(self, connection: socket.socket, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():  # perhaps before it ran at all
            connection.close()

    async def _connect(self, connection: socket.socket, arrival: Arrival) -> None:
        """Makes the connection, encrypted if it is to be. The arrival's own timer bounds the handshake."""
        try:
            await self._loop.connect_accepted_socket(lambda: self._protocol(arrival), connection, ssl=self._tls)
        except OSError:  # what a TLS handshake fails with, too
            arrival.refuse("tls_handshake_failed")
            arrival.leave()
            connection.close()
