"""How often and how finely to send: `RateController` keeps the age of what is shown near its floor, within bounds that the user sets.

Theory of operation
-------------------

What is on the screen is as old as

    age = pack + propagation + bytes_up / bandwidth_up + queue + work + bytes_down / bandwidth_down + unpack + render + interval / 2

whose last term is the wait for the next frame. Sending faster and finer shrinks the last term and improves the picture until something on
the way is full; from there on a queue grows and eats the gain many times over. So full rate and full detail are held as long as nothing
is full, and the thing that is full decides what yields:

- *The server* is busy when frames wait for a thread there, when newer ones replace them, or when the work takes longer than the interval.
  Fewer frames help, smaller ones hardly: only the frame rate moves. The server sees all of its sessions, so the rate that it advises holds,
  whatever waits here show. One that advises nothing is yielded to by what is seen (protocol/load.py).
- *The page* is slow when packing a frame, or unpacking and rendering one, takes longer than the interval. Only the frame rate moves.
- *The path* is full in two ways. Its queue grows when frames come faster than it passes them on: the load, which is the transmission time
  of the fuller direction over the interval, must stay well below 1, and no queue may stand (protocol/path.py). First the frame rate
  yields. But also a path that keeps up takes its time for each byte, whatever the rate: on 5 Mbit/s a frame of 17 KB takes 27 ms, and an
  annotated answer as much again. So the transmission of a frame and its answer has a budget, a share of the propagation time: where the
  distance costs much anyway, a little more is not noticed. What is over budget goes down the ladder of protocol/detail.py: JPEG quality
  first, then resolution. It is computed and not felt for: measured bytes times measured time per byte, scaled by how the levels relate.

Each cause has a regulator of its own (protocol/regulator.py). The least of their rates is the frame rate, and its cause is the `limit` that
the page names. With all of them at the top and the ladder at its finest, nothing limits.

*No swinging.* What goes down is judged by frames that were sent after the last change. What goes up does so only where the same arithmetic
foretells that it will hold, step by step, and a step that had to be taken back makes the next one wait twice as long.

*Outage is not congestion.* A path that is away for 2 s delays the few frames that were on it; a path that is full delays all frames. The
estimates are medians and minima over more frames than are in flight, so they do not see an outage, and there is no slow start after one.
Frames that were given up are the window's matter (protocol/window.py), not this controller's.

*A longer path is not a queue.* What stands while this stream hardly loads the path is not its queue. Nor is what stays as it was although
less was sent, twice: the path has changed, its floor is learned anew, and the rate is restored.

It reads no clock: time is an argument, in ms of any one clock. The TypeScript twin is web/src/core/rate.ts; tests/vectors/rate.json
proves that both decide alike: the arithmetic is restricted to operations that IEEE 754 rounds correctly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from handstream.protocol.detail import SCALES, ladder, useful_scale
from handstream.protocol.load import PageLoad, ServerLoad
from handstream.protocol.path_load import PathLoad

__all__ = ["AnsweredFrame", "Limit", "RateBounds", "RateController", "RateDecision"]

Limit = Literal["path", "server", "page", "none"]

MIN_INTERVAL_MS = 16.0
"""As the window's: no usual screen shows more than 60 frames/s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateBounds:
    """What the user wants, and how far the controller may depart from it.

    Attributes:
        frame_interval_ms: `FRAME_THROTTLE_MS`, the least time between two frames.
        max_frame_interval_ms: The most.
        jpeg_quality: Of the frames that are sent, 1..100.
        min_jpeg_quality: The least; one above `jpeg_quality` counts as that.
        answer_quality: Of the annotated pictures that come back, 1..100.
        min_answer_quality: The least; one above `answer_quality` counts as that.
        scales: Of the captured picture's width and height, the largest first.
        has_picture_answers: Whether annotated pictures come back. If not, resolution follows need too (`see_region`).
        capture_long_side_px: The longer side of the captured picture.

    Raises:
        ValueError: One of them is out of range.
    """

    frame_interval_ms: float = 33.0
    max_frame_interval_ms: float = 1000.0
    jpeg_quality: int = 70
    min_jpeg_quality: int = 30
    answer_quality: int = 50
    min_answer_quality: int = 30
    scales: tuple[float, ...] = SCALES
    has_picture_answers: bool = False
    capture_long_side_px: int = 640

    def __post_init__(self) -> None:
        if not 0 <= self.frame_interval_ms <= self.max_frame_interval_ms < math.inf:
            raise ValueError(f"frame_interval_ms must lie in 0..{self.max_frame_interval_ms}, not be {self.frame_interval_ms}")
        for name in ("jpeg_quality", "min_jpeg_quality", "answer_quality", "min_answer_quality"):
            if not 1 <= getattr(self, name) <= 100:  # noqa: PLR2004 - the range of JPEG quality
                raise ValueError(f"{name} must lie in 1..100, not be {getattr(self, name)}")
        ladder(self.scales)

    @property
    def top_fps(self) -> float:
        """The frame rate that `frame_interval_ms` allows."""
        return 1000 / max(self.frame_interval_ms, MIN_INTERVAL_MS)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredFrame:
    """What one answered frame tells.

    Attributes:
        sent_ms: When sending it began, on the caller's clock; later changes do not concern it, though it may yet be packed and wait.
        network_ms: The time that frame and answer spent on the network: the round trip less the server's own time.
        probe_ms: The round trip of the probe that was sent right ahead of it; None if there was none, or its answer has not come.
        queue_ms: How long it waited for a thread of the server.
        work_ms: What the server did, from decode to encode.
        up_bytes: The frame's bytes.
        down_bytes: The answer's bytes.
    """

    sent_ms: float
    network_ms: float
    probe_ms: float | None
    queue_ms: float
    work_ms: float
    up_bytes: int
    down_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RateDecision:
    """How to send from now on.

    Attributes:
        frame_interval_ms: The least time between two frames, on average.
        jpeg_quality: Of the frames that are sent, 1..100.
        answer_quality: To ask of the server for annotated pictures, 1..100.
        scale: Of the captured picture's width and height.
        limit: What limits now.
        reason: That in a sentence for the user.
    """

    frame_interval_ms: float
    jpeg_quality: int
    answer_quality: int
    scale: float
    limit: Limit
    reason: str


