"""Makes the environments that benchmarks need apart from the project's own, once: `make` runs the steps, `ROOT` is the checkout.

They lie under `artifacts`, which git ignores.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ROOT", "make", "run_step"]

ROOT: Final = Path(__file__).parents[1]

_STEP_TIMEOUT_S = 900
"""For a first download on a slow line."""


def make(folder: Path, sources: Sequence[Path], steps: Sequence[Sequence[str]], copies: Sequence[Path] = ()) -> None:
    """Runs the steps in an empty folder, unless it was made of the same sources before. Blocks as long as they take.

    Args:
        folder: Is emptied first, also when it was left half-way.
        sources: What it is made of; when one of them changes, it is made anew.
        steps: Commands, run in the checkout's root.
        copies: Files that the folder is to hold before the first step.

    Raises:
        HandstreamError: A step failed; the text quotes what it said.
    """
    made_of = hashlib.sha256(platform.python_version().encode() + b"".join(source.read_bytes() for source in sources)).hexdigest()
    stamp = folder / "made-of"
    if stamp.exists() and stamp.read_text() == made_of:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for copy in copies:
        shutil.copy(copy, folder)
    for step in steps:
        run_step(step)
    stamp.write_text(made_of)


def run_step(step: Sequence[str]) -> None:
    """Runs a command in the checkout's root, at most for a quarter of an hour.

    Raises:
        HandstreamError: It failed; the text quotes what it said.
    """
    try:
        done = subprocess.run(step, capture_output=True, text=True, check=False, cwd=ROOT, timeout=_STEP_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HandstreamError(f"cannot be installed: {error}") from error
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        said = next((line for line in reversed(lines) if "error" in line.lower()), lines[-1] if lines else "nothing")
        raise HandstreamError(f"cannot be installed: {said.strip()[:200]}")
