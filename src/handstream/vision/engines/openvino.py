"""The project's own engine: MediaPipe's hand graph on OpenVINO. `OpenVINOEngine` opens trackers.

All trackers of an engine share its networks, and so its weights, compiled models, buffers and threads; a tracker itself is a `HandGraph`,
a few hundred bytes a hand.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from handstream.processors import usable_cpus
from handstream.vision.engines.networks import OpenVINONetworks
from handstream.vision.occupancy import Occupancy
from handstream.vision.tracker import SEARCH_INTERVAL_MS, HandGraph, Search

if TYPE_CHECKING:
    from pathlib import Path

    from handstream.vision.engines import Precision, TrackerOptions
    from handstream.vision.search import SearchStatistics
    from handstream.vision.smoothing import Smoothing

__all__ = ["OpenVINOEngine"]


CORES_PER_SEARCH = 4
"""For this many cores one search beside runs at a time, so that searching never takes more than a quarter of the machine."""


class OpenVINOEngine:
    """Opens trackers over shared networks. Safe to use from many threads.

    Args:
        threads: The most threads for one picture; None decides by the load, see `handstream.vision.occupancy`.
        at_once: The most pictures that are processed at the same time, each of which has 18 MB of each network; None is one for each core.
            More than that wait for each other.
        models: A folder or a `.task` bundle to take the models from; None for the cache, which is filled when it is empty.
        precision: `f32`, or `auto` for less where the processor has instructions for it and parity holds.
    """

    name = "openvino"

    def __init__(
        self, *, threads: int | None = None, at_once: int | None = None, models: Path | None = None, precision: Precision = "f32"
    ) -> None:
        self._threads = threads
        self._at_once = at_once
        self._models = models
        self._precision: Precision = precision
        self._lock = threading.Lock()
        self._networks: dict[int, OpenVINONetworks] = {}
        cores = usable_cpus()
        self._occupancy = Occupancy(min(at_once or cores, cores))
        self._closed = False

    def open_tracker(
        self,
        options: TrackerOptions,
        *,
        search: Search = Search.BACKGROUND,
        search_interval_ms: float = SEARCH_INTERVAL_MS,
        smoothing: Smoothing | None = None,
    ) -> HandGraph:
        """A tracker for one session. Blocks while its networks are compiled, which happens once for each model complexity.

        Args:
            options: What is asked for.
            search: How further hands are looked for while one is followed.
            search_interval_ms: The least time between two searches beside.
            smoothing: The filter over the landmarks; None for none.

        Raises:
            HandstreamError: The models cannot be had.
            RuntimeError: The engine was closed.
        """
        networks = self._networks_for(options.model_complexity)
        return HandGraph(networks, options, search=search, search_interval_ms=search_interval_ms, smoothing=smoothing)

    def statistics(self, model_complexity: int = 0) -> SearchStatistics:
        """How the searches beside of that model fare. Blocks while its networks are compiled.

        Raises:
            HandstreamError: The models cannot be had.
            RuntimeError: The engine was closed.
        """
        return self._networks_for(model_complexity).statistics()

    def close(self) -> None:
        """Lets go of the networks. Trackers that are still open refuse further pictures."""
        with self._lock:
            self._closed = True
            for networks in self._networks.values():
                networks.close()
            self._networks.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _networks_for(self, model_complexity: int) -> OpenVINONetworks:
        with self._lock:
            if self._closed:
                raise RuntimeError("The engine was closed")
            if model_complexity not in self._networks:
                self._networks[model_complexity] = OpenVINONetworks(
                    model_complexity,
                    self._occupancy,
                    max(1, usable_cpus() // CORES_PER_SEARCH),
                    threads=self._threads,
                    at_once=self._at_once,
                    models=self._models,
                    precision=self._precision,
                )
            return self._networks[model_complexity]
