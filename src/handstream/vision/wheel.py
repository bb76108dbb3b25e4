"""The wheel of mediapipe 0.10.21: `downloaded_wheel` gets it by name through pip, for a Python and a platform that need not be these."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.progress import TaskID

__all__ = ["downloaded_wheel"]

REQUIREMENT = "mediapipe==0.10.21"
"""The last release whose wheel carries the hand models as files."""

# The models are the same in every wheel, so one is named that exists, whatever this Python and this platform are: 0.10.21 has none for
# Python 3.13. `--no-deps` leaves numpy, jax and the like alone.
PIP_DOWNLOAD = (
    *("download", REQUIREMENT, "--no-deps", "--only-binary=:all:"),
    *("--platform", "manylinux_2_28_x86_64", "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"),
    *("--no-cache-dir", "--disable-pip-version-check", "--no-input", "--quiet", "--progress-bar", "off", "--retries", "2"),
)

_BROKEN = "connection broken by "
"""Before the cause in pip's warnings: `Retrying (...) after connection broken by '...'`."""

WHEEL_BYTES = 35_622_638
"""The size of that wheel, for the progress bar."""

ELSEWHERE = (
    "Once the models are on a machine no network is needed. They can also be copied from a machine that has them (`handstream models path` "
    "prints their folder), or come from a folder or a .task bundle that you name with --models."
)


def downloaded_wheel(folder: Path) -> Path:
    """Downloads the wheel into a folder, with a progress bar where standard error is a terminal. Blocks.

    Raises:
        HandstreamError: pip is missing, or it cannot get the wheel; the text quotes pip and says what to do.
    """
    if find_spec("pip") is None:
        raise HandstreamError(
            f"The hand models are downloaded through pip, which this Python does not have: run {sys.executable} -m ensurepip\n{ELSEWHERE}",
            code="models_unavailable",
        )
    messages = _run_pip(folder)
    wheel = next(folder.glob("mediapipe-*.whl"), None)
    if wheel is None:
        raise HandstreamError(
            f"The hand models could not be downloaded; pip says: {_reason(messages) or 'nothing'}\n"
            f"See that pip can reach its package index from here, and run: handstream models fetch\n{ELSEWHERE}",
            code="models_unavailable",
        )
    return wheel


def _reason(messages: str) -> str:
    """Why pip failed in its own words: its last error, and the broken connection behind it, which pip only warns of."""
    lines = messages.splitlines()
    error = next((line for line in reversed(lines) if line.startswith("ERROR")), messages.strip()[-300:])
    cause = next((line.partition(_BROKEN)[2] for line in reversed(lines) if _BROKEN in line), "")
    return f"{error} (the connection was broken by {cause})" if cause else error


def _run_pip(folder: Path) -> str:
    """Runs pip to its end and returns what it wrote. Its own temporary files lie in the folder too, which is how the bar can move."""
    log = folder / "pip.log"
    command = [sys.executable, "-m", "pip", *PIP_DOWNLOAD, "--dest", str(folder)]
    environment = os.environ | {"TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    with log.open("wb") as output, _progress() as progress:
        bar = progress.add_task("Getting the hand models", total=WHEEL_BYTES)
        with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output) as pip:  # noqa: S603 - our own pip
            try:
                _watch(pip, folder, progress, bar)
            except BaseException:
                pip.kill()
                raise
    return log.read_text(errors="replace")


def _watch(pip: subprocess.Popen[bytes], folder: Path, progress: Progress, bar: TaskID) -> None:
    while pip.poll() is None:
        progress.update(bar, completed=min(_size_bytes(folder), WHEEL_BYTES))
        time.sleep(0.1)


def _size_bytes(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.stat().st_size
        except FileNotFoundError:  # pip removes its temporary files while we look.
            continue
    return size


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
