"""Several processes on one port: what befalls one of them, and how they end. Real processes, a real engine, real sockets."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
import time
from contextlib import ExitStack, suppress
from itertools import islice
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect as connect_websocket

from handstream.client import Answered, connect
from handstream.server.settings import ServerSettings
from handstream.server.supervisor import Supervisor, _Place
from tests.cli.test_serve import started
from tests.processes import has_ended
from tests.server.serving import WAIT_S, jpeg, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no POSIX signals")


def workers(process: subprocess.Popen[str]) -> dict[int, psutil.Process]:
    """The processes that serve, by their number. Python's resource tracker is a child as well, and serves nothing."""
    children = psutil.Process(process.pid).children()
    return {child.pid: child for child in children if "spawn_main" in " ".join(child.cmdline())}


def serves(process: subprocess.Popen[str], count: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return len(workers(process)) == count
    return False


async def follow(url: str, seen: list[int], until_done: asyncio.Event) -> tuple[int, int, int]:
    """One session that sends until it is told to stop. Returns frames sent, answered and lost."""
    image = jpeg(width_px=320, height_px=240)
    async with connect(url.replace("http", "ws"), settings={"output": "landmarks"}) as session:
        while not until_done.is_set():
            await session.send(image)
            outcome = await anext(session)
            if isinstance(outcome, Answered):
                seen.append(outcome.result.frame_id)
        statistics = session.statistics()
    return statistics.sent, statistics.answered, statistics.sent - statistics.answered


@pytest.mark.slow
def test_sessions_of_a_killed_worker_go_on_with_another_and_count_what_they_lost() -> None:
    async def run(process: subprocess.Popen[str], url: str) -> None:
        seen: list[list[int]] = [[] for _ in range(8)]
        done = asyncio.Event()
        sessions = [asyncio.create_task(follow(url, ids, done)) for ids in seen]
        async with asyncio.timeout(3 * WAIT_S):
            while not all(len(ids) > 5 for ids in seen):  # noqa: ASYNC110 - the sessions are not to know that they are watched
                await asyncio.sleep(0.05)
            next(iter(workers(process).values())).kill()
            counts = [len(ids) for ids in seen]
            while not all(len(ids) > count + 5 for ids, count in zip(seen, counts, strict=True)):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)
            done.set()
            await asyncio.gather(*sessions)
        for ids in seen:
            assert ids == sorted(set(ids)), "a frame was answered twice, or after a newer one"

    with started("--workers", "2") as (process, url):
        before = set(workers(process))
        assert len(before) == 2
        asyncio.run(run(process, url))
        until(lambda: serves(process, 2))
        assert len(before & set(workers(process))) == 1, "the killed worker was not replaced, or the other one was"


@pytest.mark.slow
def test_a_worker_that_hangs_is_replaced() -> None:
    with started("--workers", "2", "--frame-deadline-s", "3") as (process, url):
        hung = next(iter(workers(process).values()))
        hung.suspend()
        until(lambda: has_ended(hung))
        until(lambda: serves(process, 2))
        assert httpx.get(f"{url}/healthz").json()["status"] == "alive"


@pytest.mark.slow
def test_it_ends_in_a_set_time_even_with_a_worker_that_hangs() -> None:
    with started("--workers", "2", "--stop-within-s", "0.5") as (process, _):
        children = list(workers(process).values())
        children[0].suspend()
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0
        assert all(map(has_ended, children))


@pytest.mark.slow
def test_workers_end_when_their_supervisor_is_killed() -> None:
    with started("--workers", "2") as (process, _):
        children = list(workers(process).values())
        process.kill()
        until(lambda: all(map(has_ended, children)))


@pytest.mark.slow
def test_all_processes_together_let_in_no_more_sessions_than_are_set() -> None:
    limits = ("--max-sessions", "6", "--max-sessions-by-address", "4", "--trusted-proxies", "127.0.0.1")
    with started("--workers", "2", *limits) as (_, url), ExitStack() as sessions:

        def tries(address: str) -> Iterator[bool]:
            while True:
                headers = {"X-Forwarded-For": address}
                try:
                    sessions.enter_context(connect_websocket(f"{url.replace('http', 'ws')}/ws/video", additional_headers=headers))
                    yield True
                except InvalidStatus:
                    yield False

        for address, expected in (("192.0.2.1", 4), ("192.0.2.2", 2)):
            trying = tries(address)
            for _ in range(expected):
                until(lambda trying=trying: next(trying))  # type: ignore[misc] # mypy infers no type of a lambda with a default
            assert not any(islice(trying, 20)), "one more was let in than is set"


@pytest.mark.slow
def test_an_engine_that_cannot_be_loaded_is_said_once(tmp_path: object) -> None:
    with pytest.raises(AssertionError, match=r"(?s)handstream:.*model"), started("--workers", "2", "--models", os.fspath(str(tmp_path))):
        pass


def test_the_pause_before_another_start_doubles_for_workers_that_die_young(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dead:
        age_s = 0.1

        def close(self) -> None:
            pass

    place, young = _Place(0), Dead()
    assert [place.leave(young) for _ in range(4)] == [0.0, 0.1, 0.2, 0.4]  # type: ignore[arg-type] # it stands in for a worker
    assert max(place.leave(young) for _ in range(20)) == 10.0  # type: ignore[arg-type] # as above
    young.age_s = 60
    assert place.leave(young) == 0.0  # type: ignore[arg-type] # as above
    assert place.start_at_s <= time.monotonic()


def test_a_worker_that_cannot_be_started_is_tried_again_and_ends_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr("handstream.server.supervisor._Worker", refuse)
    with socket.socket() as listener:
        supervisor = Supervisor(ServerSettings(), listener, tmp_path, on_ready=lambda: None)
        supervisor._fill_places()
        (place,) = supervisor._places
        assert place.worker is None
        assert place.start_at_s > time.monotonic()
    pauses = [place.fail() for _ in range(20)]
    assert pauses[:2] == [0.2, 0.4]
    assert max(pauses) == 10.0
