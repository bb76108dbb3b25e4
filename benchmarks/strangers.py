"""What floods of strangers cost those who have a session: `python -m benchmarks.strangers` lets them come, and compares with quiet.

Four honest sessions send 30 frames/s each to `handstream serve` with its defaults. Meanwhile, in turns: nobody else; 200 connections that
say nothing and 50 that send a byte a second; a flood of 500 connections a second from one address, each with a whole upgrade and hello;
and the same flood from 250 addresses, with the silent and the slow. The strangers are a process of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import re
import socket
import statistics
import struct
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from benchmarks.machine import describe_machine
from benchmarks.sheets import Bar, as_json, as_markdown, as_rich, bars_sheet
from rich.console import Console

from handstream.bench.load import Load, LoadPlan
from handstream.bench.pictures import encoded_pictures
from handstream.bench.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULTS = Path(__file__).parent / "results"
HONEST = 4
SILENT, SLOW, FLOOD_PER_SECOND = 200, 50, 500
WARM_UP_S, LEAD_S = 1.0, 2.0
RESET = struct.pack("ii", 1, 0)

UPGRADE = (
    b"GET /ws/video HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: handstream.v1\r\n\r\n"
)
HELLO = b'\x81\x91\0\0\0\0{"type": "hello"}'


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
        p50_ms: Median age of the honest sessions' answers.
        p95_ms: Its 95th percentile.
        answered: Their answered frames, of those offered.
        tried: Connections that strangers opened.
        newcomer_ms: How long honest newcomers took to be welcomed, meanwhile; one that was refused is left out.
        newcomers_refused: How many of those were not let in at once.
    """

    p50_ms: float
    p95_ms: float
    answered: float
    tried: int
    newcomer_ms: list[float]
    newcomers_refused: int


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.strangers", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each trial is measured")
    parser.add_argument("--write", action="store_true", help="write the results to benchmarks/results/strangers.json and .md")
    options = parser.parse_args()
    trials: dict[str, list[Seen]] = {attack.name: [] for attack in ATTACKS}
    with (
        serving() as url,
        contextlib.closing(Worker(_nothing)) as strangers,
        Load(encoded_pictures(), HONEST) as load,
    ):
        strangers.result(30)
        trial(url, ATTACKS[0], load, strangers, 1)  # whatever is done only once
        for _ in range(options.rounds):
            for attack in ATTACKS:
                trials[attack.name].append(trial(url, attack, load, strangers, options.seconds))
                time.sleep(6)  # budgets fill up again, as they would before a flood begins
        refused = re.findall(r'^handstream_refusals_total\{reason="(\w+)"\} (\d+)', httpx.get(f"{url}/metrics").text, re.MULTILINE)
    report(trials, {reason: int(count) for reason, count in refused}, write=options.write)


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """`handstream serve` with its defaults, but that it logs little, as nobody reads it: its address."""
    command = [sys.executable, "-c", "from handstream.cli import main; main()", "serve", "--port", "0", "--log-level", "error"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        said = ""
        while (found := re.search(r"Open (http://\S+)", said)) is None:
            line = process.stderr.readline()
            if not line:
                raise SystemExit(said)
            said += line
        yield found[1]
    finally:
        process.terminate()
        process.communicate()


def trial(url: str, attack: Attack, load: Load, strangers: Worker, seconds: float) -> Seen:
    """Lets the strangers come first, then measures."""
    plan = LoadPlan(url=f"{url.replace('http', 'ws', 1)}/ws/video", way="v1", warm_up_s=LEAD_S + WARM_UP_S, seconds=seconds)
    running = load.start(plan, HONEST)
    time.sleep(1.5)  # the honest sessions have begun
    host, port = url.removeprefix("http://").rsplit(":", 1)
    strangers.start(_come, host, int(port), attack, LEAD_S + seconds)
    tried, newcomer_ms, newcomers_refused = strangers.result(60)
    records = running.records(60)
    if errors := [record.error for record in records if record.error]:
        Console(stderr=True).print(f"{attack.name}: {errors}")
    ages_ms = sorted(age_ms for record in records for age_ms in record.ages_ms)
    centiles = statistics.quantiles(ages_ms, n=100)
    answered = sum(record.answered for record in records) / sum(record.offered for record in records)
    return Seen(centiles[49], centiles[94], answered, tried, newcomer_ms, newcomers_refused)


def report(trials: dict[str, list[Seen]], refused: dict[str, int], *, write: bool) -> None:
    """Shows the medians of the rounds, and writes them."""
    quiet_ms = statistics.median(seen.p95_ms for seen in trials["quiet"])
    bars = []
    for name, seen in trials.items():
        p95_ms = statistics.median(one.p95_ms for one in seen)
        bars.append(Bar(f"{name}: p95 age {p95_ms:.1f} ms, over the quiet one", 2, p95_ms / quiet_ms))
    bars.append(
        Bar(
            "the least part of the honest frames that were answered",
            0.95,
            min(one.answered for seen in trials.values() for one in seen),
            is_upper=False,
        )
    )
    sheet = bars_sheet(bars)
    Console().print(as_rich(sheet))
    Console().print("refused", refused)
    for name, seen in trials.items():
        welcomed_ms = [one for trial in seen for one in trial.newcomer_ms]
        Console().print(
            f"{name}: {sum(one.tried for one in seen)} connections of strangers; {len(welcomed_ms)} newcomers welcomed,"
            f" median {statistics.median(welcomed_ms or [float('nan')]):.0f} ms, {sum(one.newcomers_refused for one in seen)} refused"
        )
    if write:
        measured = {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": describe_machine(),
            "trials": {name: [asdict(one) for one in seen] for name, seen in trials.items()},
            "refused": refused,
        }
        (RESULTS / "strangers.json").write_text(as_json(bars, measured))
        (RESULTS / "strangers.md").write_text(f"# Strangers\n\n{as_markdown(sheet)}\n")


# --- in the strangers' process


def _nothing() -> None:
    """There is nothing to prepare."""


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


if __name__ == "__main__":
    main()
