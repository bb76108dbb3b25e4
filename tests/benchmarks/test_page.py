"""The arithmetic of the page's benchmark: parts of a stream, ages, drops, whose the time is, the panel's cost, and the verdicts."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from benchmarks.page import Results, bars, sheets, summed_up, write_results
from benchmarks.page_trials import chromium
from benchmarks.page_trials.figures import Window, display_difference_ms, panel, row, windows
from benchmarks.page_trials.plan import FIRST_3G, QUICK, WHOLE, DisplayTrial, PanelTrial, StreamTrial, trials

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.page_trials.plan import Lengths, Trial

SPANS_MS = {"capture": 1.0, "pack": 6.0, "network_up": 30.0, "track": 8.0, "network_down": 40.0, "render": 1.0, "present": 4.0}


def frame(settled_ms: float, spans_ms: Mapping[str, float] = SPANS_MS, **changes: Any) -> dict[str, Any]:
    """As the page's panel saves one, as far as it is looked at."""
    captured_ms = settled_ms - sum(spans_ms.values())
    saved = {"outcome": "shown", "dropped_at": None, "captured_ms": captured_ms, "settled_ms": settled_ms, "stages_ms": spans_ms}
    return saved | changes


def steady(fps: float, begin_ms: float, seconds: float) -> list[dict[str, Any]]:
    return [frame(begin_ms + 1e3 * number / fps) for number in range(round(seconds * fps))]


SLOW = StreamTrial(path="3g", output="landmarks", scenarios=(FIRST_3G, "3g"), marks_s=(0, 10, 14))
SLOW_MEASURED = {"chromium": "1", "began_ms": 500, "skipped": [0, 90, 100], "frames": steady(10, 500, 10) + steady(30, 10_500, 5)}
PANEL_MEASURED = {
    "chromium": "1",
    "rounds": [
        {"open": {"seconds": 2, "busyMs": open_ms, "frames": 60}, "closed": {"seconds": 2, "busyMs": 240, "frames": 60}}
        for open_ms in (282, 270, 600)
    ],
}


def test_a_stream_is_cut_at_its_marks() -> None:
    found = windows(SLOW, SLOW_MEASURED)
    assert [(name, one.seconds, len(one.frames), one.skipped) for name, one in found.items()] == [
        (FIRST_3G, 10, 100, 90),
        ("3g", 4, 120, 10),
    ]


def test_a_row_has_the_median_of_the_rounds_and_their_range() -> None:
    rounds = [Window(2, [frame(1000 + number, {"track": age_ms}) for number in range(20)], 0) for age_ms in (10.0, 40.0, 20.0)]
    found = row("4g", "landmarks", rounds)
    assert (found.age_p50_ms.low, found.age_p50_ms.median, found.age_p50_ms.high) == pytest.approx((10, 20, 40))
    assert found.frames_per_second.median == 10


def test_whose_the_time_is_adds_up_to_the_age() -> None:
    found = row("4g", "landmarks", [Window(1, steady(30, 0, 1), 0)])
    assert found.parts_ms == pytest.approx({"ours": 15, "network": 70, "camera": 1, "screen": 4})
    assert sum(found.parts_ms.values()) == pytest.approx(found.age_p50_ms.median)
    assert sum(found.shares.values()) == pytest.approx(1)
    assert found.stages_ms == pytest.approx(SPANS_MS)


def test_frames_that_are_older_than_most_do_not_count_for_the_stages() -> None:
    late = [frame(2000, SPANS_MS | {"queue": 500.0})] * 5
    assert "queue" not in row("4g", "landmarks", [Window(1, steady(30, 0, 1) + late, 0)]).stages_ms


def test_what_was_not_shown_is_counted_by_stage_and_has_no_age() -> None:
    others = [
        frame(1, outcome="dropped", dropped_at="queue", stages_ms={}, captured_ms=-900),
        frame(2, outcome="passed_over"),
        frame(3, outcome="dropped", dropped_at="queue", stages_ms={}),
    ]
    found = row("3g", "annotated", [Window(1, steady(30, 0, 1) + others, 7)])
    assert found.drops == {"capture": 7, "queue": 2, "passed_over": 1}
    assert found.age_p95_ms.median == pytest.approx(90)
    assert found.frames_per_second.median == 30


def test_a_stream_that_showed_nothing_has_no_age() -> None:
    found = row("3g", "annotated", [Window(1, [], 0)])
    assert math.isnan(found.age_p50_ms.median)
    assert found.frames_per_second.median == 0
    assert not any(found.shares.values())


