"""Sessions that send a few frames and vanish in every rude way, by the thousand: what is left of them in the server, `vanish`."""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.hardening_trials.by_hand import BINARY, RESET, frame_header, masked, upgrade

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from handstream.bench.servers import Server, Usage

__all__ = ["Remains", "vanish"]

FRAMES = 5
AT_ONCE = 48
WARM_UP = 1_500
"""Sessions before the first look: the allocator and the engine have grown to their size by then. With fewer it shows how they grow: by
9 MB in the first 1,500 sessions, and by 1 MB in the next 8,500."""

SETTLE_S = 60.0
"""How long to wait until all has been given back. The server pings every 20 s and gives a half-open connection 20 s to answer."""


@dataclass(frozen=True, slots=True)
class Remains:
    """What the server held before the sessions came, and after they had gone.

    Attributes:
        sessions: How many came and vanished.
        seconds: How long that took.
        before: What it held before, after a warm-up.
        after: What it held once it had settled.
    """

    sessions: int
    seconds: float
    before: Usage
    after: Usage


def vanish(server: Server, image: bytes, sessions: int) -> Remains:
    """Has so many sessions come and vanish. Blocks, for a few minutes for ten thousand."""
    asyncio.run(_visit(server, image, WARM_UP))
    before = _settled(server, None)
    start_s = time.monotonic()
    asyncio.run(_visit(server, image, sessions))
    seconds = time.monotonic() - start_s
    return Remains(sessions, seconds, before, _settled(server, before))


async def _visit(server: Server, image: bytes, sessions: int) -> None:
    numbers = iter(range(sessions))
    ways = itertools.cycle(_WAYS)

    async def visitor() -> None:
        for _ in numbers:
            with suppress(OSError, asyncio.IncompleteReadError):
                await _one(server, image, next(ways))

    await asyncio.gather(*(visitor() for _ in range(AT_ONCE)))


async def _one(server: Server, image: bytes, leave: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> None:
    """One session of the plain way, spoken by hand, since a library would leave politely."""
    reader, writer = await asyncio.open_connection(*server.host_and_port)
    try:
        writer.write(upgrade(is_v1=False, query="?output=landmarks"))
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(FRAMES):
            writer.write(masked(BINARY, image))
        await writer.drain()
        await leave(writer)
    finally:
        writer.close()


async def _without_a_close(_: asyncio.StreamWriter) -> None:
    """TCP ends, the WebSocket does not."""


async def _by_a_reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


async def _in_mid_message(writer: asyncio.StreamWriter) -> None:
    writer.write(frame_header(BINARY, 100_000) + bytes(1_000))
    await writer.drain()


async def _half_open(writer: asyncio.StreamWriter) -> None:
    """Says that nothing more comes, and reads nothing of what is sent."""
    writer.write_eof()
    await asyncio.sleep(0.05)


_WAYS = (_without_a_close, _by_a_reset, _in_mid_message, _half_open)


def _settled(server: Server, before: Usage | None) -> Usage:
    """What the server holds once that no longer falls, or is down to what it held before."""
    deadline_s = time.monotonic() + SETTLE_S
    held = _usage(server)
    while time.monotonic() < deadline_s:
        time.sleep(2)
        earlier, held = held, _usage(server)
        if before is None and held.files >= earlier.files:
            break
        if before is not None and held.files <= before.files and held.threads <= before.threads:
            break
    return held


def _usage(server: Server) -> Usage:
    usage = server.usage()
    assert usage is not None, "it was started here"
    return usage
