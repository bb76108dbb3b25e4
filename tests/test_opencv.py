"""OpenCV uses one thread and writes nothing in the processes that are handstream's own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from websockets.sync.client import connect

from handstream.bench.processes import listening
from tests.fuzz.broken_images import seeds
from tests.server.serving import WAIT_S

if TYPE_CHECKING:
    from pathlib import Path

BROKEN = seeds()["animated webp"][:-40]
"""OpenCV would say of this one that it cannot read it."""

DECODE = "import sys, cv2, numpy; cv2.imdecode(numpy.frombuffer(sys.stdin.buffer.read(), numpy.uint8), 1); print(cv2.getNumThreads())"


def decoded(setting_up: str) -> tuple[bytes, bytes]:
    done = subprocess.run([sys.executable, "-c", setting_up + DECODE], input=BROKEN, capture_output=True, check=True)
    return done.stdout.strip(), done.stderr


def test_it_is_set_up_before_it_is_imported() -> None:
    assert decoded("from handstream.opencv import set_up_opencv; set_up_opencv(); ") == (b"1", b"")
    assert decoded("")[1] != b"", "there is something to be silent about"


def test_a_server_for_a_benchmark_is_set_up_as_the_command_is(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with (
        listening([sys.executable, "-m", "handstream.bench.served"], log, "served") as (url, _),
        connect(url, compression=None) as websocket,
    ):
        websocket.send(BROKEN)
        assert "truncated_image" in str(websocket.recv(WAIT_S))
    assert len(log.read_text().splitlines()) == 1, "where it listens"
