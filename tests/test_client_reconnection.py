"""The Python client comes back by itself: after a cut, after a restart of the server, and not for ever."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from handstream import connection, reconnection
from handstream.bench.profiles import PROFILES
from handstream.bench.relay import Relay
from handstream.client import Answered, ClientSession, ConnectionState, Dropped, SessionClosedError, connect
from handstream.errors import HandstreamError
from tests.server.fake_engine import FakeEngine
from tests.server.serving import WAIT_S, jpeg, serving, until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def port() -> Iterator[int]:
    """On which servers may come and go, and no other program's: it is bound and not listened on, so without a server it refuses."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # So that a server may have it too.
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


async def track(session: ClientSession) -> Answered:
    """Sends one frame and gives its answer, or that of another where it was lost."""
    await session.send(jpeg())
    async for outcome in session:
        if isinstance(outcome, Answered):
            return outcome
        await session.send(jpeg())
    raise AssertionError("the session ended")


async def test_a_cut_connection_is_resumed_and_its_frame_accounted_for() -> None:
    engine, may_go = FakeEngine(), threading.Event()
    states: list[ConnectionState] = []
    with serving(lambda: engine) as server:
        async with connect(server.url, settings={"output": "landmarks", "max_hands": 1}, on_state=states.append) as session:
            session_id = session.welcome.session_id
            await track(session)
            engine.meanwhile = may_go.wait
            lost_id = await session.send(jpeg())
            await asyncio.to_thread(until, server.is_processing)
            server.cut()
            assert await anext(session) == Dropped(lost_id, "network_down")
            may_go.set()
            answered = await track(session)
            statistics = session.statistics()
            assert (session.welcome.resumed, session.welcome.session_id) == (True, session_id)
            assert session.settings["max_hands"] == 1
    assert states == [ConnectionState.RECONNECTING, ConnectionState.CONNECTED]
    assert answered.frame_id == lost_id + 1
    assert answered.result.dropped == 1, "the server counts it too"
    assert (statistics.sent, statistics.answered, statistics.dropped, statistics.in_flight) == (3, 2, 1, 0)
    assert statistics.reconnections == 1
    assert len(engine.trackers) == 2, "the session's, and the warm-up's"


async def test_a_path_that_is_gone_without_a_word_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_PING_S", 0.1)
    with serving() as server:
        port = int(server.url.rpartition(":")[2])
        async with Relay("127.0.0.1", port, PROFILES["lan"]) as relay, connect(f"ws://127.0.0.1:{relay.port}") as session:
            await track(session)
            silence = asyncio.create_task(relay.stall(1.0))
            while not session.statistics().reconnections:
                await track(session)
            assert session.welcome.resumed
            await silence


async def test_a_restarted_server_gets_a_fresh_session_with_the_same_settings(port: int) -> None:
    with serving(port=port) as first:
        session_of = connect(first.url, settings={"output": "landmarks"})
        session = await session_of.__aenter__()
        before = await track(session)
    with serving(port=port):
        after = await track(session)
        assert not session.welcome.resumed
        assert session.welcome.reason == "cannot_resume"
        assert session.settings["output"] == "landmarks"
        assert after.frame_id > before.frame_id
        await session_of.__aexit__(None, None, None)


async def test_what_is_sent_or_changed_while_there_is_no_connection_takes_effect_after() -> None:
    with serving() as server:
        async with connect(server.url) as session:
            await track(session)
            server.cut()
            iteration = asyncio.create_task(anext(session))
            await asyncio.to_thread(until, lambda: server.sessions().parked or session.statistics().reconnections)
            await session.change(output="landmarks")
            newest = [await session.send(jpeg()) for _ in range(5)][-1]
            outcome = await iteration
            while outcome.frame_id != newest:
                outcome = await anext(session)
            assert isinstance(outcome, Answered)
            while session.settings["output"] != "landmarks":
                await track(session)


async def test_a_change_that_was_lost_with_the_connection_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nowhere(_: str) -> None:
        """As into a socket whose path is gone."""

    with serving() as server:
        async with connect(server.url) as session:
            await track(session)
            with monkeypatch.context() as lost:
                lost.setattr(session._websocket, "send", nowhere)
                await session.change(output="landmarks")
            server.cut()
            await track(session)
            assert session.statistics().reconnections == 1
            answered = await track(session)
            assert answered.result.image is None
            assert session.settings["output"] == "landmarks"


