"""Servers are started, watched and ended, also those that misbehave."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from handstream.bench import processes
from handstream.bench.processes import end, ending_in_order, family, last_words, listening, start
from handstream.errors import HandstreamError
from tests.processes import has_ended
from tests.server.serving import until

if TYPE_CHECKING:
    from pathlib import Path

SERVES = "import time; print('https://example.org\\nOpen http://127.0.0.1:1234 (Ctrl-C)', flush=True); time.sleep(60)"
HAS_A_CHILD = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); {SERVES}"
IGNORES_TERM = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SERVES}"
DIES = "raise SystemExit('no engine here')"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_server_is_met_at_the_address_that_it_prints_and_ended(tmp_path: Path) -> None:
    with listening(python(SERVES), tmp_path / "log", "fake") as (url, process_id):
        assert url == "http://127.0.0.1:1234"
        assert psutil.pid_exists(process_id)
    assert not psutil.pid_exists(process_id)


def test_a_server_that_dies_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(HandstreamError, match=r"'fake' did not start\.\nno engine here"), listening(python(DIES), tmp_path / "log", "fake"):
        pytest.fail("there is no server")


def test_children_are_ended_too(tmp_path: Path) -> None:
    with listening(python(HAS_A_CHILD), tmp_path / "log", "fake") as (_, process_id):
        (child,) = psutil.Process(process_id).children()
    until(lambda: has_ended(child))


def test_one_that_will_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_STOP_TIMEOUT_S", 0.2)
    with listening(python(IGNORES_TERM), tmp_path / "log", "fake") as (_, process_id):
        pass
    assert not psutil.pid_exists(process_id)


def test_an_ended_process_can_be_ended(tmp_path: Path) -> None:
    process = start(python("pass"), tmp_path / "log")
    process.wait()
    end(process)


def test_the_last_words_of_a_process_that_said_nothing_are_none(tmp_path: Path) -> None:
    process = start(python("pass"), tmp_path / "log")
    process.wait()
    assert last_words(tmp_path / "log") == "It said nothing."
    assert family(process.pid) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_who_is_told_to_end_ends_in_order(number: signal.Signals) -> None:
    inherited = signal.signal(number, signal.SIG_DFL)  # nohup leaves SIGHUP ignored
    try:
        with pytest.raises(KeyboardInterrupt), ending_in_order():
            signal.raise_signal(number)
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, inherited)


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_in_order():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_settings_of_a_server_for_people_and_of_the_command_are_not_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDSTREAM_TOKEN", "secret")
    monkeypatch.setenv("HANDSTREAM_MODELS", "there")
    monkeypatch.setenv("OPENCV_FOR_THREADS_NUM", "1")
    start(
        python("import os; print(sorted(name for name in os.environ if name.startswith(('HANDSTREAM_', 'OPENCV_'))))"), tmp_path / "log"
    ).wait()
    assert "HANDSTREAM_TOKEN" not in last_words(tmp_path / "log")
    assert "HANDSTREAM_MODELS" in last_words(tmp_path / "log")
    assert "OPENCV" not in last_words(tmp_path / "log")
