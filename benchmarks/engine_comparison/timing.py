"""Shows a scene to every contender in alternating blocks and takes the time and the processor time of each frame: `run_scene`."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.engine_comparison.agreement import sightings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.engine_comparison.agreement import Sighting
    from benchmarks.engine_comparison.contenders import Contender, Session
    from benchmarks.engine_comparison.scenes import Scene
    from numpy.typing import NDArray

    from handstream.vision.engines import TrackerOptions

__all__ = ["Run", "run_scene"]

BLOCK_FRAMES = 30
FRAME_INTERVAL_S = 1 / 30
"""Frames come at the rate of a camera: what an engine does beside them, at a rate by the clock, then costs what it costs in use."""

BACK_TO_BACK_FRAMES = 4 * BLOCK_FRAMES
"""Of each scene, shown once more without a pause: what the engine takes where neither threads nor caches sleep."""

SETTLE_S = 0.05
"""After each block, so that work begun beside it is counted to it and not to the next contender."""

WARM_UP_FRAMES = 10
"""Not timed: buffers are made, and the palm detector looks for the first hand."""


@dataclass(slots=True)
class Run:
    """One contender on one scene.

    Attributes:
        times_ms: Of each frame's `process` after the warm-up.
        back_to_back_ms: Likewise, of frames that came without a pause.
        cpu_ms: Processor time of all blocks of frames that came at a camera's rate, all threads.
        hands: What was found, by frame, duplicates and all.
    """

    times_ms: list[float] = field(default_factory=list)
    back_to_back_ms: list[float] = field(default_factory=list)
    cpu_ms: float = 0.0
    hands: list[list[Sighting]] = field(default_factory=list)

    def percentile_ms(self, percent: float) -> float:
        """That percentile of the frames' times."""
        return float(np.percentile(self.times_ms, percent))

    @property
    def cpu_frame_ms(self) -> float:
        """Processor time a frame."""
        return self.cpu_ms / max(len(self.hands), 1)


def run_scene(scene: Scene, contenders: Sequence[Contender], options: TrackerOptions) -> dict[str, Run]:
    """Each contender follows the whole scene with one session, and its beginning with a second one back to back. Blocks."""
    runs = {contender.name: Run() for contender in contenders}
    _take_turns(contenders, options, scene.frames(), lambda session, block, name: _run_block(session, block, runs[name]))
    beginning = itertools.islice(scene.frames(), BACK_TO_BACK_FRAMES)
    _take_turns(contenders, options, beginning, lambda session, block, name: _run_back_to_back(session, block, runs[name]))
    return runs


def _take_turns(
    contenders: Sequence[Contender],
    options: TrackerOptions,
    frames: Iterator[NDArray[np.uint8]],
    show: Callable[[Session, list[NDArray[np.uint8]], str], None],
) -> None:
    """Shows the frames to a session of each contender, in turns block by block, and at going first."""
    sessions = {contender.name: contender.open(options) for contender in contenders}
    for number in itertools.count():
        block = list(itertools.islice(frames, BLOCK_FRAMES))
        if not block:
            break
        turn = number % len(contenders)
        for contender in [*contenders[turn:], *contenders[:turn]]:
            show(sessions[contender.name], block, contender.name)
    for session in sessions.values():
        session.close()


def _run_back_to_back(session: Session, block: list[NDArray[np.uint8]], run: Run) -> None:
    is_first = not run.back_to_back_ms
    run.back_to_back_ms += [_process(session, rgb)[1] for rgb in block]
    if is_first:
        del run.back_to_back_ms[:WARM_UP_FRAMES]


def _process(session: Session, rgb: NDArray[np.uint8]) -> tuple[Any, float]:
    """The session's result for a picture that was written just before, as a camera's or a decoder's is, and the milliseconds it took."""
    written = rgb.copy()
    start_ns = time.perf_counter_ns()
    result = session.process(written)
    return result, (time.perf_counter_ns() - start_ns) / 1e6


def _run_block(session: Session, block: list[NDArray[np.uint8]], run: Run) -> None:
    cpu_start_ns, due_s = time.process_time_ns(), time.monotonic()
    results = []
    for rgb in block:
        time.sleep(max(0.0, due_s - time.monotonic()))
        result, time_ms = _process(session, rgb)
        results.append(result)
        run.times_ms.append(time_ms)
        due_s += FRAME_INTERVAL_S
    time.sleep(SETTLE_S)
    run.cpu_ms += (time.process_time_ns() - cpu_start_ns) / 1e6
    if not run.hands:
        del run.times_ms[:WARM_UP_FRAMES]
    run.hands += [sightings(session.hands(result), (rgb.shape[1], rgb.shape[0])) for result, rgb in zip(results, block, strict=True)]
