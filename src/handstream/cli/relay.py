"""`handstream relay`: a slow or broken network before a server on this machine, to try a page or a client on."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from handstream.bench.profiles import PROFILES
from handstream.bench.relay import Relay, RelayStatistics
from handstream.errors import HandstreamError

__all__ = ["relay"]

_REFRESH_S = 0.5


def relay(
    profile: Annotated[str, typer.Option(help=f"What the network is like: {', '.join(PROFILES)}.")] = "4g",
    target: Annotated[str, typer.Option(help="The server on this machine, as host:port.")] = "127.0.0.1:8000",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where to listen on 127.0.0.1; 0 takes any free port.")] = 9000,
    seed: Annotated[int, typer.Option(help="Chooses the jitter and the losses: the same seed, the same weather.")] = 0,
) -> None:
    """Stand between a client and a server as a slow or broken network would, until Ctrl-C."""
    if profile not in PROFILES:
        raise HandstreamError(f"There is no profile {profile!r}. There are {', '.join(PROFILES)}.", code="unknown_profile")
    host, target_port = _host_and_port(target)
    path = Relay(host, target_port, PROFILES[profile], seed=seed, port=port)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_show(path, f"{profile} before {target}"))


async def _show(path: Relay, title: str) -> None:
    async with path:
        console = Console()
        console.print(f"[bold]{title}[/]: open http://127.0.0.1:{path.port}", highlight=False)
        with Live(console=console, auto_refresh=False) as live:
            while True:
                live.update(_view(path.statistics()), refresh=True)
                await asyncio.sleep(_REFRESH_S)


def _view(statistics: RelayStatistics) -> Group:
    table = Table("", "received kB", "held kB", "delay ms", box=None)
    for name, link in (("up", statistics.up), ("down", statistics.down)):
        table.add_row(name, f"{link.received_bytes / 1e3:,.0f}", f"{link.held_bytes / 1e3:,.1f}", f"{link.delay_ms:,.1f}")
    # Not as the table's caption, which would be broken to its width.
    return Group(table, f"{statistics.connections} connections open, {statistics.accepted} accepted, {statistics.resets} reset")


def _host_and_port(target: str) -> tuple[str, int]:
    host, _, port = target.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:  # noqa: PLR2004 - a port has 16 bits
        raise HandstreamError(f"The target must be host:port, as in 127.0.0.1:8000, not {target!r}.", code="bad_target")
    return host.strip("[]"), int(port)
