"""`python -m tests.fuzz` gives every target the inputs that it is told to, and says what was seen: crashes, slow inputs, growing memory.

    python -m tests.fuzz --messages 1000000 --images 100000

Each target runs in a process of its own, so that a crash is one finding and not the end. The exit code is 1 if there was any.
"""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.table import Table

from tests.fuzz.run import SLOW_S, fuzz
from tests.fuzz.targets import MESSAGE_TARGETS


def main() -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Give strangers' bytes to all that reads them.")
    parser.add_argument("--messages", type=int, default=100_000, help="messages in all, shared out among the targets")
    parser.add_argument("--images", type=int, default=10_000, help="broken images")
    options = parser.parse_args()
    share = -(-options.messages // len(MESSAGE_TARGETS))
    table = Table("target", "inputs", "seconds", "slowest ms", "grown MB", "finding")
    is_bad = False
    for name, inputs in [*((name, share) for name in MESSAGE_TARGETS), ("image", options.images)]:
        finding = fuzz(name, inputs)
        complaint = finding.failure or (f"slower than {SLOW_S:g} s" if finding.slowest_ms > SLOW_S * 1e3 else None)
        is_bad = is_bad or complaint is not None
        numbers = (f"{finding.inputs:,}", f"{finding.seconds:.0f}", f"{finding.slowest_ms:.1f}", f"{finding.grown_mb:+.1f}")
        table.add_row(name, *numbers, complaint or "none")
    Console().print(table)
    return int(is_bad)


if __name__ == "__main__":
    sys.exit(main())
