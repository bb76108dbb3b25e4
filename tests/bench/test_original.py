"""The original system with its cures, over a real socket; it needs mediapipe."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from websockets.sync.client import connect

from handstream.bench.original import OriginalOptions, create_original_app
from handstream.demo import frames
from handstream.errors import HandstreamError
from handstream.vision.codec import decode, encode_jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def serving(*options: str) -> Iterator[str]:
    command = [sys.executable, "-m", "handstream.bench.original", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening on ws://127.0.0.1:")
            yield line.split()[-1]
        finally:
            process.terminate()


def answers(url: str, count: int, sent: int) -> list[dict[str, object]]:
    images = [encode_jpeg(rgb, 80) for rgb in frames(60, 60 + sent)]
    with connect(url, compression=None, max_size=None) as ws:
        for image in images:
            ws.send(image)
        return [json.loads(ws.recv(timeout=60)) for _ in range(count)]


@pytest.mark.parametrize("call", ["blocking", "executor"])
def test_every_frame_is_answered_in_order_with_its_picture_and_its_hands(call: str) -> None:
    pytest.importorskip("mediapipe.python.solutions.hands", reason="the original runs mediapipe 0.10.21")
    with serving("--engine-call", call, "--model-complexity", "0") as url:
        found = answers(url, 5, 5)
    assert [answer["frame_id"] for answer in found] == [0, 1, 2, 3, 4]
    image = decode(base64.b64decode(str(found[-1]["image"])), max_pixels=640 * 480)
    assert image.shape == (480, 640, 3)
    hands = found[-1]["hands"]
    assert isinstance(hands, list)
    assert len(hands[0]["landmarks"]) == 21


def test_with_a_mailbox_the_newest_frame_wins() -> None:
    pytest.importorskip("mediapipe.python.solutions.hands", reason="the original runs mediapipe 0.10.21")
    with serving("--engine-call", "executor", "--mailbox") as url:
        found = answers(url, 2, 30)
    assert found[-1]["frame_id"] != 1, "thirty frames came at once, and the second answer is about a later one than the second"


def test_without_mediapipe_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handstream.vision.engines.mediapipe.import_module", _missing)
    with pytest.raises(HandstreamError, match=r"0\.10\.21") as caught:
        create_original_app(OriginalOptions())
    assert caught.value.code == "missing_extra"


def _missing(name: str) -> None:
    raise ImportError(name)
