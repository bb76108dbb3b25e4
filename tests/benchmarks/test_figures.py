"""The figures in README and docs are those of the results; what cannot be filled is said clearly."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from benchmarks.figure_blocks import BLOCKS, Measured
from benchmarks.figures import RESULTS, filled, out_of_step, pages

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from pathlib import Path

BAR = {"name": "lite, one hand: p50 ratio", "limit": 0.6, "value": 0.8306, "is_upper": True}


@pytest.fixture
def measured(tmp_path: Path) -> Measured:
    """Results with one bar of the engines and two peers, of which one has no run with four clients."""
    figures = {
        "screen_age_p50_ms": 27.6,
        "screen_age_p95_ms": 44.2,
        "frames_per_second": 29.9,
        "growth_ms_per_s": -0.4,
        "cpu_frame_ms": 12.2,
    }
    figures["resident_mib"] = 2120.4

    def row(key: str, clients: int, median: dict[str, Any] | None) -> dict[str, Any]:
        return {"key": key, "name": f"the {key}", "clients": clients, "median": median}

    rows = [row(key, clients, figures) for clients in (1, 4) for key in ("v1", "aiortc")]
    rows[3]["median"] = figures | {"growth_ms_per_s": 824.1}
    rows += [row("hands-js", 1, figures), row("hands-js", 4, None), row("fastrtc", 1, None), row("fastrtc", 4, None)]
    (tmp_path / "peers.json").write_text(json.dumps({"rows": rows, "rounds": 3, "seconds": 5.0}))
    (tmp_path / "engines.json").write_text(
        json.dumps({"bars": [BAR], "machine": {"cores": "4 (8 with hyper-threading)", "processor": "AMD EPYC"}})
    )
    return Measured(tmp_path)


def test_readme_and_docs_are_in_step_with_the_results() -> None:
    stale = [page.name for page in out_of_step(Measured(RESULTS))]
    assert not stale, f"{stale} differ from benchmarks/results: run python -m benchmarks.figures"


def test_no_line_of_a_sentence_begins_with_a_figure() -> None:
    """A line that begins with a comment is HTML to Markdown, and ends the paragraph before it."""
    begun = [f"{page.name}: {line}" for page in pages() for line in page.read_text().splitlines() if re.match(r"<!--.*-->.", line)]
    assert not begun


def test_a_figure_goes_into_its_sentence(measured: Measured) -> None:
    text = "It takes <!-- figures: peers-figure v1 1 screen_age_p50_ms -->99<!-- end --> ms."
    assert filled(text, measured) == "It takes <!-- figures: peers-figure v1 1 screen_age_p50_ms -->28<!-- end --> ms."


def test_a_table_goes_onto_lines_of_its_own(measured: Measured) -> None:
    text = 'A\n<!-- figures: bars engines "lite, one hand: p50 ratio" -->\nold\nrows\n<!-- end -->\nB'
    _, _, *table, _, last = filled(text, measured).splitlines()
    assert table == ["|  | measured | aimed at |", "| --- | --- | --- |", "| lite, one hand: p50 ratio | 0.83 | at most 0.6 |"]
    assert last == "B"


def test_an_empty_place_is_filled_too(measured: Measured) -> None:
    assert filled("<!-- figures: peers -->\n<!-- end -->", measured).count("\n") == 7


def test_filling_twice_changes_nothing(measured: Measured) -> None:
    text = (
        "<!-- figures: peers -->\n<!-- end --> <!-- figures: machine engines --><!-- end --> and <!-- figures: peers-course --><!-- end -->"
    )
    once = filled(text, measured)
    assert once != text
    assert filled(once, measured) == once


def test_text_without_places_stays(measured: Measured) -> None:
    assert filled("No figures. <!-- a comment -->", measured) == "No figures. <!-- a comment -->"


def test_peers_show_who_was_not_run_and_whose_age_grows(measured: Measured) -> None:
    rows = BLOCKS["peers"](measured).splitlines()[2:]
    assert rows == [
        "| **the v1** | 28 / 44 ms | 28 / 44 ms | 30 | none | 12 ms | 2,120 MiB |",
        "| the aiortc | 28 / 44 ms | 28 / 44 ms | 30 | 824 ms/s | 12 ms | 2,120 MiB |",
        "| the hands-js | 28 / 44 ms |  |  |  | 12 ms |  |",
        "| the fastrtc | not run |  |  |  |  |  |",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- figures: nonsense --><!-- end -->", "there are no figures called nonsense; there are .*peers"),
        ("<!-- figures: latency 1 --><!-- end -->", "there is no latency.json in .*: run handstream bench latency"),
        ("<!-- figures: peers-figure v1 1 speed --><!-- end -->", "peers-figure v1 1 speed cannot be had"),
        ("<!-- figures: peers-figure v1 9 screen_age_p50_ms --><!-- end -->", "cannot be had"),
        ("<!-- figures: peers-figure fastrtc 1 screen_age_p50_ms --><!-- end -->", "it was not run"),
        ("<!-- figures: peers-figure v1 --><!-- end -->", "cannot be had"),
        ("<!-- figures: bar engines unknown --><!-- end -->", "no row with .*unknown.*; there are .*lite, one hand: p50 ratio"),
        ("<!-- figures: peers -->", "no end"),
        ("<!-- end -->", "no end"),
        ("<!-- figures: peers --> <!-- figures: peers --> <!-- end -->", "no end"),
    ],
)
def test_what_cannot_be_filled_is_said(measured: Measured, text: str, message: str) -> None:
    with pytest.raises(HandstreamError, match=message):
        filled(text, measured)
