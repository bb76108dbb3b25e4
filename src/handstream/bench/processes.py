"""The processes that a benchmark starts: `listening` runs a server until the end of a block, `start` and `end` anything else.

They outlive who started them, unless it ends in order: `ending_in_order` sees to that.

What a process says goes into a log, from which a server's address is read, and which is quoted where one fails. Whatever a process has
started itself is ended with it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psutil

from handstream.errors import HandstreamError
from handstream.opencv import SETTINGS
from handstream.server.settings import ENVIRONMENT_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["end", "ending_in_order", "family", "last_words", "listening", "start"]

_START_TIMEOUT_S = 90.0
"""The first start of all may fetch the models and compile the networks."""

_STOP_TIMEOUT_S = 6.0
_GONE_TIMEOUT_S = 1.0
"""For what was killed to be gone. Its parent may be a process that does not look."""

_PASSED_ON = {"HANDSTREAM_CACHE_DIR", "HANDSTREAM_MODELS"}
_ADDRESS = re.compile(r"\b(?:http|ws)s?://(?:127\.0\.0\.1|localhost|\[::1\]):[1-9]\d*\S*")
_LINES_TOLD = 6
_LOOK_INTERVAL_S = 0.02


@contextmanager
def listening(command: Sequence[str], log: Path, name: str) -> Iterator[tuple[str, int]]:
    """A server, from when it can track until the block ends: the address that it printed, and its process id.

    Args:
        command: It says where it listens, on this machine, once it can track.
        log: What it says is written here.
        name: What to call it in an error.

    Raises:
        HandstreamError: It ended, or was not ready within 90 s; the text has its last words.
    """
    process = start(command, log)
    try:
        yield _address(process, log, name), process.pid
    finally:
        end(process)


def start(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Starts a process that says what it says into that log.

    Of handstream's settings in the environment it gets only where the models are: the others are for a server that serves people. How the
    command sets OpenCV up is no setting of what it starts either: handstream's own server sets itself up, and the original has OpenCV as it
    comes.
    """
    environment = {name: value for name, value in os.environ.items() if name in _PASSED_ON or not _is_own(name)}
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, env=environment)  # noqa: S603 - a benchmark's own command


def end(process: subprocess.Popen[bytes]) -> None:
    """Asks a process to end, insists after 6 s, and ends what it leaves behind."""
    members = family(process.pid)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_TIMEOUT_S)
    for member in members:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    process.wait()
    psutil.wait_procs(members[1:], timeout=_GONE_TIMEOUT_S)


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Has SIGTERM, and SIGHUP where there is one, interrupt the block as Ctrl-C does, so that what it started is ended too.

    A signal that is ignored, as by nohup, stays so.
    """
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    for number in (number for number in numbers if before[number] is not signal.SIG_IGN):
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def last_words(log: Path, lines: int = _LINES_TOLD) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").strip().splitlines()[-lines:]) or "It said nothing."


def family(process_id: int) -> list[psutil.Process]:
    """That process and all that it has started, which are none if it is gone."""
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(process_id)
        return [root, *root.children(recursive=True)]
    return []


def _is_own(name: str) -> bool:
    return name.startswith(ENVIRONMENT_PREFIX) or name in SETTINGS


def _address(process: subprocess.Popen[bytes], log: Path, name: str) -> str:
    """The first address in whole lines of the log, as soon as there is one."""
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while True:
        has_ended = process.poll() is not None
        if found := _ADDRESS.search(log.read_text(errors="replace").rpartition("\n")[0]):
            return found[0]
        if has_ended or time.monotonic() > deadline_s:
            why = "" if has_ended else f" within {_START_TIMEOUT_S:.0f} s"
            raise HandstreamError(f"The server {name!r} did not start{why}.\n{last_words(log)}", code="server_failed")
        time.sleep(_LOOK_INTERVAL_S)
