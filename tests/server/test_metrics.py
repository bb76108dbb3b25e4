"""`/metrics`, as the official parser reads it: the values after known sessions, the labels, and several processes as one."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from handstream.errors import HandstreamError
from handstream.executor import Executor
from handstream.frames import Frame
from handstream.percentiles import Percentiles
from handstream.protocol import wire
from handstream.protocol.flow import FlowStatistics
from handstream.protocol.trace import SERVER_STAGES
from handstream.server.figures import ServerStatistics, Totals
from handstream.server.metrics import ServerMetrics
from tests.conftest import ROOT
from tests.server.fake_engine import FakeEngine
from tests.server.serving import WAIT_S, Serving, jpeg, serving, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FRAMES = 7

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape(url: str) -> Samples:
    response = httpx.get(f"{url}/metrics").raise_for_status()
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    return samples(response.text)


def has_answered(url: str, frames: int) -> bool:
    return value(scrape(url), "frames_total", outcome="answered") == frames


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((f"handstream_{name}", tuple(sorted(labels.items()))))


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    """One that has had two sessions, one of them with a frame that is no picture, and one refusal."""
    with serving(max_sessions=1) as running:
        with running.v1('{"type": "hello", "settings": {"output": "landmarks"}}') as websocket:
            for frame_id in range(FRAMES):
                websocket.send(wire.encode_frame(Frame(frame_id, jpeg())))
                websocket.recv(WAIT_S)
            with pytest.raises(InvalidStatus), running.plain():
                pass
        until(lambda: running.sessions().open == 0)
        with running.plain() as websocket:
            websocket.send(b"no picture")
            websocket.recv(WAIT_S)
            websocket.send(jpeg())
            websocket.recv(WAIT_S)
        until(lambda: running.sessions().open == 0)
        yield running


def test_frames_and_sessions_are_counted(server: Serving) -> None:
    found = scrape(server.url)
    assert value(found, "frames_total", outcome="answered") == FRAMES + 1
    assert value(found, "frames_total", outcome="failed") == 1
    assert value(found, "frames_total", outcome="dropped") == 0
    assert value(found, "frames_dropped_total", stage="queue") == value(found, "frames_dropped_total", stage="send") == 0
    assert value(found, "sessions_began_total", way="v1") == value(found, "sessions_began_total", way="plain") == 1
    assert value(found, "sessions_ended_total", reason="client_closed") == 2
    assert value(found, "refusals_total", reason="server_full") == 1
    assert value(found, "sessions", state="open") == value(found, "sessions", state="parked") == 0
    assert value(found, "received_bytes_total") == server.sessions().totals.received_bytes > (FRAMES + 1) * len(jpeg())
    assert value(found, "sent_bytes_total") == server.sessions().totals.sent_bytes > 0


def test_each_stage_is_measured_and_the_stages_add_up(server: Serving) -> None:
    found = scrape(server.url)
    counts = {stage: value(found, "stage_seconds_count", stage=stage.value) for stage in SERVER_STAGES}
    drawn = {stage: 1 if stage in ("annotate", "encode") else FRAMES + 1 for stage in SERVER_STAGES}
    assert counts == drawn, "only the frame of the plain way was drawn"
    assert value(found, "frame_seconds_count") == value(found, "frame_hands_count") == FRAMES + 1
    assert value(found, "frame_hands_sum") == 2 * (FRAMES + 1), "the engine finds two in each"
    stages_s = sum(value(found, "stage_seconds_sum", stage=stage.value) or 0 for stage in SERVER_STAGES)
    assert value(found, "frame_seconds_sum") == pytest.approx(stages_s)


def test_the_machine_is_described(server: Serving) -> None:
    found = scrape(server.url)
    assert value(found, "executor_threads") == 2
    assert value(found, "executor_processed_total") == FRAMES + 2
    assert value(found, "executor_running") == value(found, "executor_ready") == value(found, "executor_replaced_total") == 0
    assert value(found, "ready_processes") == 1
    assert (value(found, "models_load_seconds") or 0) > 0
    assert (value(found, "memory_resident_bytes") or 0) > 1e6
    builds = [dict(labels) for name, labels in found if name == "handstream_build_info"]
    assert [set(build) for build in builds] == [{"version", "engine", "precision", "python"}]


def test_both_formats_of_prometheus_are_spoken(server: Serving) -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    response = httpx.get(f"{server.url}/metrics", headers=accept)
    assert response.headers["Content-Type"].startswith("application/openmetrics-text")
    families = {family.name: family for family in parse_openmetrics(response.text)}  # type: ignore[no-untyped-call]  # it has no types
    assert families["handstream_frames"].type == "counter"
    assert families["handstream_stage_seconds"].type == "histogram"
    assert all(family.documentation for family in families.values())


def test_labels_are_bounded_whatever_clients_send() -> None:
    """Strangers choose no label: neither by what they ask for nor by how they end."""
    with serving() as server:
        for number in range(10):
            with pytest.raises(InvalidStatus), server.plain(f"?output=nonsense{number}"):
                pass
            with pytest.raises(InvalidStatus), connect(server.video_url, subprotocols=[Subprotocol(f"proto{number}")]):
                pass
            with connect(server.video_url) as websocket:
                websocket.close(4000 + number, f"reason {number}")
            with server.v1(None) as websocket:
                websocket.send(f'{{"type": "nonsense{number}"}}')
                websocket.recv(WAIT_S)
        until(lambda: server.sessions().open == 0)
        labels = {label for _, found in scrape(server.url) for label in found if label[0] in ("reason", "way")}
    assert labels == {
        ("reason", "bad_query"),
        ("reason", "unknown_subprotocol"),
        ("reason", "closed_with_another_code"),
        ("reason", "unknown_type"),
        ("way", "plain"),
        ("way", "v1"),
    }


def test_dropped_frames_are_counted_by_stage() -> None:
    engine, may_go = FakeEngine(), threading.Event()
    with serving(lambda: engine, threads=1) as server, server.plain() as websocket:
        engine.meanwhile = may_go.wait
        for _ in range(10):
            websocket.send(jpeg())
        until(lambda: server.sessions().totals.frames.received == 10)
        may_go.set()
        until(lambda: not server.sessions().totals.frames.outstanding and server.sessions().totals.frames.received == 10)
        found = scrape(server.url)
    frames = {outcome: value(found, "frames_total", outcome=outcome) or 0 for outcome in ("answered", "failed", "dropped")}
    assert sum(frames.values()) == 10
    assert frames["dropped"] > 0
    assert frames["dropped"] == value(found, "frames_dropped_total", stage="queue") == value(found, "executor_replaced_total")


def test_a_loop_that_is_blocked_shows_in_the_metrics() -> None:
    with serving() as server:
        time.sleep(0.2)
        server.loop.call_soon_threadsafe(time.sleep, 0.3)
        time.sleep(0.5)
        found = scrape(server.url)
    assert (value(found, "event_loop_lag_max_seconds") or 0) > 0.2
    count = value(found, "event_loop_lag_seconds_count") or 0
    assert 0 < (value(found, "event_loop_lag_seconds_bucket", le="0.2") or 0) < count


def test_until_the_models_are_there_the_server_is_not_ready() -> None:
    def engine() -> FakeEngine:
        raise HandstreamError("none today")

    with serving(engine) as server:
        with pytest.raises(InvalidStatus), server.plain():
            pass
        found = scrape(server.url)
    assert value(found, "ready_processes") == 0
    assert value(found, "refusals_total", reason="not_ready") == 1


def test_applications_in_one_process_have_metrics_of_their_own(server: Serving) -> None:
    with serving() as other, other.plain() as websocket:
        websocket.send(jpeg())
        websocket.recv(WAIT_S)
        until(partial(has_answered, other.url, 1))
    assert value(scrape(server.url), "frames_total", outcome="answered") == FRAMES + 1


def test_metrics_can_be_switched_off() -> None:
    with serving(metrics=False) as server, server.plain() as websocket:
        websocket.send(jpeg())
        assert "hands" in str(websocket.recv(WAIT_S))
        assert httpx.get(f"{server.url}/metrics").status_code == 404


def test_the_documentation_names_every_metric_and_no_other(server: Serving) -> None:
    text = (ROOT / "docs" / "how-to" / "watch-a-server.md").read_text()
    table = "".join(line for line in text.splitlines(keepends=True) if line.startswith("| `handstream_"))
    named = {
        name.removesuffix("_total") for cell in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", cell)
    }
    families = text_string_to_metric_families(httpx.get(f"{server.url}/metrics").text)
    # The library adds the time of each counter's creation.
    assert named == {family.name for family in families if not family.name.endswith("_created")}


# --- several processes

_WORKER = """
import sys
from tests.server.serving import WAIT_S, jpeg, serving
with serving() as server, server.plain() as websocket:
    for _ in range(int(sys.argv[1])):
        websocket.send(jpeg())
        websocket.recv(WAIT_S)
    print(server.url, flush=True)
    sys.stdin.read()
