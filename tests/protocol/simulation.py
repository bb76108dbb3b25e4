"""A simulated client, path and server: what `FrameWindow` and `RateController` do together, in virtual time and alike in every run.

The path is that of `handstream relay` (bench/link.py with the profiles of bench/profiles.py). The server has threads, a mailbox of one
place for each session, and a work time. The page has a camera, packs one picture at a time, unpacks one at a time and shows at 60 Hz. Bytes
follow what JPEGs of six clips of hands came to (not the model in protocol/detail.py), with 8 % of variation from frame to frame.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import TYPE_CHECKING

from handstream.bench.link import Link
from handstream.protocol.advice import Advisor
from handstream.protocol.capacity import CapacityEstimate
from handstream.protocol.rate import AnsweredFrame, RateBounds, RateController, RateDecision
from handstream.protocol.turns import Turns
from handstream.protocol.window import FrameWindow

if TYPE_CHECKING:
    from collections.abc import Callable

    from handstream.bench.profiles import LinkProfile, PathProfile
    from handstream.protocol.control import Advice

REFRESH_MS = 1000 / 60
ADVICE_INTERVAL_MS = 1_000
PROBE_BYTES = 60
EARLY_SHARE = 0.6
"""As in web/src/core/throttle.ts."""

HEADER_BYTES = 350
"""A result's header and two hands."""

QUALITY_BYTES = {90: 1.755, 80: 1.25, 70: 1.0, 60: 0.868, 50: 0.783, 40: 0.703, 30: 0.624, 20: 0.529}
SCALE_BYTES = {1.0: 1.0, 0.75: 0.680, 0.5: 0.405, 0.375: 0.280, 0.25: 0.168}
"""The mean bytes of real JPEGs, relative to quality 70 at full scale."""


def jpeg_bytes(quality: int, scale: float) -> float:
    """Relative to quality 70 at full scale, interpolated between what was measured."""
    return _interpolate(QUALITY_BYTES, quality) * _interpolate(SCALE_BYTES, scale)


def _interpolate(table: dict[float, float] | dict[int, float], at: float) -> float:
    below = max((key for key in table if key <= at), default=min(table))
    above = min((key for key in table if key >= at), default=max(table))
    share = 0.0 if above == below else (at - below) / (above - below)
    return table[below] * (1 - share) + table[above] * share  # type: ignore[index]  # keys of the table itself


class Clock:
    """Virtual time, and what happens in it."""

    def __init__(self) -> None:
        self.now_ms = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._ids = count()

    def at(self, time_ms: float, call: Callable[[], None]) -> None:
        heapq.heappush(self._due, (max(time_ms, self.now_ms), next(self._ids), call))

    def after(self, span_ms: float, call: Callable[[], None]) -> None:
        self.at(self.now_ms + span_ms, call)

    def run(self, until_ms: float) -> None:
        while self._due and self._due[0][0] <= until_ms:
            self.now_ms, _, call = heapq.heappop(self._due)
            call()
        self.now_ms = until_ms


class Wire:
    """One direction of a connection: messages over a link, in order."""

    def __init__(self, clock: Clock, profile: LinkProfile, seed: str) -> None:
        self._clock = clock
        self.link = Link(profile, seed=seed, start_s=0.0)
        self._outbox: deque[int] = deque()
        self._under_way: deque[tuple[int, Callable[[], None]]] = deque()
        self._sent_bytes = self._received_bytes = 0
        self._wake_ms = math.inf

    @property
    def is_choked(self) -> bool:
        """Whether bytes wait that the link had no room for."""
        return bool(self._outbox)

    def send(self, size_bytes: int, deliver: Callable[[], None]) -> None:
        self._sent_bytes += size_bytes
        self._outbox.append(size_bytes)
        self._under_way.append((self._sent_bytes, deliver))
        self._pump()

    def stall(self, for_ms: float) -> None:
        now_s = self._clock.now_ms / 1e3
        self.link.stall(now_s, now_s + for_ms / 1e3)

    def _pump(self) -> None:
        now_s = self._clock.now_ms / 1e3
        while (data := self.link.receive(now_s)) is not None:
            self._received_bytes += len(data)
        self._fill(now_s)
        while self._under_way and self._under_way[0][0] <= self._received_bytes:
            self._under_way.popleft()[1]()
        due_s = self.link.due_s(now_s)
        if due_s is not None:
            self._wake_at(max(due_s * 1e3, self._clock.now_ms + 1e-3))

    def _fill(self, now_s: float) -> None:
        while self._outbox and (size_bytes := min(self._outbox[0], self.link.room_bytes)) > 0:
            self.link.send(bytes(size_bytes), now_s)
            self._outbox[0] -= size_bytes
            if self._outbox[0] == 0:
                self._outbox.popleft()

    def _wake_at(self, time_ms: float) -> None:
        if time_ms < self._wake_ms:
            self._wake_ms = time_ms
            self._clock.at(time_ms, self._wake)

    def _wake(self) -> None:
        self._wake_ms = math.inf
        self._pump()


