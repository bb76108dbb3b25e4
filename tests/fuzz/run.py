"""Fuzzes one target in a process of its own and reads what it saw: `fuzz`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.one import Finding

__all__ = ["SLOW_S", "fuzz"]

SLOW_S = 1.0
"""An input that takes longer is a finding: it would hold up every session."""


def fuzz(name: str, inputs: int) -> Finding:
    """What befell that target with so many inputs; a process that died or did fewer is a failure. Blocks, at most for 20 ms an input."""
    with tempfile.TemporaryDirectory() as folder:
        result, log = Path(folder, "finding.json"), Path(folder, "log.txt")
        with log.open("wb") as output:
            command = [sys.executable, "-m", "tests.fuzz.one", name, str(inputs), str(result)]
            code = subprocess.run(command, stdout=output, stderr=output, timeout=60 + inputs * 0.02, check=False).returncode
        seen = Finding(**json.loads(result.read_text())) if result.exists() else Finding(name, 0, 0.0, 0.0, 0.0, None)
        if seen.failure is None and (code != 0 or seen.inputs < inputs):
            tail = log.read_text(errors="replace")[-500:]
            return Finding(name, seen.inputs, seen.seconds, seen.slowest_ms, seen.grown_mb, f"ended with code {code}: {tail}")
        return seen
