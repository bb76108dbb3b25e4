"""Makes each contender's environment, pinned and apart from the project's own: `python_of` and `node_modules`.

They lie under `artifacts/peers`, which git ignores, and are made anew when their pins change or when they were left half-way.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ROOT", "node_modules", "python_of", "task_bundle"]

ROOT: Final = Path(__file__).parents[2]
_FOLDER: Final = ROOT / "artifacts" / "peers"
_PINS: Final = Path(__file__).parent / "requirements"
_PAGE: Final = Path(__file__).parent / "page"

_STEP_TIMEOUT_S = 900
"""For a first download on a slow line."""


def python_of(name: str) -> Path:
    """The interpreter of an environment with `requirements/NAME.txt`, mediapipe and, in "original", this project. At first it is made.

    "handstream" is the environment that this runs in. Blocks for up to a minute or two.

    Raises:
        HandstreamError: It cannot be made; the text quotes pip.
    """
    if name == "handstream":
        return Path(sys.executable)
    folder, pins = _FOLDER / name, _PINS / f"{name}.txt"
    mediapipe = ROOT / "requirements" / "mediapipe.txt"
    sources = [pins, mediapipe] + ([ROOT / "requirements" / "build.txt"] if name == "original" else [])
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    steps = [
        [sys.executable, "-m", "venv", str(folder)],
        [*install, "--require-hashes", "-r", str(pins)],
        # mediapipe asks for numpy below 2 and for jax, and uses neither here.
        [*install, "--no-deps", "--require-hashes", "-r", str(mediapipe)],
    ]
    if name == "original":
        steps += [
            [*install, "--require-hashes", "-r", str(ROOT / "requirements" / "build.txt")],
            [*install, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)],
        ]
    _make(folder, sources, steps)
    return python


def node_modules() -> Path:
    """The folder with MediaPipe's two npm packages. Blocks for some seconds at first.

    Raises:
        HandstreamError: It cannot be made; the text quotes npm.
    """
    folder = _FOLDER / "browser"
    sources = [_PAGE / "package.json", _PAGE / "package-lock.json"]
    npm = shutil.which("npm") or "npm"
    _make(
        folder, sources, [[npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(folder)]], sources
    )
    return folder / "node_modules"


def task_bundle() -> Path:
    """The bundle of the lite networks for MediaPipe Tasks. Blocks for a second at first.

    Raises:
        HandstreamError: It cannot be made.
    """
    python, file = python_of("aiortc"), _FOLDER / "aiortc" / "hand_landmarker.task"
    if not file.exists():
        unfinished = file.with_suffix(".part")
        _run([str(python), "-m", "benchmarks.peers.servers.task_bundle", str(unfinished)])
        unfinished.replace(file)
    return file


def _make(folder: Path, sources: Sequence[Path], steps: Sequence[Sequence[str]], copies: Sequence[Path] = ()) -> None:
    """Runs the steps in an empty folder, unless it was made of the same sources before."""
    made_of = hashlib.sha256(platform.python_version().encode() + b"".join(source.read_bytes() for source in sources)).hexdigest()
    stamp = folder / "made-of"
    if stamp.exists() and stamp.read_text() == made_of:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for copy in copies:
        shutil.copy(copy, folder)
    for step in steps:
        _run(step)
    stamp.write_text(made_of)


def _run(step: Sequence[str]) -> None:
    try:
        done = subprocess.run(step, capture_output=True, text=True, check=False, cwd=ROOT, timeout=_STEP_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HandstreamError(f"cannot be installed: {error}") from error
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        said = next((line for line in reversed(lines) if "error" in line.lower()), lines[-1] if lines else "nothing")
        raise HandstreamError(f"cannot be installed: {said.strip()[:200]}")
