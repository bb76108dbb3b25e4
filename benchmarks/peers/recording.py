"""What one client saw: a `Recorder` notes it as it happens, a `Recording` is it as the harness reads it."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Recorder", "Recording"]

_ERRORS = 5
"""The first ones are kept."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Times are seconds of `time.perf_counter()`, which on Linux is one clock for all processes of a machine.

    Attributes:
        begin_s, end_s: The measured window.
        cpu_s: The client's own processor time in it.
        captured: For each frame its number and when it was captured, before anything was done to it.
        returned: For each decoded picture the number that it shows and when its pixels were there, in this order.
        unreadable: Returned pictures whose number could not be read.
        errors: What went wrong, in words.
    """

    begin_s: float
    end_s: float
    cpu_s: float
    captured: list[tuple[int, float]]
    returned: list[tuple[int, float]]
    unreadable: int
    errors: list[str]

    @classmethod
    def read(cls, file: Path) -> Recording:
        """The recording that a client wrote."""
        content = json.loads(file.read_text())
        for name in ("captured", "returned"):
            content[name] = [(number, at_s) for number, at_s in content[name]]
        return cls(**content)


class Recorder:
    """Notes what happens in a client, now."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self._captured: dict[int, float] = {}
        self._returned: list[tuple[int, float]] = []
        self._unreadable = 0
        self._marks: list[tuple[float, float]] = []

    def capture(self, number: int) -> None:
        """A frame was captured."""
        self._captured[number] = time.perf_counter()

    def come_back(self, number: int | None) -> None:
        """The pixels of a picture are there, and show that frame; None where its number cannot be read."""
        if number is None or number not in self._captured:
            self._unreadable += 1
        else:
            self._returned.append((number, time.perf_counter()))

    def mark(self) -> None:
        """The measured window begins; called again, it ends."""
        times = psutil.Process().cpu_times()
        self._marks.append((time.perf_counter(), times.user + times.system))

    def write(self, file: Path) -> None:
        """Hands all of it to the harness."""
        (begin_s, cpu_before_s), (end_s, cpu_after_s) = self._marks
        recording = Recording(
            begin_s=begin_s,
            end_s=end_s,
            cpu_s=cpu_after_s - cpu_before_s,
            captured=list(self._captured.items()),
            returned=self._returned,
            unreadable=self._unreadable,
            errors=self.errors[:_ERRORS],
        )
        file.write_text(json.dumps(asdict(recording)))
