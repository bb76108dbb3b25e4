"""One target in a process of its own: `python -m tests.fuzz.one TARGET INPUTS RESULT` gives it inputs and writes what it saw to a file.

The file is written again and again, so that it says where it was even if the process crashes. Messages are made by atheris (libFuzzer),
which sees which lines an input reaches and looks for others; broken images are made by `broken_images`, since what matters there happens in
libraries that carry no instrumentation.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Finding"]

_WARM_UP = 0.2
"""The part of the inputs after which memory is read the first time."""

_WRITE_EVERY = 1_000

_MESSAGE_SEEDS = (
    b"\x01\x01\x00\x12\x00\x00\x00\x00\x00\x01" + bytes(8) + b"\xff\xd8\xff",
    b"\x01\x02\x00\x48\x00\x02\x00\x00\x00\x01" + bytes(64),
    b'{"type": "hello", "features": ["ack"], "settings": {"output": "landmarks", "max_hands": 1}}',
    b'{"type": "settings", "settings": {"jpeg_quality": 50}}',
    b'\x01\x20{"type": "ack", "frame_id": 1}  \x00\x04abcd',
    b"output=landmarks&jpeg_quality=70&resume=true",
)
"""Where libFuzzer begins: one message of each kind."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one target's process saw.

    Attributes:
        target: The function that was given the inputs.
        inputs: How many it was given.
        seconds: How long they took together.
        slowest_ms: How long the slowest took.
        grown_mb: By how much the resident memory grew after the warm-up.
        failure: The error that ended it, with the input, or None.
    """

    target: str
    inputs: int
    seconds: float
    slowest_ms: float
    grown_mb: float
    failure: str | None


class Meter:
    """Calls a target, and keeps count, the slowest call and the growth of memory."""

    def __init__(self, target: Callable[[bytes], None], inputs: int, result: Path) -> None:
        self._target = target
        self._inputs = inputs
        self._result = result
        self._done = 0
        self._slowest_s = 0.0
        self._warm_bytes = 0
        self._start_s = time.monotonic()

    def call(self, data: bytes) -> None:
        """One input."""
        start_s = time.perf_counter()
        try:
            self._target(data)
        except BaseException as error:
            self._write(f"{type(error).__name__}: {error}; the input begins with {data[:200].hex()}")
            raise
        self._slowest_s = max(self._slowest_s, time.perf_counter() - start_s)
        self._done += 1
        if self._done == max(1, round(self._inputs * _WARM_UP)):
            self._warm_bytes = psutil.Process().memory_info().rss
        if self._done % _WRITE_EVERY == 0 or self._done == self._inputs:
            self._write(None)

    def _write(self, failure: str | None) -> None:
        grown_bytes = psutil.Process().memory_info().rss - self._warm_bytes if self._warm_bytes else 0
        seconds = round(time.monotonic() - self._start_s, 1)
        name = self._target.__name__
        finding = Finding(name, self._done, seconds, round(self._slowest_s * 1e3, 1), round(grown_bytes / 1e6, 1), failure)
        self._result.write_text(json.dumps(asdict(finding)))


def _fuzz_messages(name: str, inputs: int, result: Path) -> None:
    """With atheris, which ends the process itself."""
    import atheris  # noqa: PLC0415 - its wheels are for one system, and it instruments what is imported after it

    with atheris.instrument_imports(include=["handstream.protocol", "handstream.vision.image_header"]):
        from tests.fuzz.targets import MESSAGE_TARGETS  # noqa: PLC0415 - see above

    with tempfile.TemporaryDirectory() as corpus:
        for index, seed in enumerate(_MESSAGE_SEEDS):
            Path(corpus, str(index)).write_bytes(seed)
        arguments = ["fuzz", corpus, f"-runs={inputs}", "-max_len=1024", "-timeout=5", "-verbosity=0", f"-artifact_prefix={corpus}/"]
        # libFuzzer would bound the peak of memory, which a process inherits from the one that started it; `Meter` tells the growth.
        memory = ["-rss_limit_mb=0", "-malloc_limit_mb=1024"]
        atheris.Setup([*arguments, *memory], Meter(MESSAGE_TARGETS[name], inputs, result).call)
        atheris.Fuzz()


def _fuzz_images(inputs: int, result: Path) -> None:
    from tests.fuzz.broken_images import broken, seeds  # noqa: PLC0415 - the other targets need none of it
    from tests.fuzz.targets import image  # noqa: PLC0415 - see above

    meter = Meter(image, inputs, result)
    whole = list(seeds().values())
    for data in (*whole, *islice(broken(seed=1), inputs - len(whole))):
        meter.call(data)


if __name__ == "__main__":
    _, _name, _inputs, _result = sys.argv
    if _name == "image":
        _fuzz_images(int(_inputs), Path(_result))
    else:
        _fuzz_messages(_name, int(_inputs), Path(_result))
