"""Rounds take turns and survive a contender that fails, and the report says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from benchmarks.peers.contenders import CONTENDERS, BrowserPeer, ServerPeer
from benchmarks.peers.report import bars, failures, sheets, write
from benchmarks.peers.results import Results, Row, rows_of, run_rounds
from benchmarks.peers.run_figures import RunFigures

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from pathlib import Path

A, B, C = CONTENDERS[:3]


def run(screen_ms: float) -> RunFigures:
    return RunFigures(
        screen_age_p50_ms=screen_ms,
        screen_age_p95_ms=2 * screen_ms,
        age_p50_ms=screen_ms / 2,
        age_p95_ms=screen_ms,
        growth_ms_per_s=0,
        captured_per_second=30,
        frames_per_second=29.6,
        cpu_frame_ms=12,
        resident_mib=300,
        client_cores=0.5,
        other_cores=0.1,
        stolen_cores=0,
        unreadable=0,
    )


class Bench:
    """Measures nothing: gives ever greater figures, and fails for the contenders named, from a run on."""

    def __init__(self, fails: dict[str, int]) -> None:
        self.fails, self.order = fails, list[str]()

    def __call__(self, peer: ServerPeer | BrowserPeer, clients: int) -> RunFigures:
        self.order.append(f"{peer.key} {clients}")
        if self.order.count(f"{peer.key} {clients}") > self.fails.get(peer.key, 99):
            raise HandstreamError("cannot be installed: no wheel")
        return run(10.0 * len(self.order))


def results(bench: Bench) -> Results:
    rows = rows_of([A, B, C], [1])
    run_rounds(rows, bench, 3, lambda _: None)
    return Results({"cores": "4"}, "the demo clip", 30, 5, 3, [row for _, row in rows])


def test_contenders_take_turns() -> None:
    bench = Bench({})
    results(bench)
    assert bench.order == [f"{peer.key} 1" for peer in (A, B, C)] * 3


def test_a_contender_that_fails_at_first_is_not_tried_again_and_costs_nobody_else() -> None:
    bench = Bench({B.key: 0})
    rows = results(bench).rows
    assert bench.order.count(f"{B.key} 1") == 1
    assert [len(row.runs) for row in rows] == [3, 0, 3]
    assert failures(rows) == [f"{B.name}, 1 client: not run: cannot be installed: no wheel"]


def test_a_contender_that_fails_later_keeps_its_runs() -> None:
    rows = results(Bench({B.key: 1})).rows
    assert [len(row.runs) for row in rows] == [3, 1, 3]
    assert failures(rows) == [f"{B.name}, 1 client: 2 runs failed: cannot be installed: no wheel"]


def test_the_table_shows_medians_their_spread_and_who_was_not_run() -> None:
    _, sheet = sheets(results(Bench({B.key: 0})))
    assert [row[0] for row in sheet.rows] == [A.name, B.name, C.name]
    assert sheet.rows[0][1:4] == ("40 / 80", "10 to 60", "20 / 40")
    assert sheet.rows[1][1] == "not run"
    assert {len(row) for row in sheet.rows} == {len(sheet.columns)}


def test_the_bars_are_about_the_age_on_screen_and_the_best_of_the_others() -> None:
    by_key = {peer.key: peer for peer in CONTENDERS}
    rows = rows_of([by_key["v1"], by_key["fastrtc"], by_key["cured"]], [1])
    for (_, row), screen_ms in zip(rows, (30, 80, 40), strict=True):
        row.runs.append(run(screen_ms))
    judged = bars(Results({}, "the demo clip", 30, 5, 1, [row for _, row in rows]))
    assert [(bar.value, bar.verdict) for bar in judged[:2]] == [(30, "reached"), (0.75, "reached")]
    assert {bar.verdict for bar in judged[2:]} == {"not measured"}


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    write(results(Bench({B.key: 0})), tmp_path)
    rows = json.loads((tmp_path / "peers.json").read_text())["rows"]
    assert rows[0]["median"]["screen_age_p50_ms"] == 40
    assert rows[1]["median"] is None
    assert "not run: cannot be installed: no wheel" in (tmp_path / "peers.md").read_text()
    assert (tmp_path / "peers.png").read_bytes().startswith(b"\x89PNG")


def test_a_row_without_runs_has_no_median() -> None:
    assert Row("a", "A", 1).median is None


def test_contenders_have_names_of_their_own() -> None:
    for names in ([peer.key for peer in CONTENDERS], [peer.name for peer in CONTENDERS]):
        assert len(set(names)) == len(names)


def test_an_unknown_contender_is_refused() -> None:
    from benchmarks.peers.__main__ import main  # noqa: PLC0415 - importing it is part of what is tested

    with pytest.raises(Exception, match="there is no contender nobody"):
        main(contender=["nobody"])
