"""Floods of strangers, silent and slow ones, against a server with honest sessions: what they cost those, `come_in_turns`.

Four honest sessions send 30 frames/s each. Meanwhile, in turns: nobody else; 200 connections that say nothing and 50 that send a byte a
second; a flood of 500 connections a second from one address, each with a whole upgrade and hello; and the same flood from 250 addresses,
with the silent and the slow. The strangers are a process of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import time
from collections import Counter
from dataclasses import dataclass

from benchmarks.hardening_trials.by_hand import RESET, TEXT, masked, upgrade
from benchmarks.hardening_trials.honest import HONEST, LIMITED, REST_S, Honest, yield_processors

from handstream.bench.load import Load, LoadPlan
from handstream.bench.servers import Server, serving
from handstream.bench.worker import Worker

__all__ = ["ATTACKS", "Attack", "Seen", "come_in_turns"]

SILENT, SLOW, FLOOD_PER_SECOND = 200, 50, 500
WARM_UP_S, LEAD_S = 1.0, 2.0

UPGRADE = upgrade(is_v1=True)
HELLO = masked(TEXT, b'{"type": "hello"}')


@dataclass(frozen=True, slots=True)
class Attack:
    """Who comes.

    Attributes:
        name: What the results call it.
        silent: Connections that say nothing.
        slow: Connections that send a byte a second.
        flood_per_second: Connections a second that upgrade, say hello and are gone.
        addresses: How many addresses all of these come from.
    """

    name: str
    silent: int = 0
    slow: int = 0
    flood_per_second: int = 0
    addresses: int = 1


ATTACKS = (
    Attack("quiet"),
    Attack("silent and slow", silent=SILENT, slow=SLOW),
    Attack("flood of one address", flood_per_second=FLOOD_PER_SECOND),
    Attack("flood of 250 addresses, silent and slow", silent=SILENT, slow=SLOW, flood_per_second=FLOOD_PER_SECOND, addresses=250),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one trial.

    Attributes:
        honest: How the honest sessions fared.
        tried: Connections that strangers opened.
        newcomer_ms: How long honest newcomers took to be welcomed, meanwhile; one that was refused is left out.
        newcomers_refused: How many of those were not let in at once.
    """

    honest: Honest
    tried: int
    newcomer_ms: list[float]
    newcomers_refused: int


def come_in_turns(load: Load, rounds: int, seconds: float) -> dict[str, list[Seen]]:
    """Each attack in turn, so many times, measured so long each. By attack. Blocks for about 13 s each."""
    trials: dict[str, list[Seen]] = {attack.name: [] for attack in ATTACKS}
    with serving(LIMITED) as server, Worker(yield_processors) as strangers:
        strangers.result(30)
        _trial(server, ATTACKS[0], load, strangers, 1)  # whatever is done only once
        for _ in range(rounds):
            for attack in ATTACKS:
                trials[attack.name].append(_trial(server, attack, load, strangers, seconds))
                time.sleep(REST_S)
    return trials


def _trial(server: Server, attack: Attack, load: Load, strangers: Worker, seconds: float) -> Seen:
    """Lets the strangers come first, then measures."""
    running = load.start(LoadPlan(url=server.url, way="v1", warm_up_s=LEAD_S + WARM_UP_S, seconds=seconds), HONEST)
    time.sleep(1.5)  # the honest sessions have begun
    strangers.start(_come, *server.host_and_port, attack, LEAD_S + seconds)
    tried, newcomer_ms, newcomers_refused = strangers.result(60)
    return Seen(Honest.of(running.records(60)), tried, newcomer_ms, newcomers_refused)


# --- in the strangers' process


def _come(host: str, port: int, attack: Attack, seconds: float) -> tuple[int, list[float], int]:
    return asyncio.run(_Strangers(host, port, attack, seconds).come())


class _Strangers:
    """All who come in one trial. Those that are thrown out come again at once, as long as it lasts."""

    def __init__(self, host: str, port: int, attack: Attack, seconds: float) -> None:
        self._target = (host, port)
        self._attack = attack
        self._end_s = time.monotonic() + seconds
        self._counts: Counter[str] = Counter()
        self._newcomer_ms: list[float] = []

    async def come(self) -> tuple[int, list[float], int]:
        attack = self._attack
        holders = [self._hold(interval_s=None) for _ in range(attack.silent)] + [self._hold(interval_s=1.0) for _ in range(attack.slow)]
        await asyncio.gather(*holders, self._flood(), self._newcomers())
        return self._counts["tried"], self._newcomer_ms, self._counts["newcomers refused"]

    async def _hold(self, interval_s: float | None) -> None:
        """Keeps a connection open, silent or with a byte of a request now and then."""
        while time.monotonic() < self._end_s:
            with contextlib.suppress(OSError):
                connection = await self._open()
                try:
                    await self._dawdle(connection, interval_s)
                finally:
                    connection.close()
            await asyncio.sleep(0.1)

    async def _dawdle(self, connection: socket.socket, interval_s: float | None) -> None:
        loop = asyncio.get_running_loop()
        request = iter(b"GET / HTTP/1.1\r\nX-Slow: " + bytes([97]) * 1000)
        while (left_s := self._end_s - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left_s, interval_s or left_s)):
                    if not await loop.sock_recv(connection, 1):
                        return
            if interval_s is not None:
                await loop.sock_sendall(connection, bytes([next(request)]))

    async def _flood(self) -> None:
        if not self._attack.flood_per_second:
            return
        loop, interval_s = asyncio.get_running_loop(), 1 / self._attack.flood_per_second
        tasks: set[asyncio.Task[None]] = set()
        due_s = time.monotonic()
        while due_s < self._end_s:
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            due_s += interval_s
            task = loop.create_task(self._intrude())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)

    async def _intrude(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError, TimeoutError):
            connection = await self._open()
            try:
                async with asyncio.timeout(5):
                    await loop.sock_sendall(connection, UPGRADE)
                    if b" 101 " in await loop.sock_recv(connection, 4096):
                        await loop.sock_sendall(connection, HELLO)
                        await loop.sock_recv(connection, 4096)
            finally:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                connection.close()

    async def _newcomers(self) -> None:
        """An honest client twice a second, with an address of its own."""
        loop = asyncio.get_running_loop()
        while time.monotonic() < self._end_s - 0.5:
            begin_s = time.monotonic()
            try:
                connection = await self._open("127.0.9.9")
                try:
                    async with asyncio.timeout(5):
                        await loop.sock_sendall(connection, UPGRADE)
                        was_let_in = b" 101 " in await loop.sock_recv(connection, 4096)
                finally:
                    connection.close()
            except (OSError, TimeoutError):
                was_let_in = False
            if was_let_in:
                self._newcomer_ms.append((time.monotonic() - begin_s) * 1e3)
            else:
                self._counts["newcomers refused"] += 1
            await asyncio.sleep(0.5)

    async def _open(self, source: str | None = None) -> socket.socket:
        """A connection from that address of this machine, or one of the strangers'."""
        self._counts["tried"] += source is None
        connection = socket.socket()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: the kernel chooses the port when it connects
        number = random.randrange(self._attack.addresses)
        connection.bind((source or f"127.1.{number // 250}.{number % 250 + 1}", 0))
        try:
            async with asyncio.timeout(5):
                await asyncio.get_running_loop().sock_connect(connection, self._target)
        except BaseException:
            connection.close()
            raise
        return connection
