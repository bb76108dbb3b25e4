"""What the sessions of a benchmark saw: `settle` makes a `SessionRecord` of what was sent and what came back.

A frame is dropped if a later one was answered and it never was. Frames at the end of which nothing was heard, since they queue somewhere,
have at least the age at which the session gave up waiting, and count with that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["SessionRecord", "Window", "settle"]


@dataclass(slots=True, kw_only=True)
class SessionRecord:
    """What one session saw of the frames that were due in the measured time. Lists have one entry for each that has an age, in order.

    Attributes:
        offered: Frames sent, or due when the session had ended.
        answered: Those that were answered.
        dropped: Those that were not, though a later one was, or the session had ended.
        arrived: Answers that came within the measured time, whichever frame they answer.
        due_s: When each was due, in seconds from the start of the measured time.
        ages_ms: From when it was due to the arrival of its answer.
        spans_ms: The parts of it, by name, where the server tells them (`handstream.v1`).
        down_bytes: Bytes of the answers.
        error: Why the session ended early, or never began; empty if it did not.
    """

    offered: int = 0
    answered: int = 0
    dropped: int = 0
    arrived: int = 0
    due_s: list[float] = field(default_factory=list)
    ages_ms: list[float] = field(default_factory=list)
    spans_ms: dict[str, list[float]] = field(default_factory=dict)
    down_bytes: int = 0
    error: str = ""


class Window(NamedTuple):
    """The measured time, on the monotonic clock in ns, and when a session gave up waiting for what was sent in it."""

    begin_ns: int
    end_ns: int
    gave_up_ns: int


def settle(
    due_ns: Sequence[int],
    sent_ns: Sequence[int],
    answers: Mapping[int, tuple[int, int, dict[str, float]]],
    window: Window,
    *,
    error: str = "",
) -> SessionRecord:
    """What became of each frame that was due in the measured time.

    Args:
        due_ns: When each frame was due, by its number.
        sent_ns: When each that left did.
        answers: By frame: when the answer came, its bytes, and the spans that it told.
        window: The measured time.
        error: Why it ended early.
    """
    arrivals_ns = [arrived_ns for arrived_ns, _, _ in answers.values()]
    record = SessionRecord(error=error, arrived=sum(window.begin_ns <= time_ns < window.end_ns for time_ns in arrivals_ns))
    newest = max(answers, default=-1)
    for frame_id, due in enumerate(due_ns):
        if not window.begin_ns <= due < window.end_ns:
            continue
        record.offered += 1
        if frame_id in answers:
            arrived_ns, down_bytes, spans_ms = answers[frame_id]
            record.answered += 1
            record.down_bytes += down_bytes
            _add_spans(record, due, sent_ns[frame_id], arrived_ns, spans_ms)
        elif frame_id < newest or error:
            record.dropped += 1
            continue
        else:
            arrived_ns = window.gave_up_ns
        record.due_s.append((due - window.begin_ns) / 1e9)
        record.ages_ms.append((arrived_ns - due) / 1e6)
    return record


def _add_spans(record: SessionRecord, due_ns: int, sent_ns: int, arrived_ns: int, spans_ms: Mapping[str, float]) -> None:
    """The server's spans, and around them what passed in the client before and on the network both ways."""
    if not spans_ms:
        return
    client_ms = (sent_ns - due_ns) / 1e6
    parts = {"client": client_ms, **spans_ms, "network": (arrived_ns - sent_ns) / 1e6 - spans_ms["server"]}
    for name, span_ms in parts.items():
        record.spans_ms.setdefault(name, []).append(span_ms)
