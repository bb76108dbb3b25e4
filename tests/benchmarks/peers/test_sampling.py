"""What processes use is sampled while they run."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from benchmarks.peers.sampling import Sampler

from handstream.bench.processes import end, start

if TYPE_CHECKING:
    from pathlib import Path


def test_samples_grow_with_what_a_process_and_its_children_do(tmp_path: Path) -> None:
    busy = "\nwhile True: pass"
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {busy!r}])\nimport time; time.sleep(60)"
    process = start([sys.executable, "-c", code], tmp_path / "log")
    try:
        with Sampler(process.pid) as sampler:
            deadline_s = time.monotonic() + 20
            while sampler.samples[-1].cpu_s < sampler.samples[0].cpu_s + 0.2 and time.monotonic() < deadline_s:
                time.sleep(0.05)
    finally:
        end(process)
    first, *_, last = sampler.samples
    assert last.cpu_s > first.cpu_s + 0.1
    assert last.machine_cpu_s > first.machine_cpu_s
    assert last.resident_mib > 1
    assert last.at_s > first.at_s
