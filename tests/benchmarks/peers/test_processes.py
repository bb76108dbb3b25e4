"""Servers are started, watched and ended, also those that misbehave."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest
from benchmarks.peers.processes import Sampler, end, serving, start

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from pathlib import Path

SERVES = "import time; print('a word', flush=True); print('Open http://127.0.0.1:1234 (Ctrl-C)', flush=True); time.sleep(60)"
HAS_A_CHILD = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); {SERVES}"
IGNORES_TERM = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SERVES}"
DIES = "raise SystemExit('no engine here')"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_server_is_met_at_the_address_that_it_prints_and_ended(tmp_path: Path) -> None:
    with serving(python(SERVES), tmp_path / "log") as (url, process_id):
        assert url == "http://127.0.0.1:1234"
        assert psutil.pid_exists(process_id)
    assert not psutil.pid_exists(process_id)


def test_a_server_that_dies_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(HandstreamError, match="did not start: no engine here"), serving(python(DIES), tmp_path / "log"):
        pytest.fail("there is no server")


def test_children_are_ended_too(tmp_path: Path) -> None:
    with serving(python(HAS_A_CHILD), tmp_path / "log") as (_, process_id):
        (child,) = psutil.Process(process_id).children()
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


@pytest.mark.slow
def test_one_that_will_not_end_is_killed(tmp_path: Path) -> None:
    with serving(python(IGNORES_TERM), tmp_path / "log") as (_, process_id):
        pass
    assert not psutil.pid_exists(process_id)


def test_an_ended_process_can_be_ended(tmp_path: Path) -> None:
    process = start(python("pass"), tmp_path / "log")
    process.wait()
    end(process)


def test_samples_grow_with_what_a_process_and_its_children_do(tmp_path: Path) -> None:
    busy = "\nwhile True: pass"
    process = start(
        python(f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {busy!r}])\nimport time; time.sleep(60)"), tmp_path / "log"
    )
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
