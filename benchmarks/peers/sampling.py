"""What a process and those that it has started use, while they run: `Sampler` takes a `Sample` every 0.2 s."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

import psutil

from handstream.bench.processes import family

__all__ = ["Sample", "Sampler"]

_SAMPLE_INTERVAL_S = 0.2


@dataclass(frozen=True, slots=True)
class Sample:
    """The watched processes and the machine at one moment; processor times are totals in seconds.

    Attributes:
        at_s: When, `time.perf_counter()`.
        cpu_s: Of the processes, user and system.
        resident_mib: Their resident memory.
        machine_cpu_s: Of all processes of the machine.
        stolen_s: What other virtual machines took from this one.
    """

    at_s: float
    cpu_s: float
    resident_mib: float
    machine_cpu_s: float
    stolen_s: float


class Sampler:
    """Takes a sample of a process and its descendants every 0.2 s, on a thread, while it is used as a context."""

    def __init__(self, process_id: int) -> None:
        self.samples: list[Sample] = []
        self._process_id = process_id
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self.samples.append(self._sample())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_SAMPLE_INTERVAL_S):
            self.samples.append(self._sample())

    def _sample(self) -> Sample:
        cpu_s = resident_mib = 0.0
        for process in family(self._process_id):
            with suppress(psutil.NoSuchProcess), process.oneshot():
                times = process.cpu_times()
                cpu_s += times.user + times.system
                resident_mib += process.memory_info().rss / 2**20
        machine = psutil.cpu_times()
        busy_s = machine.user + machine.system + machine.nice
        return Sample(time.perf_counter(), cpu_s, resident_mib, busy_s, getattr(machine, "steal", 0.0))
