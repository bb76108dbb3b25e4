"""What a benchmark leaves behind. The page is tested in web/e2e/report.spec.ts."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from handstream.bench.capacity import CapacityResult
from handstream.bench.options import BenchOptions
from handstream.bench.report import Report, escaped_json
from handstream.bench.spread import Spread

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

HOSTILE = '</script><img src="http://127.0.0.1:1/" onerror="document.title=1"><!--<script>&lt;\u2028'

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([HOSTILE]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(json_values)
def test_json_in_a_page_means_the_same_and_holds_no_markup(value: object) -> None:
    text = escaped_json(value)
    assert json.loads(text) == value
    assert not set(text) & set("<>&\u2028\u2029")


def test_what_is_no_number_is_null() -> None:
    report = Report.begin("latency", BenchOptions()).finished([Spread(math.nan, math.inf, 1.23456)], is_complete=True)
    assert report.as_json()["results"] == [{"median": None, "low": None, "high": 1.2346}]


def test_the_machine_is_described_as_it_was_before(monkeypatch: pytest.MonkeyPatch) -> None:
    report = Report.begin("latency", BenchOptions())
    monkeypatch.setattr("handstream.bench.report.describe_machine", lambda: {"load before": "that of the benchmark"})
    finished = report.finished([1], is_complete=True)
    assert (finished.machine, finished.began) == (report.machine, report.began)
    assert (finished.results, finished.is_complete) == ([1], True)
    assert (report.results, report.is_complete) == ([], False)


def test_the_figures_come_with_the_machine_and_the_options(tmp_path: Path) -> None:
    result = CapacityResult(name=HOSTILE, sessions=3, per_core=0.75, is_final=True, is_limit=False, trials=[])
    report = Report.begin("capacity", BenchOptions(repeats=5, token="secret"), limit=8).finished([result], is_complete=False)
    report.write_json(tmp_path / "report.json")
    written = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (written["format"], written["kind"], written["is_complete"]) == (1, "capacity", False)
    assert written["machine"]["python"]
    assert "secret" not in (tmp_path / "report.json").read_text(encoding="utf-8")
    assert (written["options"]["repeats"], written["options"]["limit"], written["options"]["output"]) == (5, 8, "annotated")
    assert written["results"][0]["name"] == HOSTILE


def test_the_page_holds_the_figures_once_and_asks_for_nothing(tmp_path: Path) -> None:
    result = CapacityResult(name=HOSTILE, sessions=3, per_core=0.75, is_final=True, is_limit=False, trials=[])
    Report.begin("capacity", BenchOptions()).finished([result], is_complete=True).write_html(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert HOSTILE not in page
    assert page.count(escaped_json(HOSTILE)) == 1
    assert "default-src 'none'" in page
    assert not [attribute for attribute in ('src="', 'href="', "url(") if attribute in page]
