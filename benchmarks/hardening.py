"""Shows what strangers and crashes do to those who have a session. `python -m benchmarks.hardening --help`.

The method is in benchmarks/README.md; the fuzzers are in `tests/fuzz`, the soak is `handstream bench soak`.
"""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import asdict, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from benchmarks.hardening_trials.conformance import REASONS, SECTIONS, conform, sections
from benchmarks.hardening_trials.crash import kill_one
from benchmarks.hardening_trials.fuzzing import SERVER_FAILED, fuzz
from benchmarks.hardening_trials.honest import HONEST, LIMITED
from benchmarks.hardening_trials.rude import vanish
from benchmarks.hardening_trials.scanning import scan
from benchmarks.hardening_trials.strangers import come_in_turns
from benchmarks.sheets import Bar, Sheet, as_json, as_markdown, as_rich, bars_sheet
from rich.console import Console

from handstream.bench.load import Load
from handstream.bench.machine import describe_machine
from handstream.bench.pictures import encoded_pictures
from handstream.bench.processes import ending_in_order
from handstream.bench.servers import HANDSTREAM, serving
from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.hardening_trials.conformance import Ending
    from benchmarks.hardening_trials.fuzzing import Fuzzed
    from benchmarks.hardening_trials.honest import Honest
    from benchmarks.hardening_trials.scanning import Scan
    from benchmarks.hardening_trials.strangers import Seen

    from handstream.bench.servers import Usage

SUPERVISED = replace(HANDSTREAM, arguments=("--workers", "2"))


class Part(StrEnum):
    """A part of the benchmark, each with results of its own."""

    RUDE = "rude"
    CRASH = "crash"
    STRANGERS = "strangers"
    FUZZ = "fuzz"
    WRK = "wrk"
    AUTOBAHN = "autobahn"


class Found(NamedTuple):
    """What a part found out: its bars, tables beside them, and everything that was measured."""

    bars: list[Bar]
    sheets: list[Sheet]
    measured: object


def main(
    *,
    part: Annotated[list[Part] | None, typer.Option(help="Only this part; may be given more than once. Default: all.")] = None,
    results_folder: Annotated[Path | None, typer.Option("--results", help="Write hardening-PART.json and .md into this folder.")] = None,
    sessions: Annotated[int, typer.Option(min=1, help="Rude sessions.")] = 10_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each attack comes.")] = 3,
    messages: Annotated[int, typer.Option(min=1, help="Damaged messages, sent beside honest sessions.")] = 100_000,
    python2: Annotated[str, typer.Option(help="A Python 2.7 with pip, which the Autobahn suite needs.")] = "python2.7",
) -> None:
    """Has strangers come and a worker crash, and judges what that does to the others."""
    console = Console()
    run: dict[Part, Callable[[], Found]] = {
        Part.RUDE: lambda: rude(sessions),
        Part.CRASH: crash,
        Part.STRANGERS: lambda: strangers(rounds),
        Part.FUZZ: lambda: fuzzed(messages, rounds),
        Part.WRK: lambda: wrk(rounds),
        Part.AUTOBAHN: lambda: autobahn(python2),
    }
    for one in part or list(Part):
        before: dict[str, object] = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "machine": describe_machine()}
        try:
            with console.status(one):
                found = run[one]()
        except HandstreamError as error:
            console.print(f"{one} is left out: {error}", style="red")
            continue
        sheets = [bars_sheet(found.bars), *found.sheets]
        for sheet in sheets:
            console.print(as_rich(sheet))
        if results_folder:
            _write(results_folder, one, found, sheets, before)


def rude(sessions: int) -> Found:
    """Sessions that vanish in every rude way, by the thousand."""
    with serving(HANDSTREAM) as server:
        remains = vanish(server, encoded_pictures((320, 240))[0], sessions)
    before, after = remains.before, remains.after
    bars = [
        Bar(f"{sessions:,} rude sessions: file descriptors left behind", 0, after.files - before.files),
        Bar("the same: threads left behind", 0, after.threads - before.threads),
        Bar("the same: resident memory grown, MB", 10, (after.memory_bytes - before.memory_bytes) / 1e6),
    ]
    return Found(bars, [_held_sheet({"before": before, "after": after})], asdict(remains))


