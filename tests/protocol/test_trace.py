"""Stamps to spans, and the golden sequences that the TypeScript twin reckons alike.

After a deliberate change the sequences in tests/vectors/trace.json are written anew with `python -m tests.protocol.test_trace`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from handstream.frames import Stage
from handstream.protocol.trace import SERVER_STAGES, Trace, spans_ms
from tests.protocol.golden import write_sequences

VECTORS = Path(__file__).parents[1] / "vectors" / "trace.json"

waits_ns = st.integers(0, 10**12)


def test_a_stage_begins_where_the_one_before_it_ended() -> None:
    trace = Trace(100)
    trace.end(Stage.RECEIVE, 130)
    trace.end(Stage.QUEUE, 150)
    trace.end(Stage.SEND, 1_150)
    assert trace.spans_ns == {Stage.RECEIVE: 30, Stage.QUEUE: 20, Stage.SEND: 1_000}


@given(st.lists(waits_ns, min_size=1, max_size=len(SERVER_STAGES)))
def test_the_spans_add_up_to_the_whole(waits_ns: list[int]) -> None:
    trace, now_ns = Trace(5), 5
    for stage, wait_ns in zip(SERVER_STAGES, waits_ns, strict=False):
        now_ns += wait_ns
        trace.end(stage, now_ns)
    assert sum(trace.spans_ns.values()) == now_ns - 5 == trace.last_time_ns - 5
    assert list(trace.spans_ns) == list(SERVER_STAGES[: len(waits_ns)])


def test_spans_in_milliseconds_have_a_microseconds_precision() -> None:
    assert spans_ms({Stage.TRACK: 7_234_567, Stage.SEND: 400}) == {"track": 7.235, "send": 0.0}


@given(st.tuples(waits_ns, waits_ns, waits_ns, waits_ns), st.dictionaries(st.sampled_from(SERVER_STAGES), waits_ns))
def test_a_crossing_leaves_no_gap(times: tuple[int, int, int, int], stages_ns: dict[Stage, int]) -> None:
    pack_ns, up_ns, down_ns, unpack_ns = times
    trace = Trace(7)
    trace.end(Stage.PACK, 7 + pack_ns)
    arrival_ns = trace.last_time_ns + up_ns + sum(stages_ns.values()) + down_ns
    trace.cross(up_ns, stages_ns, arrival_ns)
    trace.end(Stage.UNPACK, arrival_ns + unpack_ns)
    assert sum(trace.spans_ns.values()) == arrival_ns + unpack_ns - 7
    assert trace.spans_ns[Stage.NETWORK_DOWN] == down_ns
    assert [stage for stage in Stage if stage in trace.spans_ns] == list(trace.spans_ns)


# --- the golden sequences

Step = tuple[str, str, int] | tuple[str, int, dict[str, int], int]

WHOLE_WAY: list[Step] = [
    ("end", "capture", 1_003_000_000),
    ("end", "hold", 1_003_000_000),
    ("end", "pack", 1_008_250_000),
    ("cross", 400_000, {"receive": 21_000, "queue": 90_000, "decode": 1_501_000, "track": 7_004_000, "send": 33_000}, 1_017_700_000),
    ("end", "unpack", 1_017_900_000),
    ("end", "render", 1_019_100_000),
    ("end", "present", 1_026_400_000),
]

SEQUENCES: dict[str, tuple[int, list[Step]]] = {
    "the whole way with landmarks": (1_000_000_000, WHOLE_WAY),
    "an annotated answer": (5, [("end", "pack", 9), ("cross", 2, dict.fromkeys((s.value for s in SERVER_STAGES), 3), 40)]),
    "stages that were rounded up beyond the answer's arrival": (
        0,
        [("end", "pack", 10), ("cross", 0, {"track": 1_000}, 900), ("end", "unpack", 950)],
    ),
    "a frame that the server dropped": (2**52, [("end", "capture", 2**52 + 1), ("end", "hold", 2**52 + 3), ("end", "pack", 2**52 + 9)]),
    "a span told by another clock": (100, [("add", "network_up", 50), ("end", "receive", 160)]),
}


def sequences() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "start_time_ns": start_ns,
            "steps": [[*step, *reckoned] for step, reckoned in zip(steps, reckon(start_ns, steps), strict=True)],
        }
        for name, (start_ns, steps) in SEQUENCES.items()
    ]


def reckon(start_ns: int, steps: list[Step]) -> list[tuple[dict[str, int], int]]:
    """The spans so far and the newest stamp after each step."""
    trace, reckoned = Trace(start_ns), []
    for step in steps:
        match step:
            case ("end", stage, now_ns):
                trace.end(Stage(stage), int(now_ns))
            case ("add", stage, span_ns):
                trace.add(Stage(stage), int(span_ns))
            case ("cross", int(up_ns), dict(stages_ns), now_ns):
                trace.cross(up_ns, {Stage(name): span_ns for name, span_ns in stages_ns.items()}, now_ns)
        reckoned.append(({stage.value: span_ns for stage, span_ns in trace.spans_ns.items()}, trace.last_time_ns))
    return reckoned


def test_the_golden_sequences_hold_what_this_implementation_reckons() -> None:
    assert json.loads(VECTORS.read_text()) == sequences(), "if the change is meant: python -m tests.protocol.test_trace"


if __name__ == "__main__":
    write_sequences(VECTORS, sequences())
