"""Makes each contender's environment, pinned and apart from the project's own: `python_of` and `node_modules`.

They lie under `artifacts/peers`, which git ignores, and are made anew when their pins change or when they were left half-way.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

from benchmarks.environments import ROOT, make, run_step

__all__ = ["node_modules", "python_of", "task_bundle"]

_FOLDER: Final = ROOT / "artifacts" / "peers"
_PINS: Final = Path(__file__).parent / "requirements"
_PAGE: Final = Path(__file__).parent / "page"


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
    make(folder, sources, steps)
    return python


def node_modules() -> Path:
    """The folder with MediaPipe's two npm packages. Blocks for some seconds at first.

    Raises:
        HandstreamError: It cannot be made; the text quotes npm.
    """
    folder = _FOLDER / "browser"
    sources = [_PAGE / "package.json", _PAGE / "package-lock.json"]
    npm = shutil.which("npm") or "npm"
    make(
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
        run_step([str(python), "-m", "benchmarks.peers.servers.task_bundle", str(unfinished)])
        unfinished.replace(file)
    return file