@dataclass
class Job:
    """A frame on the server."""

    client: Client
    frame_id: int
    arrived_ms: float
    answer_bytes: int
    queue_ms: float = 0.0
    work_ms: float = 0.0
    left_ms: float = 0.0


class Server:
    """Threads that serve sessions in turn; of each session the newest frame waits. It advises them once a second, if it is to."""

    def __init__(self, clock: Clock, *, threads: int = 4, work_ms: float = 8.0, advises: bool = True) -> None:
        self.work_ms = work_ms
        self.received: Counter[Client] = Counter()
        self._clock = clock
        self._free = threads
        self._turns: Turns[Client] = Turns()
        self._waiting: dict[Client, Job] = {}
        self._busy: set[Client] = set()
        self._capacity = CapacityEstimate(threads)
        self._advisor: Advisor[Client] = Advisor()
        self._random = random.Random(7)
        if advises:
            clock.after(ADVICE_INTERVAL_MS, self._advise)

    def receive(self, job: Job) -> None:
        self.received[job.client] += 1
        replaced = self._waiting.get(job.client)
        if replaced is not None:
            job.client.down.send(PROBE_BYTES, lambda: job.client.dropped(replaced.frame_id))
        self._waiting[job.client] = job
        if job.client not in self._busy:
            self._turns.ask(job.client)
        self._start()

    def _start(self) -> None:
        while self._free and (client := self._turns.take()) is not None:
            job = self._waiting.pop(client)
            self._free -= 1
            self._busy.add(client)
            job.queue_ms = self._clock.now_ms - job.arrived_ms
            job.work_ms = self.work_ms * self._random.uniform(0.85, 1.25)
            self._clock.after(job.work_ms, lambda job=job: self._finish(job))  # type: ignore[misc]

    def _finish(self, job: Job) -> None:
        self._free += 1
        self._busy.discard(job.client)
        self._capacity.served(round(job.work_ms * 1e6), self._now_ns, is_full=bool(self._turns))
        if job.client in self._waiting:
            self._turns.ask(job.client)
        job.left_ms = self._clock.now_ms
        job.client.down.send(job.answer_bytes, lambda: job.client.answered(job))
        self._start()

    def _advise(self) -> None:
        for client, advice in self._advisor.advise(self.received, self._capacity.capacity(self._now_ns), self._now_ns).items():
            client.down.send(PROBE_BYTES, lambda client=client, advice=advice: client.advised(advice))  # type: ignore[misc]
        self._clock.after(ADVICE_INTERVAL_MS, self._advise)

    @property
    def _now_ns(self) -> int:
        return round(self._clock.now_ms * 1e6)


@dataclass
class Picture:
    captured_ms: float
    pack_ms: float
    sent_ms: float = 0.0
    probe_ms: float | None = None
    scale: float = 1.0


@dataclass(frozen=True)
class Shown:
    shown_ms: float
    captured_ms: float

    @property
    def age_ms(self) -> float:
        return self.shown_ms - self.captured_ms