def crash() -> Found:
    """One of two workers is killed."""
    with serving(SUPERVISED) as server:
        recoveries = kill_one(server, encoded_pictures((320, 240))[0], sessions=8)
    bars = [
        Bar("a worker killed under 8 sessions: longest silence, ms", 1_500, max(one.silent_ms for one in recoveries)),
        Bar("the same: sessions with ids out of order", 0, sum(not one.is_in_order for one in recoveries)),
        Bar("the same: frames unaccounted for", 0, sum(abs(one.unaccounted) for one in recoveries)),
        Bar("the same: sessions that had to connect again", 1, sum(one.reconnections > 0 for one in recoveries), is_upper=False),
    ]
    return Found(bars, [], [asdict(one) for one in recoveries])


def strangers(rounds: int) -> Found:
    """Floods, the silent and the slow."""
    with Load(encoded_pictures(), HONEST) as load:
        trials = come_in_turns(load, rounds, seconds=4.0)
    honest = {name: [one.honest for one in seen] for name, seen in trials.items()}
    quiet = honest.pop("quiet")
    bars = [bar for name, disturbed in honest.items() for bar in _bars(name, quiet, disturbed)]
    return Found(bars, [_strangers_sheet(trials)], {name: [asdict(one) for one in seen] for name, seen in trials.items()})


def fuzzed(messages: int, rounds: int) -> Found:
    """Damaged messages over real sockets."""
    with Load(encoded_pictures(), HONEST) as load:
        fuzzing = fuzz(load, messages, rounds)
    quiet, beside = fuzzing.trials[::2], fuzzing.trials[1::2]
    answered = sum((Counter(one.answered) for one in beside), Counter[str]())
    bars = [
        *_bars("fuzzed messages", [one.honest for one in quiet], [one.honest for one in beside]),
        Bar("the same: the oldest answer of an honest session, ms", 1_000, max(one.honest.longest_ms for one in beside)),
        Bar("the same: honest sessions that ended early, by reasons", 0, sum(len(one.honest.errors) for one in fuzzing.trials)),
        Bar("the same: connections closed as the server failed", 0, answered[f"closed with {SERVER_FAILED}"]),
        Bar("the same: resident memory grown after the first round, MB", 10, fuzzing.grown_bytes / 1e6),
    ]
    held = {f"after round {number}" if number else "before": one for number, one in enumerate(fuzzing.held) if one is not None}
    return Found(bars, [_fuzzed_sheet(quiet, beside), _answers_sheet(beside, answered), _held_sheet(held)], asdict(fuzzing))


def wrk(rounds: int) -> Found:
    """As many requests as wrk can make, with the limits as they come and without."""
    with Load(encoded_pictures(), HONEST) as load:
        trials = {"wrk": scan(LIMITED, load, rounds), "wrk, limits lifted": scan(HANDSTREAM, load, rounds)}
    quiet, busy = trials["wrk"][::2], trials["wrk"][1::2]
    bars = _bars("wrk", [one.honest for one in quiet], [one.honest for one in busy])
    return Found(bars, [_wrk_sheet(trials)], {name: [asdict(one) for one in scans] for name, scans in trials.items()})


def autobahn(python2: str) -> Found:
    """The conformance of the WebSocket class."""
    endings = conform(python2)
    bars = [
        Bar(
            f"Autobahn over {name}, {len(found)} cases: failed or not strict, and not known why",
            0,
            sum(one.is_unexplained for one in found),
        )
        for name, found in endings.items()
    ]
    sheets = [*(_sections_sheet(name, found) for name, found in endings.items()), _reasons_sheet(endings)]
    return Found(bars, sheets, {name: {one.case: _shortly(one) for one in found} for name, found in endings.items()})


def _bars(name: str, quiet: list[Honest], disturbed: list[Honest]) -> list[Bar]:
    """The bars of one attack: medians of the rounds, and the worst of all for what is lost."""
    quiet_ms = statistics.median(one.p95_ms for one in quiet)
    p95_ms = statistics.median(one.p95_ms for one in disturbed)
    return [
        Bar(f"{name}: p95 age over the quiet one", 2, p95_ms / quiet_ms),
        Bar(f"{name}: the least part of the honest frames answered", 0.95, min(one.answered for one in disturbed), is_upper=False),
    ]


def _held_sheet(held: dict[str, Usage]) -> Sheet:
    rows = [(name, str(one.files), str(one.threads), f"{one.memory_bytes / 1e6:.1f}") for name, one in held.items()]
    return Sheet("What the server held", ("", "file descriptors", "threads", "resident memory MB"), rows)