def test_the_difference_is_taken_without_its_sign() -> None:
    frames = [{"wholeMs": 40.0, "sumMs": 40.0 + difference} for difference in (-2.0, *[0.1] * 99)]
    assert display_difference_ms({"frames": frames}) == pytest.approx(0.1)
    assert display_difference_ms({"frames": frames[:1]}) == pytest.approx(2)


def test_the_panel_costs_what_a_frame_takes_more_with_it_open() -> None:
    found = panel(PANEL_MEASURED)
    assert (found.rounds, found.closed_ms.median, found.open_ms.median) == (3, 4.0, 4.7)
    assert found.cost_ms.median == pytest.approx(0.7)
    assert found.frames_per_second.median == 30


@pytest.mark.parametrize("lengths", [WHOLE, QUICK])
def test_the_plan_takes_turns_and_loses_no_frame(lengths: Lengths) -> None:
    planned = trials(lengths)
    streams = [(trial.path, trial.output) for trial in planned if isinstance(trial, StreamTrial)]
    assert streams == [(path, output) for path in ("loopback", "4g", "3g") for output in ("landmarks", "annotated")] * lengths.rounds
    assert all(len(trial.marks_s) == len(trial.scenarios) + 1 for trial in planned if isinstance(trial, StreamTrial))
    assert max(trial.marks_s[-1] for trial in planned if isinstance(trial, StreamTrial)) * 30 < 600


@pytest.fixture
def results() -> Results:
    """One stream, one display trial and the panel; another stream failed."""
    planned: list[Trial] = [SLOW, SLOW, DisplayTrial(frames=1), PanelTrial(rounds=3, frames=60)]
    display = {"chromium": "1", "frames": [{"wholeMs": 40.0, "sumMs": 40.4}]}
    return summed_up({"processor": "a test"}, planned, [SLOW_MEASURED, None, display, PANEL_MEASURED])


def test_bars_are_the_round_trip_and_what_may_come_on_top(results: Results) -> None:
    found = {bar.name: bar for bar in bars(results)}
    assert found["3g, landmarks: capture to display p50, ms"].limit == 320
    assert found["3g, landmarks: capture to display p50, ms"].value == pytest.approx(90)
    assert found["4g, annotated: capture to display p50, ms"].limit == 100
    assert found["4g, annotated: capture to display p50, ms"].verdict == "not measured"
    assert found["sum of the stages against capture to display: p95, ms"].value == pytest.approx(0.4)
    assert found["latency panel: main thread, ms a frame"].verdict == "reached"


def test_a_report_is_written_whole(results: Results, tmp_path: Path) -> None:
    write_results(tmp_path, results)
    text = (tmp_path / "page.md").read_text()
    assert all(sheet.title in text for sheet in sheets(results))
    assert "100 capture" not in text, "each part of a stream has its own"
    assert "90 capture" in text
    assert "trial 1 (stream)" in text
    assert json.loads((tmp_path / "page.json").read_text())["machine"]["chromium"] == "1"


@pytest.fixture
def playwright(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script in the place of Playwright, to be written."""
    script = tmp_path / "playwright.mjs"
    monkeypatch.setattr(chromium, "_FOLDER", tmp_path / "page")
    monkeypatch.setattr(chromium, "_PLAYWRIGHT", script)
    monkeypatch.setattr(chromium, "_PAGE", tmp_path)
    return script


def test_a_trial_that_fails_leaves_the_others(playwright: Path, tmp_path: Path) -> None:
    playwright.write_text(f"import {{ writeFileSync }} from 'node:fs'; writeFileSync('{tmp_path}/page/1.json', '{{\"frames\": []}}');")
    told: list[int] = []
    assert chromium.carry_out([SLOW, DisplayTrial(frames=1)], told.append) == [None, {"frames": []}]
    assert json.loads((tmp_path / "page" / "plan.json").read_text())[1] == {"frames": 1, "kind": "display"}
    assert told


def test_what_playwright_said_is_quoted_where_nothing_was_measured(playwright: Path) -> None:
    playwright.write_text("console.log('No Chromium was found');")
    with pytest.raises(HandstreamError, match="nothing could be measured in Chromium: No Chromium was found"):
        chromium.carry_out([SLOW], print)


@pytest.mark.usefixtures("playwright")
def test_a_page_that_is_not_built_is_said() -> None:
    with pytest.raises(HandstreamError, match=r"make src/handstream/page/index.html"):
        chromium.carry_out([SLOW], print)
