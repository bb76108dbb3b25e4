"""What our engine adds around its networks: `overhead_ms`, the time of a hand-frame less that of the inference in it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from handstream.vision.engines.compiled import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.engine_comparison.contenders import Contender
    from benchmarks.engine_comparison.scenes import Scene

    from handstream.vision.engines import TrackerOptions

__all__ = ["overhead_ms"]

WARM_UP_FRAMES = 10


def overhead_ms(contender: Contender, scene: Scene, options: TrackerOptions) -> list[float]:
    """For each frame after the warm-up: warp, decoding of the outputs, tracker and Python, in milliseconds. One hand, maximum one."""
    session = contender.open(options)
    times_ms = []
    with _timed_inference() as inference_ns:
        for rgb in scene.frames():
            inference_ns.clear()
            start_ns = time.perf_counter_ns()
            session.process(rgb)
            times_ms.append((time.perf_counter_ns() - start_ns - int(np.sum(inference_ns))) / 1e6)
    session.close()
    return times_ms[WARM_UP_FRAMES:]


@contextmanager
def _timed_inference() -> Iterator[list[int]]:
    """A list that every `Request.run` adds its nanoseconds to; within, all inferences must run on the thread that waits for them."""
    spans_ns: list[int] = []
    run = Request.run

    def timed_run(self: Request) -> None:
        start_ns = time.perf_counter_ns()
        run(self)
        spans_ns.append(time.perf_counter_ns() - start_ns)

    Request.run = timed_run  # type: ignore[method-assign]  # restored below
    try:
        yield spans_ns
    finally:
        Request.run = run  # type: ignore[method-assign]
