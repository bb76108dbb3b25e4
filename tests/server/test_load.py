"""More clients and more frames than the machine can carry: who is let in, what each is told, and what each gets."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack, ExitStack, suppress
from itertools import cycle, pairwise
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.client import connect as connect_asyncio
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from handstream.frames import Frame
from handstream.protocol import wire
from handstream.server.neighbours import Neighbours
from tests.server.fake_engine import FakeEngine
from tests.server.serving import WAIT_S, Serving, jpeg, serving, until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

V1 = [Subprotocol(wire.SUBPROTOCOL)]


def is_refused(server: Serving, query: str = "", subprotocols: Sequence[Subprotocol] | None = None) -> bool:
    """Whether another connection is refused as a server that is full refuses it."""
    try:
        with connect(server.video_url + query, subprotocols=subprotocols):
            return False
    except InvalidStatus as refusal:
        response = refusal.response
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) >= 1
        assert json.loads(response.body or b"")["error"]["code"] == "server_full"
        return True


def say_hello(server: Serving, **hello: Any) -> tuple[Any, int | None]:
    """What a connection that says it may resume is told first, and the code that it is closed with, if it is."""
    with connect(server.video_url + "?resume=true", subprotocols=V1) as websocket:
        websocket.send(json.dumps({"type": "hello", **hello}))
        told = json.loads(websocket.recv(WAIT_S))
        try:
            websocket.send(wire.encode_frame(Frame(1, jpeg())))
            assert isinstance(websocket.recv(WAIT_S), bytes), "who is let in gets an answer"
        except ConnectionClosed as closed:
            return told, closed.rcvd.code if closed.rcvd else None
    return told, None


def test_no_more_sessions_than_there_may_be_are_let_in() -> None:
    with serving(max_sessions=2) as server, server.v1():
        with server.plain():
            assert is_refused(server)
            assert is_refused(server, subprotocols=V1)
            assert is_refused(server, "?resume=true"), "the plain way knows no resuming"
        until(lambda: not is_refused(server))


def test_who_resumes_is_let_in_first() -> None:
    with serving(max_sessions=1) as server:
        with connect(server.video_url, subprotocols=V1) as websocket:
            websocket.send('{"type": "hello"}')
            token = json.loads(websocket.recv(WAIT_S))["resume_token"]
            websocket.send(wire.encode_frame(Frame(0, jpeg())))  # a session that never sent one would have to make room
            websocket.recv(WAIT_S)
            assert is_refused(server, subprotocols=V1)
            server.cut()
            until(lambda: server.sessions().parked)
        assert is_refused(server, subprotocols=V1), "its place is kept"
        told, code = say_hello(server, resume="wrong")
        assert (told["error"]["code"], code) == ("server_full", 1013)
        told, code = say_hello(server)
        assert (told["error"]["code"], code) == ("server_full", 1013)
        told, code = say_hello(server, resume=token)
        assert (told["resumed"], code) == (True, None)
        until(lambda: server.executor_statistics().lanes == 0)
        told, code = say_hello(server, resume=token)
        assert (told["resumed"], told["reason"], code) == (False, "cannot_resume", None), "there is a place again"


def test_those_who_send_a_frame_and_vanish_keep_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handstream.server.sessions._GRACE_NS", 0)
    with serving(max_sessions=1) as server:
        with server.v1() as websocket:
            websocket.send(wire.encode_frame(Frame(0, jpeg())))
            websocket.recv(WAIT_S)
            server.cut()
            until(lambda: server.sessions().parked)
        until(lambda: not is_refused(server))
        until(lambda: server.sessions().ended.get("displaced") == 1)


def test_a_connection_that_does_not_say_what_it_resumes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handstream.server.websocket._HELLO_TIMEOUT_S", 0.1)
    with serving(max_sessions=1) as server, server.v1(), connect(server.video_url + "?resume=true", subprotocols=V1) as websocket:
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(WAIT_S)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, "server_full")


def may_resume(server: Serving, address: str = "192.0.2.1") -> Any:
    """A connection that comes through a proxy and may resume a session, as it says."""
    return connect(server.video_url + "?resume=true", subprotocols=V1, additional_headers={"X-Forwarded-For": address})


def test_connections_that_may_resume_are_bounded_for_each_address_and_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handstream.server.websocket._HELLO_TIMEOUT_S", WAIT_S)
    with serving(max_sessions=1, trusted_proxies="127.0.0.1") as server, server.v1(), ExitStack() as stack:
        for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"):
            for _ in range(8):
                stack.enter_context(may_resume(server, address))
            with pytest.raises(InvalidStatus) as of_one, may_resume(server, address):
                pass
            assert of_one.value.response.status_code == 503
        with pytest.raises(InvalidStatus) as of_all, may_resume(server, "192.0.2.5"):
            pass
        assert of_all.value.response.status_code == 503


@pytest.mark.parametrize(("limits", "status"), [({"max_sessions": 1}, 503), ({"max_sessions_by_address": 1}, 429)])
def test_connections_that_may_resume_are_bounded_too_where_a_session_would_make_room(
    monkeypatch: pytest.MonkeyPatch, limits: dict[str, Any], status: int
) -> None:
    monkeypatch.setattr("handstream.server.websocket._HELLO_TIMEOUT_S", WAIT_S)
    with serving(**limits) as server, ExitStack() as stack:
        with server.v1():
            server.cut()
            until(lambda: server.sessions().parked)
        for _ in range(8):
            stack.enter_context(may_resume(server))
        with pytest.raises(InvalidStatus) as refusal, may_resume(server):
            pass
        assert refusal.value.response.status_code == status
        assert server.sessions().parked == 1


@pytest.mark.skipif(sys.platform == "win32", reason="asyncio has no Unix sockets there")
@pytest.mark.parametrize(("limits", "status"), [({"max_sessions": 2}, 503), ({"max_sessions_by_address": 2}, 429)])
def test_connections_that_are_asked_for_the_process_of_their_session_are_bounded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limits: dict[str, Any], status: int
) -> None:
    monkeypatch.setattr("handstream.server.sessions._MAX_PROVISIONAL", 1)
    with serving(neighbours=Neighbours(tmp_path, 0), **limits) as server, ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(connect(server.video_url + "?resume=true", subprotocols=V1))
        with pytest.raises(InvalidStatus) as refusal, connect(server.video_url + "?resume=true", subprotocols=V1):
            pass
        assert refusal.value.response.status_code == status
        stack.close()
        until(lambda: say_hello(server)[1] is None)


def test_a_session_is_refused_where_it_would_take_the_least_rate_from_another() -> None:
    """One thread and 50 ms a frame make 20 frames/s at most, which is enough for 4 sessions of 5 and not for 5."""
    engine = FakeEngine()
    with serving(lambda: engine, threads=1, min_session_frames_per_second=5) as server:
        engine.delay_s = 0.05
        with server.plain() as websocket:
            for _ in range(20):
                websocket.send(jpeg())
                websocket.recv(WAIT_S)
            with ExitStack() as stack:
                sessions = 1
                with suppress(InvalidStatus):
                    while sessions < 10:
                        stack.enter_context(server.plain())
                        sessions += 1
                assert 2 <= sessions <= 4
                assert is_refused(server)
        until(lambda: server.executor_statistics().lanes == 0)
        assert not is_refused(server), "the first is let in whatever was measured"


class Sender:
    """A client that sends at a rate of its own, or at the advised one if it is told to follow advice."""

    def __init__(self, frames_per_second: float, *, follows: bool = True) -> None:
        self.wanted = self.rate = frames_per_second
        self.follows = follows
        self.advice: list[float | None] = []
        self.results = self.dropped = 0
        self.lasted_s = 0.0

    async def run(self, server: Serving, seconds: float, connected: asyncio.Barrier) -> None:
        begin_s = time.monotonic()
        async with connect_asyncio(server.video_url, subprotocols=V1, compression=None) as websocket:
            await websocket.send('{"type": "hello", "settings": {"output": "landmarks"}}')
            await connected.wait()
            reading = asyncio.create_task(self._read(websocket))
            end_s = time.monotonic() + seconds
            frame_id, image = 0, jpeg()
            while time.monotonic() < end_s:
                await websocket.send(wire.encode_frame(Frame(frame_id, image)))
                frame_id += 1
                await asyncio.sleep(1 / self.rate)
            reading.cancel()
        self.lasted_s = time.monotonic() - begin_s

    async def _read(self, websocket: Any) -> None:
        async for message in websocket:
            if isinstance(message, bytes):
                self.results += 1
                continue
            told = json.loads(message)
            self.dropped += told["type"] == "dropped"
            if told["type"] == "advice":
                self.advice.append(told["max_frames_per_second"])
                if self.follows:
                    self.rate = min(self.wanted, told["max_frames_per_second"] or self.wanted)


async def send_side_by_side(server: Serving, senders: Sequence[Sender], seconds: float) -> None:
    """All of them send for that long, from when the last is connected."""
    connected = asyncio.Barrier(len(senders))
    await asyncio.gather(*(sender.run(server, seconds, connected) for sender in senders))


class Offerer:
    """A client that sends a frame when it is told to, and counts what becomes of each."""

    def __init__(self, websocket: Any) -> None:
        self.sent = self.results = self.dropped = 0
        self._websocket = websocket

    @property
    def is_settled(self) -> bool:
        return self.sent == self.results + self.dropped

    async def offer(self) -> None:
        self.sent += 1
        await self._websocket.send(wire.encode_frame(Frame(self.sent, jpeg())))

    async def begin(self) -> asyncio.Task[None]:
        await self._websocket.send('{"type": "hello", "settings": {"output": "landmarks"}}')
        await self.offer()
        return asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._websocket:
            if isinstance(message, bytes):
                self.results += 1
            else:
                self.dropped += json.loads(message)["type"] == "dropped"


async def test_under_four_times_the_load_each_gets_the_same_whatever_it_sends() -> None:
    """For each frame that is processed four are offered, half of them by one client that heeds nothing, however slow the machine is."""
    engine, loop = FakeEngine(), asyncio.get_running_loop()
    with serving(lambda: engine, threads=2, max_session_frames_per_second=1_000) as server:
        async with AsyncExitStack() as stack:
            connections = [connect_asyncio(server.video_url, subprotocols=V1, compression=None) for _ in range(7)]
            offerers = [Offerer(await stack.enter_async_context(connection)) for connection in connections]
            greedy, *modest = offerers
            next_modest = cycle(modest)

            async def offer() -> None:
                for offerer in (greedy, greedy, next(next_modest), next(next_modest)):
                    await offerer.offer()

            def offer_meanwhile() -> None:
                asyncio.run_coroutine_threadsafe(offer(), loop).result(WAIT_S)
                server.turn_loop()

            async def settle() -> None:
                await asyncio.to_thread(until, lambda: all(offerer.is_settled for offerer in offerers))

            reading = [await offerer.begin() for offerer in offerers]
            await settle()
            engine.delay_s, engine.meanwhile = 0.01, offer_meanwhile
            for offerer in offerers:
                await offerer.offer()
            await asyncio.to_thread(until, lambda: server.executor_statistics().processed >= 40 * len(offerers))
            engine.meanwhile = lambda: None
            await settle()
            for task in reading:
                task.cancel()
    results = [offerer.results for offerer in offerers]
    assert min(results) >= 0.8 * max(results), results
    assert greedy.dropped > 3 * greedy.results, "who sends more only loses more"
    assert not any(tracker.clashed for tracker in engine.trackers)


async def test_each_is_told_the_rate_to_send_and_who_follows_it_loses_little() -> None:
    engine = FakeEngine()
    with serving(lambda: engine, threads=1) as server:
        engine.delay_s = 0.05
        followers, greedy = [Sender(40) for _ in range(2)], Sender(40, follows=False)
        await send_side_by_side(server, [*followers, greedy], 6)
    for sender in [*followers, greedy]:
        assert 1 <= len(sender.advice) <= 1 + sender.lasted_s, "once a second at most"
        assert all(earlier != later for earlier, later in pairwise(sender.advice)), "only news"
        assert sender.advice[0] is not None
        assert 2 < sender.advice[0] < 8
    for follower in followers:
        assert follower.dropped < greedy.dropped / 2
        assert follower.results > greedy.results / 2, "who heeds it gets its share"


async def test_nobody_is_told_anything_where_there_is_enough() -> None:
    with serving() as server:
        senders = [Sender(10), Sender(10)]
        await send_side_by_side(server, senders, 2.5)
    assert [sender.advice for sender in senders] == [[], []]
