"""What a frame costs at the least: `KernelTimer` times the bare kernels (decoding, one inference of the landmark network, encoding).

The kernels get the conditions of a server's sessions, so that the ratio of the two says what everything else costs. They run in a process
of their own, which sleeps between two frames: caches go cold and the clock slows down as they do there. Each session is a thread, its
frames are due when those of a `Load` are, and show the same pictures, so that as many meet. The pictures are decoded as large as the server
needs them, and have one hand in view, so that a frame needs one inference. An inference spreads over threads where the engine's would: if
its session is the only one, and `Spreading` has measured in this process that it pays.

Nothing else is done for the kernels: no crop is cut, no hand is drawn, nothing is searched, and no message comes or goes.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import simplejpeg

from handstream.bench.load import PHASE_PICTURES, phase
from handstream.bench.worker import Worker
from handstream.pipeline import FramePipeline
from handstream.processors import usable_cpus
from handstream.protocol.detail import useful_long_side_px
from handstream.protocol.settings import SessionSettings
from handstream.vision.codec import decode, probe
from handstream.vision.engines import open_engine
from handstream.vision.engines.compiled import CompiledNetwork, Layout, open_core
from handstream.vision.engines.networks import ALONE_THREADS, LANDMARK_SHAPE
from handstream.vision.engines.precision import arithmetic
from handstream.vision.models import find_models
from handstream.vision.spreading import TRIAL_PICTURES, Spreading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from handstream.frames import Output
    from handstream.vision.engines import Precision

__all__ = ["KERNELS", "KernelTimer", "KernelTimes", "decoded_sizes"]

KERNELS = ("decode", "network", "encode")
"""In the order in which a frame needs them."""

KernelTimes = dict[str, list[float]]
"""The time of each kernel for each frame, in ms."""

_WARM_UP_FRAMES = 2 * TRIAL_PICTURES + 6
"""Until the layout is chosen, and some more."""

_TIMEOUT_S = 60.0


class KernelTimer:
    """A process that times kernels. A context manager; its end kills the process."""

    def __init__(self, pictures: Sequence[bytes], output: Output, precision: Precision) -> None:
        """Starts nothing yet.

        Args:
            pictures: The JPEGs to decode, each with one hand in view.
            output: What sessions ask for. Without a picture a server decodes no more than it needs, and encodes nothing.
            precision: What the server's networks compute in.
        """
        self._pictures = pictures
        self._output = output
        self._precision: Precision = precision

    def __enter__(self) -> Self:
        self._worker = Worker(_prepare, list(self._pictures), self._output, self._precision)
        self._worker.result(_TIMEOUT_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.close()

    def run(self, sessions: int, frames_per_second: float, seconds: float) -> KernelTimes:
        """The times of all frames of that many sessions at once. Blocks for that long and the warm-up.

        Raises:
            HandstreamError: The models cannot be had, or the process was ended.
        """
        self._worker.start(_time_kernels, sessions, frames_per_second, seconds)
        times: KernelTimes = self._worker.result(_TIMEOUT_S + seconds)
        return times


def decoded_sizes(pictures: Sequence[bytes], output: Output) -> list[tuple[int, int]]:
    """Height and width in pixels that a server decodes each picture to, once it follows the hand in them. Blocks; tracks if it must."""
    if output.has_image:
        return [probe(picture).upright_wh[::-1] for picture in pictures]
    with open_engine("openvino") as engine, FramePipeline(engine) as pipeline:
        shares = [pipeline.process_frame(picture, SessionSettings(output=output)).region_share for picture in pictures]
    # The region of one picture decides about the next. The last is followed by the first.
    before = [shares[-1], *shares[:-1]]
    return [_decoded_size(picture, share) for picture, share in zip(pictures, before, strict=True)]


def _decoded_size(picture: bytes, region_share: float | None) -> tuple[int, int]:
    return decode(picture, max_pixels=probe(picture).pixels, least_long_side_px=useful_long_side_px(region_share)).shape[:2]


# --- in the process


@dataclass(frozen=True, slots=True)
class _Kernels:
    """What the process has made ready. The networks are compiled once: a new one would begin with cold weights in each run."""

    pictures: list[bytes]
    sizes: list[tuple[int, int]]
    output: Output
    alone: CompiledNetwork
    narrow: CompiledNetwork
    spreading: Spreading

    @contextmanager
    def network(self, sessions: int) -> Iterator[CompiledNetwork]:
        """The layout that the engine would choose for a frame among so many sessions."""
        if sessions > 1:
            yield self.narrow
            return
        with self.spreading.inference() as spreads:
            yield self.alone if spreads else self.narrow

    def one_frame(self, number: int, sessions: int) -> tuple[float, float, float]:
        """The time of each kernel for that picture in the round, in ms."""
        number %= len(self.pictures)
        height_px, width_px = self.sizes[number]
        factor = probe(self.pictures[number]).height_px // height_px
        start_ns = time.perf_counter_ns()
        rgb = simplejpeg.decode_jpeg(self.pictures[number], colorspace="RGB", min_height=height_px, min_width=width_px, min_factor=factor)
        decoded_ns = time.perf_counter_ns()
        with self.network(sessions) as network, network.request() as request:
            np.copyto(request.input, 127)
            inferring_ns = time.perf_counter_ns()
            request.run()
            inferred_ns = time.perf_counter_ns()
        encoding_ns = time.perf_counter_ns()
        if self.output.has_image:
            simplejpeg.encode_jpeg(rgb, quality=SessionSettings().jpeg_quality, colorspace="RGB", colorsubsampling="420")
        encoded_ns = time.perf_counter_ns()
        return (decoded_ns - start_ns) / 1e6, (inferred_ns - inferring_ns) / 1e6, (encoded_ns - encoding_ns) / 1e6


_ready: list[_Kernels] = []


def _prepare(pictures: list[bytes], output: Output, precision: Precision) -> None:
    core, cores, landmark = open_core(), usable_cpus(), arithmetic(precision).landmark
    alone, narrow = (
        CompiledNetwork(core, find_models(0).landmark, LANDMARK_SHAPE, layout, landmark)
        for layout in (Layout(1, min(ALONE_THREADS, cores)), Layout(cores, 1))
    )
    _ready.append(_Kernels(pictures, decoded_sizes(pictures, output), output, alone, narrow, Spreading()))


def _time_kernels(sessions: int, frames_per_second: float, seconds: float) -> KernelTimes:
    kernels = _ready[0]
    times: KernelTimes = {kernel: [] for kernel in KERNELS}
    begin_ns = time.monotonic_ns()
    frames = _WARM_UP_FRAMES + round(seconds * frames_per_second)

    def follow(number: int) -> None:
        for frame in range(frames):
            due_ns = begin_ns + round((frame + phase(number)) * 1e9 / frames_per_second)
            time.sleep(max(0.0, (due_ns - time.monotonic_ns()) / 1e9))
            spans_ms = kernels.one_frame(number * PHASE_PICTURES + frame, sessions)
            if frame >= _WARM_UP_FRAMES:
                for kernel, span_ms in zip(KERNELS, spans_ms, strict=True):
                    times[kernel].append(span_ms)

    threads = [threading.Thread(target=follow, args=(number,)) for number in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times
