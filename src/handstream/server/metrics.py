"""What Prometheus reads at `/metrics`: `ServerMetrics`. `docs/how-to/watch-a-server.md` has the meaning of every name.

What happens often is only counted where it happens (`figures`, `Executor.statistics`); once a second, and when someone asks, the counts are
copied to here. What is observed at once is a frame that has left, about 10 us, and a tick of the event loop.

With several worker processes, `PROMETHEUS_MULTIPROC_DIR` names a folder that they share, which must be empty when the server starts.
Whichever worker is asked then answers for all: counters and histograms are summed, and each gauge says how it is put together. A worker
that was killed is left out of the gauges, and what it counted stays.
"""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from handstream import __version__
from handstream.protocol.control import DROP_STAGES
from handstream.protocol.trace import SERVER_STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handstream.executor import ExecutorStatistics
    from handstream.percentiles import Percentiles
    from handstream.server.figures import AnsweredFrame, ServerStatistics

__all__ = ["METRICS_DIRECTORY_VARIABLE", "ServerMetrics"]

_BUCKETS_S = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.033, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Three steps a decade from 0.1 ms, below which no stage is worth a thought, to 1 s, beyond which nothing is live. 33 ms is in the row
because it is the time from one frame to the next at 30 frames/s: how many were faster is then counted, not interpolated."""

_HANDS_BUCKETS = (0, 1, 2, 4, 8)

METRICS_DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


class ServerMetrics:
    """The metrics of one application. Belongs to the event loop's thread, but for `render`, which any thread may call."""

    def __init__(self, *, engine: str, precision: str) -> None:
        """Nothing happened yet. The arguments are told as they are."""
        self._registry = registry = CollectorRegistry()
        self._process = psutil.Process()
        self._mirrors: dict[Counter, float] = {}
        self._children: dict[tuple[Counter, str], Counter] = {}
        self._open_histograms(registry)
        self._open_counters(registry)
        self._open_gauges(registry)
        build = Gauge(
            "handstream_build_info",
            "What runs; always 1.",
            ["version", "engine", "precision", "python"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        build.labels(__version__, engine, precision, platform.python_version()).set(1)

    def answered(self, frame: AnsweredFrame) -> None:
        """That frame's result has left."""
        for stage, span_ns in frame.spans_ns.items():
            self._stages[stage].observe(span_ns / 1e9)
        self._frame.observe(frame.age_ns / 1e9)
        self._hands.observe(frame.hands)

    def tick(self, lag_s: float) -> None:
        """The event loop was so late."""
        self._lag.observe(lag_s)

    def loaded(self, load_s: float) -> None:
        """The models were loaded in that time, and sessions are taken."""
        self._load.set(load_s)
        self._ready.set(1)

    def refresh(self, sessions: ServerStatistics, executor: ExecutorStatistics, lags_s: Percentiles) -> None:
        """Takes over what was counted elsewhere."""
        self._open.set(sessions.open)
        self._parked.set(sessions.parked)
        self._take_all(self._began, sessions.began)
        self._take_all(self._ended, sessions.ended)
        self._take_all(self._refused, sessions.refused)
        self._take(self._resumed, sessions.resumed)
        frames = sessions.totals.frames
        dropped = sum(frames.dropped.values())
        self._take_all(self._frames, {"answered": frames.answered, "failed": frames.failed, "dropped": dropped})
        self._take_all(self._dropped, {stage: frames.dropped.get(stage, 0) for stage in DROP_STAGES})
        self._take(self._received_bytes, sessions.totals.received_bytes)
        self._take(self._sent_bytes, sessions.totals.sent_bytes)
        self._take(self._processed, executor.processed)
        self._take(self._replaced, executor.replaced)
        self._threads.set(executor.threads)
        self._running.set(executor.running)
        self._waiting.set(executor.ready)
        self._capacity.set(0 if executor.capacity is None else executor.capacity.total)
        self._lag_max.set(lags_s.at(100) or 0)
        self._memory.set(self._process.memory_info().rss)

    def render(self, accept: str) -> tuple[bytes, str]:
        """The text, in the format that such an `Accept` header asks for, and its content type."""
        encode, content_type = choose_encoder(accept)
        directory = os.environ.get(METRICS_DIRECTORY_VARIABLE)
        if directory is None:
            return encode(self._registry), content_type
        _forget_dead(Path(directory))
        shared = CollectorRegistry()
        MultiProcessCollector(shared, directory)  # type: ignore[no-untyped-call]  # the library left the types out here
        return encode(shared), content_type

    def _open_histograms(self, registry: CollectorRegistry) -> None:
        stages = Histogram(
            "handstream_stage_seconds",
            "Time of answered frames by stage; queue and send are waits.",
            ["stage"],
            registry=registry,
            buckets=_BUCKETS_S,
        )
        self._stages = {stage: stages.labels(stage.value) for stage in SERVER_STAGES}
        self._frame = Histogram(
            "handstream_frame_seconds",
            "Time of answered frames from their arrival to their result's departure: the sum of the stages.",
            registry=registry,
            buckets=_BUCKETS_S,
        )
        self._hands = Histogram("handstream_frame_hands", "Hands found in answered frames.", registry=registry, buckets=_HANDS_BUCKETS)
        self._lag = Histogram(
            "handstream_event_loop_lag_seconds",
            "How late the event loop was at each of 20 ticks a second.",
            registry=registry,
            buckets=_BUCKETS_S,
        )

    def _open_counters(self, registry: CollectorRegistry) -> None:
        self._frames = Counter("handstream_frames", "Frames by what became of them.", ["outcome"], registry=registry)
        self._dropped = Counter("handstream_frames_dropped", "Dropped frames by the stage that dropped them.", ["stage"], registry=registry)
        self._began = Counter("handstream_sessions_began", "Sessions that began, by their way of talking.", ["way"], registry=registry)
        self._ended = Counter("handstream_sessions_ended", "Sessions that are over, by the reason.", ["reason"], registry=registry)
        self._resumed = Counter("handstream_sessions_resumed", "Sessions that were resumed on another connection.", registry=registry)
        self._refused = Counter(
            "handstream_refusals", "Connections and requests that were refused, by the reason.", ["reason"], registry=registry
        )
        self._received_bytes = Counter("handstream_received_bytes", "Bytes of messages that sessions sent.", registry=registry)
        self._sent_bytes = Counter("handstream_sent_bytes", "Bytes of messages that sessions were sent.", registry=registry)
        self._processed = Counter("handstream_executor_processed", "Frames that the threads processed.", registry=registry)
        self._replaced = Counter(
            "handstream_executor_replaced", "Frames replaced by newer ones before a thread was free.", registry=registry
        )
        for outcome in ("answered", "failed", "dropped"):
            self._frames.labels(outcome)
        for stage in DROP_STAGES:
            self._dropped.labels(stage)

    def _open_gauges(self, registry: CollectorRegistry) -> None:
        def total(name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
            return Gauge(name, text, labels, registry=registry, multiprocess_mode="livesum")

        def greatest(name: str, text: str) -> Gauge:
            return Gauge(name, text, registry=registry, multiprocess_mode="livemax")

        sessions = total("handstream_sessions", "Sessions by whether they have a connection (open) or lost it (parked).", ("state",))
        self._open, self._parked = sessions.labels("open"), sessions.labels("parked")
        self._threads = total("handstream_executor_threads", "Threads that process frames.")
        self._running = total("handstream_executor_running", "Threads that process a frame now.")
        self._waiting = total("handstream_executor_ready", "Sessions that have a frame waiting for a thread.")
        self._capacity = total("handstream_executor_capacity_frames_per_second", "Frames/s that the threads can carry; 0: not known.")
        self._memory = total("handstream_memory_resident_bytes", "Resident memory; what processes share is counted in each.")
        self._ready = total("handstream_ready_processes", "Processes whose models are loaded, so that they take sessions.")
        self._load = greatest("handstream_models_load_seconds", "Time that loading the models took.")
        self._lag_max = greatest("handstream_event_loop_lag_max_seconds", "The event loop's greatest lag of the last 10 s.")

    def _take_all(self, counter: Counter, totals: Mapping[str, float]) -> None:
        for label, total in totals.items():
            self._take(self._child(counter, label), total)

    def _child(self, counter: Counter, label: str) -> Counter:
        """The counter's part with that label. It is looked up once, as each look-up leaves a tuple more in Python's lists of free ones."""
        if (counter, label) not in self._children:
            self._children[counter, label] = counter.labels(label)
        return self._children[counter, label]

    def _take(self, counter: Counter, total: float) -> None:
        """Brings a counter to what has been counted so far."""
        counter.inc(total - self._mirrors.get(counter, 0))
        self._mirrors[counter] = total


def _forget_dead(directory: Path) -> None:
    """Leaves processes that are gone out of the gauges that are about the living."""
    for pid in {path.stem.rpartition("_")[2] for path in directory.glob("gauge_live*.db")}:
        if not psutil.pid_exists(int(pid)):
            with suppress(FileNotFoundError):  # another process did the same at this moment
                mark_process_dead(int(pid), directory)  # type: ignore[no-untyped-call]  # the same
