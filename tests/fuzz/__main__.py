"""`python -m tests.fuzz` gives every target the inputs that it is told to, and says what was seen: crashes, slow inputs, growing memory.

    python -m tests.fuzz --messages 1000000 --images 100000 --results benchmarks/results

Each target runs in a process of its own, so that a crash is one finding and not the end. The exit code is 1 if there was any.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.sheets import Bar, Sheet, as_json, as_markdown, as_rich, bars_sheet
from rich.console import Console

from handstream.bench.machine import describe_machine
from tests.fuzz.run import SLOW_S, fuzz
from tests.fuzz.targets import MESSAGE_TARGETS

if TYPE_CHECKING:
    from tests.fuzz.one import Finding


def main() -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Give strangers' bytes to all that reads them.")
    parser.add_argument("--messages", type=int, default=100_000, help="messages in all, shared out among the targets")
    parser.add_argument("--images", type=int, default=10_000, help="broken images")
    parser.add_argument("--results", type=Path, help="write fuzz.json and fuzz.md into this folder")
    options = parser.parse_args()
    machine, share = describe_machine(), -(-options.messages // len(MESSAGE_TARGETS))
    findings = [fuzz(name, inputs) for name, inputs in [*((name, share) for name in MESSAGE_TARGETS), ("image", options.images)]]
    bars = _bars(findings)
    sheets = [bars_sheet(bars), _targets_sheet(findings)]
    for sheet in sheets:
        Console().print(as_rich(sheet))
    if options.results:
        measured = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine, "measured": list(map(asdict, findings))}
        options.results.mkdir(parents=True, exist_ok=True)
        (options.results / "fuzz.json").write_text(as_json(bars, measured))
        (options.results / "fuzz.md").write_text("\n\n".join(["# Fuzzing without sockets", *map(as_markdown, sheets)]) + "\n")
    return int(any(bar.verdict != "reached" for bar in bars))


def _bars(findings: list[Finding]) -> list[Bar]:
    *messages, images = findings
    inputs = f"{sum(one.inputs for one in messages):,} messages and {images.inputs:,} images"
    return [
        Bar(f"{inputs}: targets that failed", 0, sum(one.failure is not None for one in findings)),
        Bar("the same: slowest input, s", SLOW_S, max(one.slowest_ms for one in findings) / 1e3),
    ]


def _targets_sheet(findings: list[Finding]) -> Sheet:
    rows = [
        (
            one.target,
            f"{one.inputs:,}",
            f"{one.seconds:.0f}",
            f"{one.slowest_ms:.1f}",
            f"{one.grown_mb:+.1f}",
            " ".join((one.failure or "none").split()),
        )
        for one in findings
    ]
    return Sheet("Targets", ("target", "inputs", "seconds", "slowest ms", "memory grown MB", "failure"), rows)


if __name__ == "__main__":
    sys.exit(main())
