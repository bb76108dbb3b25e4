"""Spans of frames: their times and attributes, which frames get one, and whose trace they belong to."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from websockets.sync.client import connect

from handstream.frames import Stage
from handstream.server import telemetry
from handstream.server.figures import AnsweredFrame
from handstream.server.telemetry import FrameTelemetry
from tests.server.serving import WAIT_S, jpeg, serving, until

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

TRACE_ID = 0x0AF7651916CD43DD8448EB211C80319C
TRACEPARENT = f"00-{TRACE_ID:032x}-b7ad6b7169203331-01"
FRAME = AnsweredFrame("a1b2c3d4", 7, 1_000_000, {Stage.RECEIVE: 100, Stage.QUEUE: 20_000, Stage.TRACK: 3_000_000}, 2, 30_000, 500)


def open_telemetry(ratio: float) -> tuple[FrameTelemetry, InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    return FrameTelemetry(ratio, SimpleSpanProcessor(exporter)), exporter


def frames_of(exporter: InMemorySpanExporter) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == "frame"]


def test_a_frame_is_a_span_with_a_child_for_each_stage_that_add_up() -> None:
    spans_of, exporter = open_telemetry(1)
    spans_of.observer({})(FRAME)
    *stages, frame = exporter.get_finished_spans()
    assert [span.name for span in stages] == ["receive", "queue", "track"]
    assert frame.name == "frame"
    assert frame.parent is None
    assert frame.context is not None
    assert all(span.parent is not None and span.parent.span_id == frame.context.span_id for span in stages)
    edges_ns = [stages[0].start_time, *(span.end_time for span in stages)]
    assert [span.start_time for span in stages] == edges_ns[:-1], "each begins where the one before it ended"
    assert (frame.start_time, frame.end_time) == (edges_ns[0], edges_ns[-1])
    assert (frame.end_time or 0) - (frame.start_time or 0) == FRAME.age_ns
    assert dict(frame.attributes or {}) == {
        "handstream.session": "a1b2c3d4",
        "handstream.frame_id": 7,
        "handstream.hands": 2,
        "handstream.received_bytes": 30_000,
        "handstream.sent_bytes": 500,
    }
    assert not any(span.attributes for span in stages)
    assert frame.resource.attributes["service.name"] == "handstream"


@pytest.mark.parametrize("ratio", [0.01, 0.1, 0.5, 1])
def test_so_many_frames_are_sampled(ratio: float) -> None:
    spans_of, exporter = open_telemetry(ratio)
    observe = spans_of.observer({})
    for _ in range(1000):
        observe(FRAME)
    assert len(frames_of(exporter)) == pytest.approx(1000 * ratio, abs=1)


@pytest.mark.parametrize("header", ["", "nonsense", "00-" + "0" * 32 + "-b7ad6b7169203331-01", TRACEPARENT[:-5]])
def test_a_header_that_is_no_trace_context_begins_a_trace(header: str) -> None:
    spans_of, exporter = open_telemetry(1)
    spans_of.observer({"traceparent": header})(FRAME)
    assert frames_of(exporter)[0].parent is None


def test_a_client_that_does_not_record_its_trace_gets_no_spans() -> None:
    spans_of, exporter = open_telemetry(1)
    spans_of.observer({"traceparent": TRACEPARENT[:-1] + "0"})(FRAME)
    assert exporter.get_finished_spans() == ()


def test_the_frames_of_a_connection_belong_to_the_trace_that_it_named(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = InMemorySpanExporter()
    monkeypatch.setattr(telemetry, "_to_collector", lambda: SimpleSpanProcessor(exporter))
    with serving(trace_sample_ratio=1.0) as server:
        with connect(server.video_url, additional_headers={"traceparent": TRACEPARENT}) as websocket:
            for _ in range(3):
                websocket.send(jpeg())
                websocket.recv(WAIT_S)
        until(lambda: len(frames_of(exporter)) == 3)
    frames = frames_of(exporter)
    assert {span.context.trace_id for span in frames if span.context is not None} == {TRACE_ID}
    assert [dict(span.attributes or {})["handstream.frame_id"] for span in frames] == [0, 1, 2]
    stages = [span.name for span in exporter.get_finished_spans()][:7]
    assert stages == ["receive", "queue", "decode", "track", "annotate", "encode", "send"]


def test_nothing_is_made_unless_it_is_asked_for() -> None:
    with serving() as server:
        assert server.app.state.observation.telemetry is None


def test_without_the_extra_it_is_said_what_to_install() -> None:
    program = "from handstream.cli import main\nfrom handstream.server import telemetry\n"
    program += "telemetry.find_spec = lambda _: None\nmain()"
    command = [sys.executable, "-c", program, "serve", "--port", "0", "--trace-sample-ratio", "0.1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "pip install 'handstream[telemetry]'" in done.stderr
    assert "Traceback" not in done.stderr