class RateController:
    """Decides how often and how finely one stream is sent. Not thread-safe.

    Attributes:
        decision: How to send from now on; the same object until it changes.
    """

    def __init__(self, bounds: RateBounds) -> None:
        self._bounds = bounds
        self._path = PathLoad(bounds)
        self._server = ServerLoad(bounds.top_fps)
        self._page = PageLoad(bounds.top_fps)
        self._advised_fps = math.inf
        self.decision = self._decide()

    def set_bounds(self, bounds: RateBounds, now_ms: float) -> None:
        """The user wants something else."""
        self._bounds = bounds
        self._path.set_bounds(bounds, now_ms)
        for regulator in (self._server.regulator, self._page.regulator):
            regulator.set_top(bounds.top_fps)
        self._renew()

    def wants_probe(self, now_ms: float) -> bool:
        """Whether to send a probe right ahead of the frame that is about to be sent. If yes, it counts as sent."""
        return self._path.wants_probe(now_ms)

    def answered(self, frame: AnsweredFrame, now_ms: float) -> None:
        """A frame was answered in time."""
        self._path.answered(frame, now_ms)
        self._server.answered(frame, now_ms)
        self._renew()

    def replaced(self, now_ms: float) -> None:
        """The server dropped a frame at `queue`: a newer one replaced it there."""
        self._server.replaced(now_ms)
        self._renew()

    def shown(self, pack_ms: float, show_ms: float, now_ms: float) -> None:
        """A frame is on the screen.

        Args:
            pack_ms: What it took to pack it.
            show_ms: What it took to unpack and render its answer.
            now_ms: Now.
        """
        self._page.shown(pack_ms, show_ms, now_ms)
        self._renew()

    def advise(self, max_fps: float | None) -> None:
        """The server advises to send no more than so many frames a second, or no longer advises anything."""
        self._advised_fps = math.inf if max_fps is None else max(0.0, max_fps)
        self._renew()

    def see_region(self, region_share: float | None, now_ms: float) -> None:
        """An answer tells what the networks look at. Resolution follows it where no picture comes back.

        Args:
            region_share: The side of the hand's region of interest as a share of the frame's longer side, of the smallest hand if there are
                more; None if there is none. A hand that is still to be found may be a small one, so all pixels are of use then.
            now_ms: Now.
        """
        bounds, cap = self._bounds, self._bounds.scales[0]
        if region_share is not None and not bounds.has_picture_answers:
            cap = useful_scale(region_share, bounds.capture_long_side_px, self._path.scale_cap, bounds.scales)
        self._path.set_cap(cap, now_ms)
        self._renew()

    def _renew(self) -> None:
        decision = self._decide()
        if decision != self.decision:
            self.decision = decision

    def _decide(self) -> RateDecision:
        fps, limit = self._slowest()
        quality, answer_quality, scale = self._path.settings_at(self._path.level)
        interval_ms = self._bounds.frame_interval_ms if fps >= self._bounds.top_fps else 1000 / max(fps, 0.001)
        return RateDecision(
            frame_interval_ms=min(max(interval_ms, self._bounds.frame_interval_ms), self._bounds.max_frame_interval_ms),
            jpeg_quality=quality,
            answer_quality=answer_quality,
            scale=scale,
            limit=limit,
            reason=self._reason(limit),
        )

    def _slowest(self) -> tuple[float, Limit]:
        rates: tuple[tuple[float, Limit], ...] = (
            (self._path.regulator.fps, "path"),
            (self._server.regulator.fps if self._advised_fps == math.inf else self._advised_fps, "server"),
            (self._page.regulator.fps, "page"),
        )
        fps, limit = min(rates, key=lambda rate: rate[0])
        if fps >= self._bounds.top_fps:
            return fps, "path" if self._path.is_coarse else "none"
        return fps, limit

    def _reason(self, limit: Limit) -> str:
        if limit == "path":
            bytes_ms, floor_ms = _whole(self._path.transmission_ms), _whole(self._path.path.floor_ms or 0.0)
            return f"The network limits: its round trip is {floor_ms} ms, and a frame's bytes add {bytes_ms} ms."
        if limit == "server":
            return self._server_reason()
        if limit == "page":
            busy_ms = _whole(self._page.busy_ms)
            if self._page.bears(self._bounds.top_fps):
                return f"This page was slow: it needs {busy_ms} ms for a frame now, and the rate rises again."
            return f"This page limits: it needs {busy_ms} ms for a frame."
        return "Nothing limits: frames are sent as often and as finely as was asked for."

    def _server_reason(self) -> str:
        if self._advised_fps < math.inf:
            return f"The server limits: it has many sessions, and advises {_whole(self._advised_fps)} frames/s to this one."
        queue_ms, work_ms = _whole(self._server.queue_ms), _whole(self._server.work_ms)
        if self._server.bears(self._bounds.top_fps):
            return f"The server was busy: a frame waits {queue_ms} ms and is worked on for {work_ms} ms now, and the rate rises again."
        return f"The server limits: a frame waits {queue_ms} ms there and is worked on for {work_ms} ms."


def _whole(value_ms: float) -> int:
    return math.floor(value_ms + 0.5)