def _strangers_sheet(trials: dict[str, list[Seen]]) -> Sheet:
    rows = []
    for name, seen in trials.items():
        welcomed_ms = [age_ms for one in seen for age_ms in one.newcomer_ms]
        rows.append(
            (
                name,
                *_ages([one.honest for one in seen]),
                str(sum(one.tried for one in seen)),
                f"{len(welcomed_ms)}, {statistics.median(welcomed_ms or [float('nan')]):.0f} ms",
                str(sum(one.newcomers_refused for one in seen)),
            )
        )
    columns = ("who comes", "age p50 ms", "age p95 ms", "strangers' connections", "newcomers welcomed, median", "newcomers refused")
    return Sheet(f"{HONEST} honest sessions", columns, rows)


def _fuzzed_sheet(quiet: list[Fuzzed], beside: list[Fuzzed]) -> Sheet:
    rows = []
    for name, trials in (("quiet", quiet), ("fuzzers beside them", beside)):
        honest = [one.honest for one in trials]
        row = (name, *_ages(honest), f"{max(one.longest_ms for one in honest):.0f}", f"{min(one.answered for one in honest):.1%}")
        rows.append(row)
    return Sheet(f"{HONEST} honest sessions", ("trials", "age p50 ms", "age p95 ms", "oldest answer ms", "answered, the least"), rows)


def _answers_sheet(beside: list[Fuzzed], answered: Counter[str]) -> Sheet:
    sent = sum((Counter(one.sent) for one in beside), Counter[str]())
    told = [("answered", kind, f"{count:,}") for kind, count in sorted(answered.items())]
    return Sheet("The fuzzers", ("", "what", "how many"), [*(("sent", kind, f"{count:,}") for kind, count in sorted(sent.items())), *told])


def _wrk_sheet(trials: dict[str, list[Scan]]) -> Sheet:
    rows = []
    for name, scans in trials.items():
        rows.append((f"{name}: quiet", *_ages([one.honest for one in scans[::2]]), "", "", ""))
        for number, asked in enumerate(scans[-1].asked):
            ages = _ages([one.honest for one in scans[1::2]]) if number == 0 else ("", "")
            refused = f"{asked.refused:.0%}"
            rows.append((f"{name}: {asked.path}", *ages, f"{asked.requests_per_second:.0f}", refused, str(asked.broken)))
    columns = ("what is asked for, all at once", "age p50 ms", "age p95 ms", "requests/s", "neither 2xx nor 3xx", "connections broken")
    return Sheet(f"{HONEST} honest sessions and wrk, its last round", columns, rows)


def _ages(honest: list[Honest]) -> tuple[str, str]:
    """Medians of the rounds, p50 and p95."""
    return f"{statistics.median(one.p50_ms for one in honest):.1f}", f"{statistics.median(one.p95_ms for one in honest):.1f}"


def _sections_sheet(name: str, endings: list[Ending]) -> Sheet:
    kinds = ("OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED", "FAILED")
    rows = [(f"{number} {SECTIONS[number]}", *(str(counts[kind]) for kind in kinds)) for number, counts in sections(endings).items()]
    return Sheet(f"Autobahn over {name}", ("section", *(kind.lower() for kind in kinds)), rows)


def _shortly(one: Ending) -> str:
    return f"{one.behavior}, close {one.behavior_close}, {one.close_code}"


def _reasons_sheet(endings: dict[str, list[Ending]]) -> Sheet:
    by_reason: dict[str, set[str]] = {}
    for one in (one for found in endings.values() for one in found if one.behavior not in ("OK", "INFORMATIONAL", "UNIMPLEMENTED")):
        by_reason.setdefault(REASONS.get(one.case, "not known"), set()).add(f"{one.case} {one.behavior.lower()}")
    return Sheet("Why", ("cases", "reason"), [(", ".join(sorted(cases)), reason) for reason, cases in by_reason.items()])


def _write(folder: Path, part: Part, found: Found, sheets: list[Sheet], before: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"hardening-{part}.json").write_text(as_json(found.bars, before | {"measured": found.measured}))
    (folder / f"hardening-{part}.md").write_text("\n\n".join([f"# Hardening: {part}", *map(as_markdown, sheets)]) + "\n")


if __name__ == "__main__":
    with ending_in_order():
        typer.run(main)
