"""Describes the machine that a benchmark ran on, for its results: `describe_machine`."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shutil import which

import psutil

from handstream.processors import usable_cpus

__all__ = ["describe_machine"]

_PACKAGES = ("handstream", "openvino", "mediapipe", "numpy", "opencv-python-headless")
_INSTRUCTION_SETS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16", "i8mm")


def describe_machine() -> dict[str, str]:
    """Processor, memory, load, versions and commit, each as text."""
    described = {
        "processor": _processor_name(),
        "cores": f"{psutil.cpu_count(logical=False)} ({psutil.cpu_count()} with hyper-threading), {usable_cpus()} usable",
        "instruction sets": ", ".join(name for name in _INSTRUCTION_SETS if name in _processor_flags()) or "unknown",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "load before": " ".join(f"{value:.2f}" for value in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown",
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "commit": _commit(),
    }
    return described | {package: _version(package) for package in _PACKAGES}


def _cpu_info(key: str) -> str:
    """The first value of that key in Linux' /proc/cpuinfo, empty elsewhere."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.split(":")[0].strip() == key), "")


def _processor_name() -> str:
    return _cpu_info("model name") or platform.processor() or "unknown"


def _processor_flags() -> set[str]:
    return set((_cpu_info("flags") or _cpu_info("Features")).split())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    """The checkout's commit, marked where tracked files differ from it, or why there is none to tell."""
    if which("git") is None:
        return "unknown: git is not installed"
    # An installed package may lie inside of somebody else's checkout, whose commit says nothing about it.
    is_in_checkout = _git("ls-files", "--error-unmatch", Path(__file__).name) is not None
    commit = _git("describe", "--always", "--dirty", "--abbrev=12") if is_in_checkout else None
    return commit or "unknown: measured outside of a checkout"


def _git(*arguments: str) -> str | None:
    """What git says beside this file; None where it fails."""
    done = subprocess.run(["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, check=False)  # noqa: S603, S607 - fixed words
    return None if done.returncode else done.stdout.strip()
