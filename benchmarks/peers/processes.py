"""Starts, watches and ends the processes of one run, by their ids alone: `serving`, `Sampler` and `end`."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import psutil
from benchmarks.environments import ROOT

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["Sample", "Sampler", "end", "last_words", "serving", "start"]

_SAMPLE_INTERVAL_S = 0.2
_START_TIMEOUT_S = 40
_END_TIMEOUT_S = 3
_LAST_WORDS = 300


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
        self._root = psutil.Process(process_id)
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
        for process in _family(self._root):
            with suppress(psutil.NoSuchProcess), process.oneshot():
                times = process.cpu_times()
                cpu_s += times.user + times.system
                resident_mib += process.memory_info().rss / 2**20
        machine = psutil.cpu_times()
        busy_s = machine.user + machine.system + machine.nice
        return Sample(time.perf_counter(), cpu_s, resident_mib, busy_s, getattr(machine, "steal", 0.0))


def start(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Starts a process in the checkout's root, so that it finds `benchmarks`; what it says goes into the log."""
    with log.open("wb") as output:
        return subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, env=os.environ | {"GLOG_minloglevel": "2"})


def end(process: subprocess.Popen[bytes]) -> None:
    """Asks a process and its descendants to end, and insists after 3 s."""
    with suppress(psutil.NoSuchProcess):
        family = _family(psutil.Process(process.pid))
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.terminate()
        for member in psutil.wait_procs(family, timeout=_END_TIMEOUT_S)[1]:
            with suppress(psutil.NoSuchProcess):
                member.kill()
    process.wait()


@contextmanager
def serving(command: Sequence[str], log: Path) -> Iterator[tuple[str, int]]:
    """A server, from when it can track until the block ends: the address that it printed, and its process id.

    Raises:
        HandstreamError: It ended, or was not ready within 40 s; the text quotes its last words.
    """
    process = start(command, log)
    try:
        deadline_s = time.monotonic() + _START_TIMEOUT_S
        while (url := _printed_address(log)) is None:
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise HandstreamError(f"the server did not start: {last_words(log)}")
            time.sleep(0.05)
        yield url, process.pid
    finally:
        end(process)


def last_words(log: Path) -> str:
    """What a process said last, in one line."""
    return " ".join(log.read_text(errors="replace").split())[-_LAST_WORDS:] or "it said nothing"


def _printed_address(log: Path) -> str | None:
    """The first address in whole lines of the log."""
    lines = log.read_text(errors="replace").rpartition("\n")[0]
    return next((word for word in lines.split() if word.startswith(("http://", "ws://"))), None)


def _family(root: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return [root, *root.children(recursive=True)]
    return []