@dataclass
class Client:
    """A page: camera, window, rate controller and screen. The parts that touch the two twins are what a real driver does."""

    clock: Clock
    server: Server
    path: PathProfile
    bounds: RateBounds
    seed: int = 0
    frame_bytes: int = 17_000
    camera_ms: float = 1001 / 30
    pack_ms: float = 3.0
    unpack_ms: float = 2.0
    is_controlled: bool = True
    window_type: type[FrameWindow] = FrameWindow
    rate_type: type[RateController] = RateController
    shown: list[Shown] = field(default_factory=list)
    queues_ms: list[tuple[float, float]] = field(default_factory=list)
    decisions: list[tuple[float, RateDecision]] = field(default_factory=list)
    most_in_flight: int = 0

    def __post_init__(self) -> None:
        self.window = self.window_type(interval_ms=self.bounds.frame_interval_ms)
        self.rate = self.rate_type(self.bounds)
        self.up = Wire(self.clock, self.path.up, f"{self.seed}/up")
        self.down = Wire(self.clock, self.path.down, f"{self.seed}/down")
        self._random = random.Random(self.seed)
        self._frame_ids = count()
        self._pending: dict[int, Picture] = {}
        self._newest_ms: float | None = None
        self._taken_ms = -math.inf
        self._scheduled_ms = -math.inf
        self._is_packing = False
        self._unpack_free_ms = 0.0
        self.clock.at(self.seed * 7.3 % self.camera_ms, self._capture)
        if self.path.stalls is not None:
            self.clock.at(self.path.stalls.every_s * 1e3, self._stall)

    __hash__ = object.__hash__

    def change_path(self, path: PathProfile) -> None:
        """The path is another one from now on."""
        for wire, profile in ((self.up, path.up), (self.down, path.down)):
            wire.link._profile = profile
            wire.link._jitter._mean_s, wire.link._jitter._step_s = profile.jitter_ms / 1e3, profile.jitter_correlation_ms / 1e3

    def stall(self, for_ms: float) -> None:
        self.up.stall(for_ms)
        self.down.stall(for_ms)

    def _stall(self) -> None:
        assert self.path.stalls is not None
        self.stall(self.path.stalls.duration_s * 1e3)
        self.clock.after(self.path.stalls.every_s * 1e3, self._stall)

    # --- out

    def _capture(self) -> None:
        self.clock.after(self.camera_ms, self._capture)
        self._newest_ms = self.clock.now_ms
        self._take()

    def _take(self) -> None:
        now_ms = self.clock.now_ms
        self.window.expire(now_ms)
        captured_ms, interval_ms = self._newest_ms, self.window.interval_ms
        not_before_ms = max(self._scheduled_ms - EARLY_SHARE * interval_ms, now_ms - 50, self._taken_ms + 1e-6)
        if self._is_packing or not self.window.may_send or captured_ms is None or captured_ms < not_before_ms:
            return
        self._taken_ms = captured_ms
        self._scheduled_ms = max(captured_ms, self._scheduled_ms) + interval_ms
        self._is_packing = True
        pack_ms = self.pack_ms * self._random.uniform(0.8, 1.3)
        self.clock.after(pack_ms, lambda: self._send(Picture(captured_ms, pack_ms)))

    def _send(self, picture: Picture) -> None:
        self._is_packing = False
        now_ms, frame_id, decision = self.clock.now_ms, next(self._frame_ids), self.rate.decision
        variation = self._random.uniform(0.92, 1.08)
        size_bytes = round(self.frame_bytes * variation * jpeg_bytes(decision.jpeg_quality, decision.scale))
        answer_bytes = HEADER_BYTES
        if self.bounds.has_picture_answers:
            answer_bytes += round(self.frame_bytes * variation * jpeg_bytes(decision.answer_quality, decision.scale))
        picture.sent_ms, picture.scale = now_ms, decision.scale
        self._pending[frame_id] = picture
        if self.is_controlled and self.rate.wants_probe(now_ms):
            pong = lambda: self.down.send(PROBE_BYTES, lambda: self._probed(picture))  # noqa: E731
            self.up.send(PROBE_BYTES, pong)
        self.window.sent(frame_id, size_bytes, now_ms)
        self.most_in_flight = max(self.most_in_flight, self.window.statistics().in_flight)
        self.up.send(size_bytes, lambda: self.server.receive(Job(self, frame_id, self.clock.now_ms, answer_bytes)))
        self._take()

    # --- in

    def _probed(self, picture: Picture) -> None:
        picture.probe_ms = self.clock.now_ms - picture.sent_ms

    def advised(self, advice: Advice) -> None:
        self.rate.advise(advice.max_frames_per_second)
        if advice.next_frame_in_ms is not None:
            self._scheduled_ms = self.clock.now_ms + advice.next_frame_in_ms + EARLY_SHARE * self.rate.decision.frame_interval_ms
        self._decided()

    def dropped(self, frame_id: int) -> None:
        if self.window.settle(frame_id, "queue", self.clock.now_ms) is not None:
            self.rate.replaced(self.clock.now_ms)
        self._decided()

    def answered(self, job: Job) -> None:
        now_ms, picture = self.clock.now_ms, self._pending.pop(job.frame_id)
        settlement = self.window.settle(job.frame_id, "answered", now_ms, queue_ms=job.queue_ms)
        if settlement is None or settlement.is_stale:
            self._take()
            return
        self.queues_ms.append((now_ms, job.queue_ms))
        network_ms = settlement.round_trip_ms - (job.left_ms - job.arrived_ms)
        self.rate.answered(
            AnsweredFrame(
                sent_ms=picture.sent_ms,
                network_ms=network_ms,
                probe_ms=picture.probe_ms,
                queue_ms=job.queue_ms,
                work_ms=job.work_ms,
                up_bytes=settlement.frame.size_bytes,
                down_bytes=job.answer_bytes,
            ),
            now_ms,
        )
        self.window.showing(job.frame_id, now_ms)
        self._unpack_free_ms = max(self._unpack_free_ms, now_ms) + self.unpack_ms
        shown_ms = math.ceil(self._unpack_free_ms / REFRESH_MS) * REFRESH_MS
        self.clock.at(shown_ms, lambda: self._show(job.frame_id, picture, now_ms))
        self._decided()

    def _show(self, frame_id: int, picture: Picture, answered_ms: float) -> None:
        now_ms = self.clock.now_ms
        self.window.shown(frame_id)
        self.shown.append(Shown(now_ms, picture.captured_ms))
        self.rate.shown(picture.pack_ms, now_ms - answered_ms, now_ms)
        self._decided()

    def _decided(self) -> None:
        if self.is_controlled:
            self.window.interval_ms = self.rate.decision.frame_interval_ms
        if not self.decisions or self.decisions[-1][1] != self.rate.decision:
            self.decisions.append((self.clock.now_ms, self.rate.decision))
        self._take()

    # --- what came of it

    def ages_ms(self, from_ms: float = 0.0, until_ms: float = math.inf) -> list[float]:
        """Of the answers, from capture to display."""
        return [shown.age_ms for shown in self.shown if from_ms <= shown.shown_ms < until_ms]

    def on_screen_ms(self, from_ms: float, until_ms: float) -> list[float]:
        """The age of what is on the screen, at each refresh."""
        ages_ms, index = [], 0
        for refresh in range(math.ceil(from_ms / REFRESH_MS), math.ceil(until_ms / REFRESH_MS)):
            now_ms = refresh * REFRESH_MS
            while index + 1 < len(self.shown) and self.shown[index + 1].shown_ms <= now_ms + 1e-6:
                index += 1
            ages_ms.append(now_ms - self.shown[index].captured_ms)
        return ages_ms

    def fps(self, from_ms: float, until_ms: float) -> float:
        return 1000 * len(self.ages_ms(from_ms, until_ms)) / (until_ms - from_ms)

    def turns(self, of: Callable[[RateDecision], float], from_ms: float = 0.0) -> int:
        """How often a figure of the decisions changed its direction."""
        values = [of(decision) for time_ms, decision in self.decisions if time_ms >= from_ms]
        moves = [after > before for before, after in pairwise(values) if after != before]
        return sum(later != earlier for earlier, later in pairwise(moves))

    def decision_at(self, time_ms: float) -> RateDecision:
        return [decision for since_ms, decision in self.decisions if since_ms <= time_ms][-1]


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, math.floor(share * len(values)))]


def one_client(path: PathProfile, seconds: float = 20, *, server: Server | None = None, **client: object) -> Client:
    """A session alone, run for so long."""
    clock = Clock() if server is None else server._clock
    bounds = client.pop("bounds", RateBounds())
    made = Client(clock, server or Server(clock), path, bounds, **client)  # type: ignore[arg-type]
    clock.run(seconds * 1e3)
    return made


__all__ = ["Client", "Clock", "Server", "Wire", "one_client", "percentile"]
