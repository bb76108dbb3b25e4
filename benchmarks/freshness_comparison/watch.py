"""Watches a server while clients use it: `Watch` reads its memory, its event loop's lag, and how soon it answers a small request."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import numpy as np
from benchmarks.freshness_comparison.figures import histogram_percentile
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from types import TracebackType

    from benchmarks.freshness_comparison.recording import Window

    from handstream.bench.servers import Server

__all__ = ["Watch"]

_REQUEST_INTERVAL_S = 0.05
_MEMORY_INTERVAL_S = 0.5
_OK = b"HTTP/1.1 200"


class Watch:
    """Watches one server over the window of a run. An async context manager: what it saw is there once the block is left."""

    def __init__(self, server: Server, window: Window) -> None:
        self._server = server
        self._window = window
        self._requests_ms: list[float] = []
        self._memory_mib: list[tuple[float, float]] = []
        self._lags: list[dict[float, float]] = []

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    @property
    def request_p99_ms(self) -> float:
        """What 99 of 100 requests did not exceed. The server's event loop answers them, so its lag is in it."""
        return float(np.percentile(self._requests_ms, 99)) if self._requests_ms else float("nan")

    @property
    def loop_lag_p99_ms(self) -> float:
        """What 99 of 100 ticks of the server's event loop were late at the most, as its own histogram tells; not a number without one."""
        before, *_, after = self._lags or [{}, {}]
        return 1e3 * histogram_percentile({bound: count - before.get(bound, 0) for bound, count in after.items()}, 99)

    @property
    def memory_mib(self) -> list[tuple[float, float]]:
        """The resident memory of the server's processes, with the time since the window's begin: pairs of s and MiB."""
        return self._memory_mib

    async def _watch(self) -> None:
        host, port = self._server.host_and_port
        await _sleep_until(self._window.begin_s)
        reader, writer = await asyncio.open_connection(host, port)
        try:
            self._lags.append(_lag_counts(await _get(reader, writer, "/metrics")))
            while (now_s := time.monotonic()) < self._window.end_s:
                await _get(reader, writer, "/healthz")
                self._requests_ms.append((time.monotonic() - now_s) * 1e3)
                self._weigh(now_s - self._window.begin_s)
                await asyncio.sleep(_REQUEST_INTERVAL_S)
            self._lags.append(_lag_counts(await _get(reader, writer, "/metrics")))
        finally:
            writer.close()

    def _weigh(self, time_s: float) -> None:
        is_due = not self._memory_mib or time_s - self._memory_mib[-1][0] >= _MEMORY_INTERVAL_S
        if is_due and (usage := self._server.usage()) is not None:
            self._memory_mib.append((time_s, usage.memory_bytes / 2**20))


async def _sleep_until(time_s: float) -> None:
    await asyncio.sleep(max(0.0, time_s - time.monotonic()))


async def _get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> str:
    """A document of the server; empty if it has none of that name."""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
    body = await reader.readexactly(int(length.split(b":")[1]))
    return body.decode() if head.upper().startswith(_OK) else ""


def _lag_counts(metrics: str) -> dict[float, float]:
    """How many ticks were late by at most so many seconds."""
    return {
        float(sample.labels["le"]): sample.value
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.name == "handstream_event_loop_lag_seconds_bucket"
    }
