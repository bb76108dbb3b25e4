"""The command as a whole: its version, its help, and how it shows an error."""

from __future__ import annotations

import subprocess
import sys

import pytest

from handstream import __version__


def handstream(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "handstream", *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_version() -> None:
    done = handstream("--version")
    assert (done.returncode, done.stdout) == (0, f"handstream {__version__}\n")


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_help_names_every_command(arguments: tuple[str, ...]) -> None:
    done = handstream(*arguments)
    shown = done.stdout + done.stderr
    assert all(f" {name} " in shown for name in ("serve", "track", "models", "doctor", "relay", "demo")), shown


def test_an_error_is_one_message_without_a_traceback() -> None:
    done = handstream("track", "nowhere.mp4", "--landmarks", "out.jsonl")
    assert done.returncode == 1
    assert "nowhere.mp4" in done.stderr
    assert "Traceback" not in done.stderr