async def test_a_session_that_is_closed_while_it_tries_to_come_back_stays_closed(port: int) -> None:
    is_lost = asyncio.Event()
    with serving(port=port) as server:
        session_of = connect(server.url, on_state=lambda _: is_lost.set())
        session = await session_of.__aenter__()
        await track(session)
    iteration = asyncio.create_task(anext(session, None))
    await is_lost.wait()
    await session_of.__aexit__(None, None, None)
    async with asyncio.timeout(WAIT_S / 2):
        assert await iteration is None, "it ends as the iteration over any session that was closed"
    await session.close()


@dataclass
class Tries:
    """Tries to come back that are made without a wait: how many had failed before each since the last answer."""

    failures: list[int] = field(default_factory=list)

    def backoff_s(self, failures: int, _: float) -> float:
        self.failures.append(failures)
        return 0.0


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> Tries:
    recorded = Tries()
    monkeypatch.setattr(reconnection, "backoff_s", recorded.backoff_s)
    return recorded


async def test_a_server_that_lets_it_in_and_fails_is_asked_ever_less_often_until_it_answers(tries: Tries) -> None:
    with serving() as server:
        async with connect(server.url) as session:
            for has_answered in (False, False, True, False):
                if has_answered:
                    await track(session)
                server.cut()
                iteration, before = asyncio.create_task(anext(session)), session.statistics().reconnections
                await asyncio.to_thread(until, lambda: session.statistics().reconnections > before)  # noqa: B023 - it ends in this turn
                iteration.cancel()
                await asyncio.wait([iteration])
    assert tries.failures == [0, 1, 0, 1]


async def test_one_that_was_closed_as_no_frame_came_comes_back_when_there_is_one(tries: Tries) -> None:
    states: asyncio.Queue[ConnectionState] = asyncio.Queue()
    with serving(idle_timeout_s=0.2) as server:
        async with connect(server.url, on_state=states.put_nowait) as session:
            iteration = asyncio.create_task(anext(session))
            assert await states.get() is ConnectionState.RECONNECTING
            await asyncio.to_thread(until, lambda: server.sessions().parked)
            assert tries.failures == [], "its place is for others until then"
            frame_id = await session.send(jpeg())
            assert (await iteration).frame_id == frame_id
            assert session.welcome.resumed
            ending = asyncio.create_task(anext(session, None))
            assert await states.get() is ConnectionState.CONNECTED
            assert await states.get() is ConnectionState.RECONNECTING
            await session.close()
            assert await ending is None


async def test_it_waits_no_longer_than_it_is_to_try(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    slept_s: list[float] = []

    async def sleep(span_s: float) -> None:
        slept_s.append(span_s)

    with serving(port=port) as server:
        session_of = connect(server.url, reconnect_within_s=1)
        session = await session_of.__aenter__()
        await track(session)
    monkeypatch.setattr(reconnection, "time", SimpleNamespace(monotonic=lambda: sum(slept_s)))
    monkeypatch.setattr(reconnection, "random", SimpleNamespace(random=lambda: 1.0))
    monkeypatch.setattr(reconnection, "asyncio", SimpleNamespace(sleep=sleep))
    with pytest.raises(SessionClosedError, match="3 tries to connect again within 1 s failed"):
        await anext(session)
    assert slept_s == [0.25, 0.5, 0.25]
    await session_of.__aexit__(None, None, None)


async def test_it_gives_up_with_a_clear_error(port: int) -> None:
    with serving(port=port) as server:
        session_of = connect(server.url, reconnect_within_s=0.3)
        session = await session_of.__aenter__()
        await track(session)
    start_s = time.monotonic()
    with pytest.raises(SessionClosedError, match=r"tries to connect again within 0\.3 s failed: There is no handstream server"):
        await anext(session)
    assert time.monotonic() - start_s > 0.25
    for _ in range(2):
        with pytest.raises(SessionClosedError):
            await session.send(jpeg())
    await session_of.__aexit__(None, None, None)


async def test_a_session_that_was_taken_over_does_not_fight_for_itself() -> None:
    with serving() as server:
        async with connect(server.url) as session:
            await track(session)
            with server.v1(f'{{"type": "hello", "resume": "{session.welcome.resume_token}"}}'):
                with pytest.raises(SessionClosedError, match="taken_over") as closed:
                    await anext(session)
                assert closed.value.close_code == 4000


async def test_a_server_that_takes_its_settings_no_more_is_not_asked_again(port: int) -> None:
    with serving(port=port) as first:
        session_of = connect(first.url, settings={"max_hands": 4})
        session = await session_of.__aenter__()
        await track(session)
    with serving(port=port, max_hands_limit=2):
        with pytest.raises(HandstreamError, match="max_hands") as refused:
            await anext(session)
        assert refused.value.code == "bad_settings"
        await session_of.__aexit__(None, None, None)