"""


def start_worker(directory: Path, frames: int) -> tuple[subprocess.Popen[str], str]:
    """A process that has answered so many frames in a session that is open: itself and its address."""
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(frames)],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(directory), "PYTHONPATH": "."},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    return worker, worker.stdout.readline().strip()


@pytest.mark.slow
def test_any_of_several_processes_answers_for_all(tmp_path: Path) -> None:
    workers = [start_worker(tmp_path, frames) for frames in (3, 5)]
    try:
        for _, url in workers:
            until(partial(has_answered, url, 8))
            found = scrape(url)
            assert value(found, "stage_seconds_count", stage="track") == 8
            assert value(found, "sessions", state="open") == 2
            assert value(found, "executor_threads") == 4
            assert value(found, "ready_processes") == 2
            assert len([name for name, _ in found if name == "handstream_build_info"]) == 1
            assert (value(found, "event_loop_lag_seconds_count") or 0) > 0
        workers[1][0].kill()
        workers[1][0].wait()
        found = scrape(workers[0][1])
        assert value(found, "frames_total", outcome="answered") == 8, "what a process counted stays"
        assert value(found, "sessions", state="open") == value(found, "ready_processes") == 1, "one that is gone is gone"
    finally:
        for worker, _ in workers:
            worker.kill()
            worker.communicate()


def test_metrics_that_are_refreshed_every_second_leave_nothing_behind() -> None:
    metrics, executor, lags_s = ServerMetrics(engine="openvino", precision="f32"), Executor(1), Percentiles()
    totals = Totals(FlowStatistics(10, 8, 1, {"queue": 1}, 0), 5, 6)
    sessions = ServerStatistics(open=3, parked=1, resumed=0, began={"v1": 3}, ended={"lost": 2}, refused={}, totals=totals)

    def refresh(times: int) -> None:
        for _ in range(times):
            metrics.refresh(sessions, executor.statistics(), lags_s)

    def grown() -> int:
        before = sys.getallocatedblocks()
        refresh(100)
        return sys.getallocatedblocks() - before

    refresh(20)
    gc.collect()
    gc.disable()
    try:
        # What refreshes leave, each hundred of them leaves; another thread's blocks come once.
        least = min(grown() for _ in range(5))
    finally:
        gc.enable()
        executor.close()
    assert least < 100, "not one block a time"
