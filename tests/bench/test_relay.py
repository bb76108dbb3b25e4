"""The relay over real sockets. Times are asserted only from below, where the relay guarantees them, or as a ratio within one run."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from handstream.bench import relay as relay_module
from handstream.bench.profiles import LinkProfile, PathProfile, Recurrence
from handstream.bench.relay import Relay
from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def path(stalls: Recurrence | None = None, refusals: Recurrence | None = None, **changes: Any) -> PathProfile:
    link = LinkProfile(**({"delay_ms": 0, "jitter_ms": 0, "bandwidth_mbps": 1_000, "burst_bytes": 65_536, "queue_ms": 5} | changes))
    return PathProfile(name="test", up=link, down=link, stalls=stalls, refusals=refusals)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    writer.close()


@contextlib.asynccontextmanager
async def serving(handler: Handler = echo) -> AsyncIterator[int]:
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def ping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes = b"ping") -> float:
    """Sends bytes to an echo and gets them back; how long that took, in seconds."""
    start_s = time.monotonic()
    writer.write(data)
    assert await reader.readexactly(len(data)) == data
    return time.monotonic() - start_s


async def closed_with(reader: asyncio.StreamReader) -> str:
    """How a connection ends: "end" or "reset"."""
    try:
        await reader.read()
    except ConnectionResetError:
        return "reset"
    return "end"


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - the relay announces nothing, and the test's timeout ends this
        await asyncio.sleep(0.001)


async def test_no_byte_is_faster_than_the_path() -> None:
    async with serving() as target, Relay("localhost", target, path(delay_ms=20, jitter_ms=2)) as relay, connected(relay.port) as streams:
        first_s = await ping(*streams)
        assert first_s >= 0.08, "the handshake takes a round trip of its own"
        assert min([await ping(*streams) for _ in range(5)]) >= 0.04


async def test_the_bandwidth_is_the_profiles() -> None:
    data = random.Random(1).randbytes(300_000)
    times_s = {}
    async with serving() as target:
        async with connected(target) as streams:
            direct_s = min([await ping(*streams, data) for _ in range(3)])
        for bandwidth_mbps in (8, 32):
            slow = path(bandwidth_mbps=bandwidth_mbps, burst_bytes=0)
            async with Relay("localhost", target, slow) as relay, connected(relay.port) as streams:
                await ping(*streams)
                times_s[bandwidth_mbps] = min([await ping(*streams, data) for _ in range(3)])  # the path allows no less, the machine more
    assert times_s[8] >= 0.3
    assert times_s[8] > 4 * direct_s
    assert 2 < times_s[8] / times_s[32] < 8


async def test_bytes_arrive_whole_and_in_order() -> None:
    rng = random.Random(2)
    pieces = [rng.randbytes(rng.choice((1, 100, 1_500, 20_000, 150_000))) for _ in range(60)]
    jittery = path(delay_ms=2, jitter_ms=3, jitter_correlation_ms=5, bandwidth_mbps=200, losses_per_s=5, retransmission_timeout_ms=20)

    async def send(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(rng.random() * 0.002)
        writer.write_eof()

    async with serving() as target, Relay("127.0.0.1", target, jittery) as relay, connected(relay.port) as (reader, writer):
        _, got = await asyncio.gather(send(writer), reader.read())
        assert got == b"".join(pieces)
        statistics = relay.statistics()
    assert statistics.up.sent_bytes == statistics.down.received_bytes == len(got)


async def test_a_reader_that_stops_makes_the_sender_wait() -> None:
    release = asyncio.Event()

    async def never_reads(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    profile = path(bandwidth_mbps=100)
    async with serving(never_reads) as target, Relay("localhost", target, profile) as relay:
        loop = asyncio.get_running_loop()
        with socket.create_connection(("127.0.0.1", relay.port)) as client:
            client.setblocking(False)
            sending = asyncio.create_task(loop.sock_sendall(client, bytes(100_000_000)))  # far more than the kernels of both ends take
            await until(lambda: profile.up.capacity_bytes - relay.statistics().up.held_bytes < profile.up.chunk_bytes)
            await asyncio.sleep(0.1)
            assert not sending.done()
            assert relay.statistics().up.max_held_bytes <= profile.up.capacity_bytes, "a full link and not a byte more"
            sending.cancel()
            await asyncio.wait([sending])
        release.set()


async def test_a_half_close_travels_behind_the_data() -> None:
    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(str(len(await reader.read())).encode())
        writer.close()

    async with serving(count) as target, Relay("localhost", target, path(delay_ms=5)) as relay, connected(relay.port) as (reader, writer):
        writer.write(bytes(100_000))
        writer.write_eof()
        assert await reader.read() == b"100000"
        await until(lambda: not relay.statistics().connections)
        assert relay.statistics().resets == 0


async def test_nothing_moves_in_a_stall_and_all_of_it_afterwards() -> None:
    async with serving() as target, Relay("localhost", target, path()) as relay, connected(relay.port) as streams:
        await ping(*streams)
        start_s = time.monotonic()
        stall = asyncio.create_task(relay.stall(0.3))
        await asyncio.sleep(0)
        await ping(*streams, bytes(5_000))
        assert time.monotonic() - start_s >= 0.29
        await stall


async def test_a_connection_that_is_made_in_a_stall_is_stalled_too() -> None:
    async with serving() as target, Relay("localhost", target, path()) as relay:
        start_s = time.monotonic()
        stall = asyncio.create_task(relay.stall(0.3))
        await asyncio.sleep(0)
        async with connected(relay.port) as streams:
            await ping(*streams)
        assert time.monotonic() - start_s >= 0.29
        await stall


async def test_stalls_recur_as_the_profile_says() -> None:
    async with (
        serving() as target,
        Relay("localhost", target, path(stalls=Recurrence(every_s=0.3, duration_s=0.15))) as relay,
        connected(relay.port) as streams,
    ):
        end_s = time.monotonic() + 0.7
        slowest_s = 0.0
        while time.monotonic() < end_s:
            slowest_s = max(slowest_s, await ping(*streams))
    assert slowest_s >= 0.05, "one ping meets a stall near its beginning"


async def test_a_cut_resets_both_sides_and_new_connections_are_welcome() -> None:
    ends: list[str] = []

    async def remember(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"welcome")
        ends.append(await closed_with(reader))
        writer.close()

    async with serving(remember) as target, Relay("localhost", target, path()) as relay:
        for count in (1, 2):
            async with connected(relay.port) as (reader, _):
                await reader.readexactly(7)
                relay.cut()
                assert await closed_with(reader) == "reset"
            assert relay.statistics().resets == count
        await until(lambda: len(ends) == 2)
    assert ends == ["reset", "reset"]


async def test_a_refusal_resets_refuses_and_comes_back_on_the_same_port() -> None:
    async with serving() as target, Relay("localhost", target, path()) as relay:
        port = relay.port
        async with connected(port) as streams:
            await ping(*streams)
            refusal = asyncio.create_task(relay.refuse(1))
            assert await closed_with(streams[0]) == "reset"
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        await refusal
        async with connected(port) as streams:
            await ping(*streams)


async def test_refusals_may_overlap() -> None:
    async with serving() as target, Relay("localhost", target, path()) as relay:
        long = asyncio.create_task(relay.refuse(1))
        await relay.refuse(0.01)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", relay.port)
        await long
        async with connected(relay.port) as streams:
            await ping(*streams)


async def test_refusals_recur_as_the_profile_says() -> None:
    refusing = path(refusals=Recurrence(every_s=0.2, duration_s=0.1))
    async with serving() as target, Relay("localhost", target, refusing) as relay, connected(relay.port) as (reader, _):
        assert await closed_with(reader) == "reset"


async def test_a_server_that_is_not_there_resets_the_client() -> None:
    async with serving() as target:
        pass
    async with Relay("localhost", target, path()) as relay, connected(relay.port) as (reader, _):
        assert await closed_with(reader) == "reset"


async def test_connections_that_come_and_go_leave_nothing_behind() -> None:
    async with serving() as target, Relay("localhost", target, path()) as relay:
        for _ in range(30):
            async with connected(relay.port) as (reader, writer):
                await ping(reader, writer)
                writer.write_eof()
                assert await reader.read() == b""
        await until(lambda: not relay.statistics().connections)
        statistics = relay.statistics()
    assert (statistics.accepted, statistics.resets, statistics.up.held_bytes) == (30, 0, 0)
    assert statistics.up.received_bytes == 30 * len(b"ping")


async def test_more_connections_than_the_bound_are_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "MAX_CONNECTIONS", 2)
    async with serving() as target, Relay("localhost", target, path()) as relay, connected(relay.port) as a, connected(relay.port) as b:
        await ping(*a)
        await ping(*b)
        async with connected(relay.port) as (reader, _):
            assert await closed_with(reader) == "reset"
        await ping(*a)


async def test_leaving_resets_what_is_open() -> None:
    async with serving() as target:
        async with Relay("localhost", target, path()) as relay:
            reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
            await ping(reader, writer)
        assert await closed_with(reader) == "reset"
        writer.close()


async def test_a_port_that_is_taken_is_named() -> None:
    async with serving() as target:
        with pytest.raises(HandstreamError, match=f"Cannot listen on 127.0.0.1:{target}") as caught:
            await Relay("localhost", target, path(), port=target).__aenter__()
    assert caught.value.code == "port_in_use"


@pytest.mark.parametrize("host", ["192.0.2.1", "example.org", "0.0.0.0", "", "::"])
def test_other_machines_are_refused(host: str) -> None:
    with pytest.raises(HandstreamError, match="this machine alone") as caught:
        Relay(host, 80, path())
    assert caught.value.code == "not_loopback"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.3.2.1", "::1"])
def test_this_machine_is_accepted(host: str) -> None:
    Relay(host, 80, path())
