"""What strangers and crashes do to the others: `python -m benchmarks.hardening` has them come, and says what is left.

Rude sessions by the thousand, and a worker that is killed under load. The method is in benchmarks/README.md; the flood of connections, the
silent and the slow are in `tests/server`, the fuzzers in `tests/fuzz`, the soak in `handstream bench soak`.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.hardening_trials.crash import kill_one
from benchmarks.hardening_trials.rude import vanish
from benchmarks.machine import describe_machine
from benchmarks.sheets import Bar, as_json, as_markdown, as_rich, bars_sheet
from rich.console import Console

from handstream.bench.pictures import encoded_pictures
from handstream.bench.servers import HANDSTREAM, serving

RESULTS = Path(__file__).parent / "results"
SUPERVISED = replace(HANDSTREAM, arguments=("--workers", "2"))


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hardening", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--sessions", type=int, default=10_000, help="rude sessions")
    parser.add_argument("--write", action="store_true", help="write the results to benchmarks/results/hardening.json and .md")
    options = parser.parse_args()
    image = encoded_pictures((320, 240))[0]
    with serving(HANDSTREAM) as server:
        remains = vanish(server, image, options.sessions)
    with serving(SUPERVISED) as server:
        recoveries = kill_one(server, image, sessions=8)
    grown_mb = (remains.after.memory_bytes - remains.before.memory_bytes) / 1e6
    bars = [
        Bar(f"{remains.sessions:,} rude sessions: file descriptors left behind", 0, remains.after.files - remains.before.files),
        Bar("the same: threads left behind", 0, remains.after.threads - remains.before.threads),
        Bar("the same: resident memory grown, MB", 10, grown_mb),
        Bar("a worker killed under 8 sessions: longest silence, ms", 1_500, max(one.silent_ms for one in recoveries)),
        Bar("the same: sessions with ids out of order", 0, sum(not one.is_in_order for one in recoveries)),
        Bar("the same: frames unaccounted for", 0, sum(abs(one.unaccounted) for one in recoveries)),
        Bar("the same: sessions that had to connect again", 1, sum(one.reconnections > 0 for one in recoveries), is_upper=False),
    ]
    sheet = bars_sheet(bars)
    Console().print(as_rich(sheet))
    if options.write:
        measured = {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": describe_machine(),
            "rude": asdict(remains),
            "crash": [asdict(one) for one in recoveries],
        }
        (RESULTS / "hardening.json").write_text(as_json(bars, measured))
        (RESULTS / "hardening.md").write_text(f"# Hardening\n\n{as_markdown(sheet)}\n")


if __name__ == "__main__":
    main()
