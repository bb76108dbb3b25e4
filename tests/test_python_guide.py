"""The code in docs/how-to/use-from-python.md runs as it stands there, but for the server's address."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.conftest import ROOT
from tests.server.serving import serving

GUIDE = (ROOT / "docs" / "how-to" / "use-from-python.md").read_text(encoding="utf-8")
TRACKING, SENDING = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def run(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_hands_are_tracked_in_pictures() -> None:
    lines = run(TRACKING)
    assert len(lines) >= 25
    assert all(re.fullmatch(r"1 Left [01]\.\d\d \d+ \d+", line) for line in lines), lines[0]


def test_pictures_are_sent_to_a_server() -> None:
    with serving() as server:
        *outcomes, statistics = run(SENDING.replace("http://127.0.0.1:8000", server.url))
    assert any(re.match(r"\d+ 2 hands \{'pack': [\d.]+, 'hold': [\d.]+, 'network_up': ", line) for line in outcomes), outcomes
    assert statistics.startswith("ClientStatistics(sent=")
