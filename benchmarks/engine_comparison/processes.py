"""What a process of its own tells: memory for many sessions, and the time to the first result. `memory` and `first_result`.

Run as a module it is the measured process: `python -m benchmarks.engine_comparison.processes memory CONTENDER SESSIONS`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from benchmarks.engine_comparison.contenders import contender
from benchmarks.engine_comparison.scenes import scenes

from handstream.vision.engines import TrackerOptions

if TYPE_CHECKING:
    import numpy as np
    from benchmarks.engine_comparison.contenders import Contender, Session
    from numpy.typing import NDArray

__all__ = ["FirstResult", "Memory", "first_result", "memory"]

ROOT = Path(__file__).parents[2]
FRAMES_EACH = 3
"""Pictures that each session processes before it idles: enough for it to make what it keeps."""

FIRST_ROUNDS = 20
"""How often the first session processes them: an engine then has all that it makes once for all sessions, and only they are counted."""

SETTLE_S = 2.0
"""Before memory is read: what an engine makes ready in the background is done by then."""

MEMORY_SHARE = 0.5
"""A measurement that would take more than this share of the free memory is left out."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of a process with that many open sessions, in MiB; `added` is what they add to the first one."""

    contender: str
    sessions: int
    total_mib: float
    added_mib: float


@dataclass(frozen=True, slots=True)
class FirstResult:
    """From nothing loaded to the first result, in a new process: the engine's library, its models, one frame; files are cached."""

    contender: str
    first_result_ms: float


def memory(name: str, session_counts: tuple[int, ...]) -> list[Memory]:
    """One process for each count, in order; counts that would not fit into memory are left out. Blocks."""
    measured: list[Memory] = []
    for count in session_counts:
        expected_mib = measured[-1].added_mib * count / max(measured[-1].sessions - 1, 1) if measured else 0.0
        if expected_mib * 2**20 > MEMORY_SHARE * psutil.virtual_memory().available:
            break
        total_mib, added_mib = _in_process("memory", name, str(count))
        measured.append(Memory(name, count, total_mib, added_mib))
    return measured


def first_result(name: str) -> FirstResult:
    """The second of two processes, so that the caches are warm. Blocks."""
    _in_process("start", name)
    (first_result_ms,) = _in_process("start", name)
    return FirstResult(name, first_result_ms)


def _in_process(*arguments: str) -> list[float]:
    command = [sys.executable, "-m", "benchmarks.engine_comparison.processes", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed: {done.stderr[-2000:]}")
    values: list[float] = json.loads(done.stdout.splitlines()[-1])
    return values


def _measure_memory(name: str, count: int) -> list[float]:
    opened = contender(name)
    frames = list(scenes(None, FRAMES_EACH)[0].frames())
    sessions = [_session_after(opened, frames * FIRST_ROUNDS)]
    time.sleep(SETTLE_S)
    first_mib = _resident_mib()
    sessions += [_session_after(opened, frames) for _ in range(count - 1)]
    time.sleep(SETTLE_S)
    total_mib = _resident_mib()
    for session in sessions:
        session.close()
    return [total_mib, total_mib - first_mib]


def _session_after(contender: Contender, frames: list[NDArray[np.uint8]]) -> Session:
    """A session that has processed these frames."""
    session = contender.open(TrackerOptions())
    for frame in frames:
        session.process(frame)
    return session


def _resident_mib() -> float:
    return psutil.Process().memory_info().rss / 2**20


def _measure_start(name: str) -> list[float]:
    frame = next(iter(scenes(None, 1)[0].frames()))
    start_ns = time.perf_counter_ns()
    contender(name).open(TrackerOptions()).process(frame)
    return [(time.perf_counter_ns() - start_ns) / 1e6]


if __name__ == "__main__":
    kind, contender_name, *rest = sys.argv[1:]
    print(json.dumps(_measure_memory(contender_name, int(rest[0])) if kind == "memory" else _measure_start(contender_name)), flush=True)
