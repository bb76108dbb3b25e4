"""`handstream bench` as a user runs it, in seconds."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from typer.testing import CliRunner

from handstream.bench.ablation import STEPS, Ablation
from handstream.bench.capacity import Capacity
from handstream.bench.options import BenchOptions
from handstream.bench.soak import Soak
from handstream.cli.bench import app
from tests.bench.reports import capacity
from tests.processes import has_ended
from tests.server.serving import serving, until

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = (sys.executable, "-m", "handstream", "bench")


def bench(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *options], capture_output=True, text=True, timeout=280, check=False)


def measured(tmp_path: Path, *options: str) -> dict[str, Any]:
    done = bench(*options, "--json", str(tmp_path / "report.json"), "--html", str(tmp_path / "report.html"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.html").stat().st_size > 10_000
    report: dict[str, Any] = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["is_complete"]
    return report


@pytest.mark.slow
def test_latency_tells_stages_and_kernels(tmp_path: Path) -> None:
    report = measured(tmp_path, "latency", "--seconds", "0.5", "--repeats", "1")
    one, four = report["results"]
    assert (one["sessions"], four["sessions"]) == (1, 4)
    assert {"queue", "decode", "track", "encode", "network"} <= {span["name"] for span in one["spans"]}
    assert [kernel["name"] for kernel in one["kernels"]] == ["decode", "network", "encode", "sum"]
    assert one["over_kernels_p50"]["median"] > 0
    assert one["errors"] == four["errors"] == []


@pytest.mark.slow
def test_capacity_tells_what_held(tmp_path: Path) -> None:
    report = measured(
        tmp_path,
        "capacity",
        "--seconds",
        "0.5",
        "--repeats",
        "1",
        "--limit",
        "1",
        "--no-compare",
        "--output",
        "landmarks",
        "--size",
        "320x240",
    )
    [result] = report["results"]
    assert result["name"] == "handstream, landmarks"
    assert [trial["sessions"] for trial in result["trials"]] == [1]
    assert result["trials"][0]["errors"] == []


@pytest.mark.slow
def test_soak_tells_memory_files_and_threads(tmp_path: Path) -> None:
    report = measured(tmp_path, "soak", "--minutes", "0.05", "--seconds", "1", "--sessions", "1")
    points = report["results"][0]["points"]
    assert len(points) == 3
    assert all(point["memory_mb"] > 0 and point["threads"] > 0 and point["errors"] == [] for point in points)


@pytest.mark.parametrize(("options", "is_found"), [((), True), (("--sessions", "4"), False)])
def test_soak_reports_the_capacity_unless_the_number_of_sessions_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], *, is_found: bool
) -> None:
    monkeypatch.setattr(Capacity, "run", lambda *_: None)
    monkeypatch.setattr(Capacity, "results", lambda _: [capacity("handstream", 5)])
    monkeypatch.setattr(Soak, "run", lambda *_: None)
    done = CliRunner().invoke(app, ["soak", "--json", str(tmp_path / "soak.json"), *options])
    assert done.exit_code == 0, done.output
    [result] = json.loads((tmp_path / "soak.json").read_text(encoding="utf-8"))["results"]
    assert result["sessions"] == 4, "0.8 of the capacity, or the number that was given"
    assert (result["capacity"] is not None and result["capacity"]["sessions"] == 5) is is_found


@pytest.mark.slow
def test_ablation_compares_the_first_step_with_the_last() -> None:
    pytest.importorskip("mediapipe.python.solutions.hands", reason="the original runs mediapipe 0.10.21")
    ablation = Ablation(BenchOptions(seconds=0.5, repeats=1), steps=(STEPS[0], STEPS[-1]), loads=(1,))
    told: list[str] = []
    ablation.run(told.append)
    first, last = ablation.rows()
    assert len(told) == ablation.measurements == 2
    assert (first.step, last.step) == ("original, as first written", "+ landmarks only")
    assert first.down_bytes.median > 20 * last.down_bytes.median, "a picture in base64 and a few hundred bytes"
    assert first.errors == last.errors == []


@pytest.mark.slow
def test_a_server_elsewhere_is_measured_without_kernels(tmp_path: Path) -> None:
    with serving() as server:
        report = measured(tmp_path, "latency", "--seconds", "0.5", "--repeats", "1", "--url", server.url)
    assert [result["kernels"] for result in report["results"]] == [[], []]
    assert all(result["frames_per_second"]["median"] > 0 for result in report["results"])


@pytest.mark.slow
def test_ctrl_c_leaves_what_was_measured_and_no_process(tmp_path: Path) -> None:
    command = [*COMMAND, "latency", "--seconds", "0.5", "--repeats", "20", "--json", str(tmp_path / "report.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        # It is told before each measurement what is measured: when the second begins, the first is done.
        assert [process.stderr.readline() for _ in range(2)] == ["round 1, 1 session\n", "round 1, 4 sessions\n"]
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "part of a frame's age" in output
    assert not json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["is_complete"]
    assert len(family) > 3
    until(lambda: all(map(has_ended, family)))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("latency", "--size", "640"), "640x480"),
        (("latency", "--size", "640x99999"), "3840"),
        (("latency", "--url", "127.0.0.1:8000"), "http://127.0.0.1:8000"),
        (("capacity", "--url", "http://127.0.0.1:1", "--workers", "2"), "leave out --workers"),
        (("capacity", "--url", "http://127.0.0.1:1", "--precision", "auto"), "leave out --workers and --precision"),
        (("latency", "--url", "http://127.0.0.1:1", "--precision", "auto"), "leave out --precision"),
        (("latency", "--json", "/nowhere/report.json", "--url", "http://127.0.0.1:1"), "/nowhere"),
    ],
)
def test_a_mistake_is_told_before_anything_is_measured(options: tuple[str, ...], told: str) -> None:
    done = bench(*options)
    assert done.returncode == 1
    assert told in done.stderr
