"""The Autobahn suite's 517 cases against the server's WebSocket class, over TCP and over TLS: `conform` says how each ended.

The suite expects its messages back, so it talks to an application that repeats them (`echo`) on the listener, the HTTP class and the
WebSocket class of the server. It runs on Python 2.7 alone, in an environment of its own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.environments import ROOT, make

from handstream.bench.servers import Contender, serving
from handstream.errors import HandstreamError

__all__ = ["Ending", "conform", "sections"]

PINS: Final = Path(__file__).parent / "requirements" / "autobahn.txt"
FOLDER: Final = ROOT / "artifacts" / "autobahn"
TIMEOUT_S = 300
"""It takes a minute. A case that hangs, the suite itself ends after some seconds."""

ENDPOINTS: Final = {
    "ws": Contender(name="echo", module="benchmarks.hardening_trials.echo"),
    "wss": Contender(name="echo with TLS", module="benchmarks.hardening_trials.echo", arguments=("--https",)),
}

# The folder comes before what else that Python has, and its .pth files are read: zope is in parts.
RUN = "import site, sys; sys.path.insert(0, {0!r}); site.addsitedir({0!r}); from autobahntestsuite.wstest import run; run()"

SECTIONS: Final = {
    "1": "framing",
    "2": "pings and pongs",
    "3": "reserved bits",
    "4": "opcodes",
    "5": "fragmentation",
    "6": "UTF-8",
    "7": "close handshake",
    "9": "limits",
    "10": "automatic fragmentation",
    "12": "compression",
    "13": "compression's parameters",
}

REASONS: Final = {
    **dict.fromkeys(
        ("3.2", "3.3", "3.4", "4.1.3", "4.1.4", "4.1.5", "4.2.3", "4.2.4", "4.2.5", "5.15"),
        "A violation ends the connection at once, with 1002; a message that arrived just before it is not answered any more.",
    ),
    **dict.fromkeys(
        ("6.4.1", "6.4.2", "6.4.3", "6.4.4"),
        "Text that is no UTF-8 is refused, with 1007, when its message is whole and not at the first wrong byte. A message is bounded.",
    ),
    "7.1.5": "A close in the middle of a fragmented message is answered with 1002, not with the client's own code. The library (websockets)"
    " takes it for an error; the standard says only that the code is typically echoed (RFC 6455, section 5.5.1).",
}
"""Why a case ended otherwise than the suite would like it best. Whatever is not here is yet to be explained or mended."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How one case ended.

    Attributes:
        case: Its number in the suite; the first part is the section.
        behavior: OK, NON-STRICT (allowed, though not what is best), INFORMATIONAL (the standard leaves it open), UNIMPLEMENTED
            (compression, which the server does not offer: JPEG does not shrink) or FAILED.
        behavior_close: The same for the way in which the connection was closed.
        close_code: What the server closed with; None if it left that to the suite.
        reason: Why, if it is neither OK, informational nor unimplemented; empty if nobody knows.
    """

    case: str
    behavior: str
    behavior_close: str
    close_code: int | None
    reason: str

    @property
    def is_unexplained(self) -> bool:
        """Whether something is wrong that is not known."""
        return not self.reason and not {self.behavior, self.behavior_close} <= {"OK", "INFORMATIONAL", "UNIMPLEMENTED"}


def conform(python2: str) -> dict[str, list[Ending]]:
    """Runs the suite over TCP ("ws") and over TLS ("wss"). Blocks for a minute, and another at first to make its environment.

    Args:
        python2: A Python 2.7 with pip.

    Raises:
        HandstreamError: There is no such Python, its environment cannot be made, or the suite did not come to its end.
    """
    _check(python2)
    install = [python2, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--target", str(FOLDER)]
    make(FOLDER, [PINS], [[*install, "-r", str(PINS)]])
    endings = {}
    for name, contender in ENDPOINTS.items():
        with serving(contender) as server:
            endings[name] = _run(python2, server.url)
    return endings


def sections(endings: list[Ending]) -> dict[str, Counter[str]]:
    """How many cases of each section ended in which way."""
    counts: dict[str, Counter[str]] = {number: Counter() for number in SECTIONS}
    for ending in endings:
        counts[ending.case.partition(".")[0]][ending.behavior] += 1
    return counts


def _check(python2: str) -> None:
    command = [python2, "-c", "import pip, sys; print(sys.version_info[:2] == (2, 7))"]
    if shutil.which(python2) is None or subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() != "True":
        raise HandstreamError(f"The Autobahn suite needs Python 2.7 with pip, and {python2} is none. Name another with --python2.")


def _run(python2: str, url: str) -> list[Ending]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = {
            "outdir": str(folder / "reports"),
            "servers": [{"agent": "handstream", "url": url}],
            "cases": ["*"],
            "exclude-cases": [],
            "exclude-agent-cases": {},
        }
        (folder / "plan.json").write_text(json.dumps(plan))
        command = [python2, "-c", RUN.format(str(FOLDER)), "--mode", "fuzzingclient", "--spec", str(folder / "plan.json")]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise HandstreamError(f"the Autobahn suite did not end within {TIMEOUT_S} s") from error
        index = folder / "reports" / "index.json"
        if not index.exists():
            raise HandstreamError(f"the Autobahn suite broke: {' '.join((done.stderr or done.stdout).split())[-300:]}")
        found = json.loads(index.read_text())["handstream"]
    return [
        Ending(case, one["behavior"], one["behaviorClose"], one["remoteCloseCode"], REASONS.get(case, ""))
        for case, one in sorted(found.items(), key=lambda item: [int(part) for part in item[0].split(".")])
    ]
