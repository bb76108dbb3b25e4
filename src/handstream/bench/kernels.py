"""What a frame costs at the least: `KernelTimer` times the bare kernels (decoding, one inference of the landmark network, encoding).

They run at the same rate and in as many threads at once as there are sessions, in the layout that the engine would choose: between two
frames caches go cold and the clock slows down as they do on a server, and several at once share the cores as its sessions do.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

import numpy as np
import simplejpeg

from handstream.bench.worker import Worker
from handstream.vision.engines.compiled import CompiledNetwork, Layout, available_cores, open_core
from handstream.vision.engines.networks import ALONE_THREADS, LANDMARK_SHAPE
from handstream.vision.models import find_models

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["KERNELS", "KernelTimer", "KernelTimes"]

KERNELS = ("decode", "network", "encode")
"""In the order in which a frame needs them."""

KernelTimes = dict[str, list[float]]
"""The time of each kernel for each frame, in ms."""

_ANSWER_QUALITY = 50
"""What the server encodes at by default."""

_WARM_UP_FRAMES = 15
_TIMEOUT_S = 60.0


class KernelTimer:
    """A process that times kernels. A context manager; its end kills the process."""

    def __init__(self, pictures: Sequence[bytes]) -> None:
        """Starts nothing yet.

        Args:
            pictures: The JPEGs to decode.
        """
        self._pictures = pictures

    def __enter__(self) -> Self:
        self._worker = Worker(_prepare, list(self._pictures))
        self._worker.result(_TIMEOUT_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.close()

    def run(self, sessions: int, frames_per_second: float, seconds: float) -> KernelTimes:
        """The times of all frames of that many sessions at once. Blocks for that long.

        Raises:
            HandstreamError: The models cannot be had, or the process was ended.
        """
        self._worker.start(_time_kernels, sessions, frames_per_second, seconds)
        times: KernelTimes = self._worker.result(_TIMEOUT_S + seconds)
        return times


# --- in the process

_pictures: list[bytes] = []


def _prepare(pictures: list[bytes]) -> None:
    _pictures.extend(pictures)


def _time_kernels(sessions: int, frames_per_second: float, seconds: float) -> KernelTimes:
    cores = available_cores()
    layout = Layout(1, min(ALONE_THREADS, cores)) if sessions == 1 else Layout(cores, 1)
    network = CompiledNetwork(open_core(), find_models(0).landmark, LANDMARK_SHAPE, layout, "f32")
    times: KernelTimes = {kernel: [] for kernel in KERNELS}
    begin_ns = time.monotonic_ns()
    frames = _WARM_UP_FRAMES + round(seconds * frames_per_second)

    def follow(number: int) -> None:
        for frame in range(frames):
            due_ns = begin_ns + round((frame + number / sessions) * 1e9 / frames_per_second)
            time.sleep(max(0.0, (due_ns - time.monotonic_ns()) / 1e9))
            spans_ms = _one_frame(network, _pictures[frame % len(_pictures)])
            if frame >= _WARM_UP_FRAMES:
                for kernel, span_ms in zip(KERNELS, spans_ms, strict=True):
                    times[kernel].append(span_ms)

    threads = [threading.Thread(target=follow, args=(number,)) for number in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _one_frame(network: CompiledNetwork, picture: bytes) -> tuple[float, float, float]:
    """The time of each kernel, in ms."""
    start_ns = time.perf_counter_ns()
    rgb = simplejpeg.decode_jpeg(picture, colorspace="RGB")
    decoded_ns = time.perf_counter_ns()
    with network.request() as request:
        np.copyto(request.input, 127)
        inferring_ns = time.perf_counter_ns()
        request.run()
        inferred_ns = time.perf_counter_ns()
    simplejpeg.encode_jpeg(rgb, quality=_ANSWER_QUALITY, colorspace="RGB", colorsubsampling="420")
    return (decoded_ns - start_ns) / 1e6, (inferred_ns - inferring_ns) / 1e6, (time.perf_counter_ns() - inferred_ns) / 1e6
