"""`handstream doctor` as a user runs it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def doctor(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "handstream", "doctor", "--no-trial", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_findings_are_json_on_demand() -> None:
    done = doctor("--port", "0", "--json")
    assert done.returncode == 0, done.stderr
    findings = json.loads(done.stdout)
    assert {"handstream", "processor", "port", "camera"} <= {finding["subject"] for finding in findings}
    assert all(set(finding) == {"verdict", "subject", "text", "advice"} for finding in findings)


def test_the_exit_code_says_that_something_stands_in_the_way() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = doctor("--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "choose another port" in done.stdout


def test_a_setting_of_the_environment_that_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDSTREAM_MAX_HANDS", "many")
    done = doctor("--port", "0")
    assert done.returncode == 1
    assert done.stderr.startswith("handstream: HANDSTREAM_MAX_HANDS cannot be 'many': ")
