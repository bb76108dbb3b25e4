"""The Python client over the relay's paths, on real sockets: nothing queues, nothing stale is shown, and every frame is accounted for."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field, replace
from statistics import median, quantiles
from typing import TYPE_CHECKING

import pytest

from handstream.bench.profiles import PROFILES
from handstream.bench.relay import Relay
from handstream.client import Answered, Dropped, connect
from tests.server.serving import jpeg, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from handstream.client import ClientSession, ClientStatistics

INTERVAL_S = 1 / 30
PICTURES = 30
"""How many are shown before what happens to the path, and how many after it."""

MOST_LOOKS = 30
"""How often a session may look whether a frame is due in a part of a second; one that spins looks a thousand times."""


@dataclass
class Stream:
    """What a stream showed: when each picture was captured and when its answer came, in seconds, and its number."""

    shown: list[tuple[float, float, int]] = field(default_factory=list)
    disturbed_s: tuple[float, float] = (0.0, 0.0)
    statistics: ClientStatistics | None = None

    def ages_s(self, begin_s: float = 0.0) -> list[float]:
        return [received_s - captured_s for captured_s, received_s, _ in self.shown if begin_s <= received_s]

    async def show(self, pictures: int, begin_s: float = 0.0) -> None:
        """Waits until so many were shown from then on."""
        while len(self.ages_s(begin_s)) < pictures:  # noqa: ASYNC110 - it announces nothing, and the test's timeout ends this
            await asyncio.sleep(0.01)


async def watch(session: ClientSession, stream: Stream) -> None:
    async for outcome in session:
        if isinstance(outcome, Answered):
            times_s = (outcome.result.capture_time_ns / 1e9, outcome.received_time_ns / 1e9)
            stream.shown.append((*times_s, outcome.frame_id))


async def film(session: ClientSession) -> None:
    while True:
        await session.send(jpeg())
        await asyncio.sleep(INTERVAL_S)


async def stream_over(profile: str, happens: Callable[[Relay], Awaitable[None]]) -> Stream:
    """Streams over that path while that happens to it, and a while longer."""
    stream = Stream()
    async with session_over(profile, 33) as (session, relay):
        tasks = [asyncio.create_task(watch(session, stream)), asyncio.create_task(film(session))]
        await stream.show(PICTURES)
        begin_s = time.monotonic()
        await happens(relay)
        stream.disturbed_s = (begin_s, time.monotonic())
        await stream.show(PICTURES, stream.disturbed_s[1])
        stream.statistics = session.statistics()
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)
    return stream


@contextlib.asynccontextmanager
async def session_over(profile: str, frame_interval_ms: float) -> AsyncIterator[tuple[ClientSession, Relay]]:
    """An adaptive session over that path, which does nothing of itself."""
    path = replace(PROFILES[profile], stalls=None, refusals=None)
    with serving() as server:
        port = int(server.url.rpartition(":")[2])
        async with (
            Relay("127.0.0.1", port, path, seed=1) as relay,
            connect(
                f"ws://127.0.0.1:{relay.port}", settings={"output": "landmarks"}, adaptive=True, frame_interval_ms=frame_interval_ms
            ) as session,
        ):
            yield session, relay


async def nothing(_: Relay) -> None:
    await asyncio.sleep(0)


def check_account(stream: Stream) -> None:
    """Frames never go backwards, and each that was sent is answered, dropped, or still on its way."""
    numbers = [number for *_, number in stream.shown]
    assert numbers == sorted(set(numbers))
    count = stream.statistics
    assert count is not None
    assert count.sent == count.answered + count.failed + count.dropped + count.in_flight


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["lan", "wifi", "4g", "3g"])
async def test_nothing_queues_on_a_steady_path(profile: str) -> None:
    stream = await stream_over(profile, nothing)
    ages_s = stream.ages_s()
    assert min(ages_s) >= PROFILES[profile].round_trip_s
    middle = len(ages_s) // 2
    assert quantiles(ages_s[middle:])[0] < 2 * median(ages_s[:middle]) + INTERVAL_S, "not one more frame waits than at first"
    check_account(stream)


@pytest.mark.slow
async def test_what_waited_in_a_stall_is_not_shown_after_it() -> None:
    stall_s = 1.5
    stream = await stream_over("stall", lambda relay: relay.stall(stall_s))
    _, end_s = stream.disturbed_s
    assert max(stream.ages_s(end_s)) < stall_s / 2, "it goes on by itself, with nothing of before the stall"
    check_account(stream)


@pytest.mark.slow
async def test_a_session_goes_on_when_the_path_is_back() -> None:
    stream = await stream_over("reconnect", lambda relay: relay.refuse(1))
    begin_s, end_s = stream.disturbed_s
    assert max(stream.ages_s(end_s)) < end_s - begin_s, "it comes back by itself, with pictures of now"
    check_account(stream)
    assert stream.statistics is not None
    assert stream.statistics.reconnections == 1


class Looks:
    """Counts how often a session that waits for a message looks whether a frame is due. It may a few times a second."""

    def __init__(self, session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._expire = session._passage.expire
        monkeypatch.setattr(session._passage, "expire", self._counted)

    def _counted(self, now_ns: int) -> list[Dropped]:
        self.count += 1
        return self._expire(now_ns)


async def test_a_frame_that_is_due_while_a_close_is_not_answered_is_waited_with(monkeypatch: pytest.MonkeyPatch) -> None:
    async with session_over("lan", frame_interval_ms=100) as (session, relay):
        for _ in range(2):  # The second one may leave a little early, and the next one waits for its turn.
            await session.send(jpeg())
            assert isinstance(await anext(session), Answered)
        await session.send(jpeg())
        looks = Looks(session, monkeypatch)
        _, _, outcome = await asyncio.gather(relay.stall(0.6), session.close(), anext(session, None))
    assert outcome is None
    assert looks.count < MOST_LOOKS


async def test_a_frame_that_is_due_while_another_one_is_being_written_is_waited_with(monkeypatch: pytest.MonkeyPatch) -> None:
    may_write = asyncio.Event()
    async with session_over("4g", frame_interval_ms=33) as (session, _):
        send = session._websocket.send

        async def choked(message: bytes) -> None:
            await may_write.wait()
            await send(message)

        for _ in range(4):
            await session.send(jpeg())
            assert isinstance(await anext(session), Answered)
        monkeypatch.setattr(session._websocket, "send", choked)
        sending = [asyncio.create_task(session.send(jpeg())) for _ in range(2)]
        looks = Looks(session, monkeypatch)
        iteration = asyncio.create_task(anext(session))
        await asyncio.sleep(0.3)
        may_write.set()
        await asyncio.gather(iteration, *sending)
    assert looks.count < MOST_LOOKS
