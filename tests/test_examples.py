"""The example clients, each as a user would run it, against a real server."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.conftest import ROOT
from tests.server.fake_engine import FakeEngine
from tests.server.serving import jpeg, serving, until

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = ROOT / "examples"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def run(example: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, EXAMPLES / example, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_plain_client(tmp_path: Path) -> None:
    (tmp_path / "picture.jpg").write_bytes(jpeg())
    (tmp_path / "broken.jpg").write_bytes(jpeg(width_px=320)[:-200])
    with serving() as server:
        output = run("plain_client.py", f"{server.video_url}?output=landmarks", *map(str, sorted(tmp_path.iterdir())))
    assert "truncated_image" in output.splitlines()[0]
    assert "('Left', [0.45, 0.45, 0.045]), ('Right', [0.45, 0.45, 0.045])" in output.splitlines()[1]


def test_client(tmp_path: Path) -> None:
    clip = str(tmp_path / "clip.avi")
    writer = cv2.VideoWriter(clip, cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for level in range(0, 200, 10):
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    with serving() as server:
        output = run("client.py", clip, server.url)
    assert len(re.findall(r"^frame \d+: Left 0\.45 0\.45, Right 0\.45 0\.45 \(\d+\.\d ms\)$", output, re.MULTILINE)) >= 5
    assert "ClientStatistics(" in output


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_plain_client_in_a_browser(tmp_path: Path) -> None:
    assert CHROMIUM is not None
    engine = FakeEngine()
    options = ["--headless", "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--disable-gpu"]
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), QuietHandler) as pages,
        serving(lambda: engine, allow_origins=f"http://127.0.0.1:{pages.server_port}") as server,
    ):
        Thread(target=pages.serve_forever, daemon=True).start()
        page = f"http://127.0.0.1:{pages.server_port}/plain_client.html?server={server.video_url}"
        browser = subprocess.Popen([CHROMIUM, *options, f"--user-data-dir={tmp_path}", page], stderr=subprocess.DEVNULL)
        try:
            # The first tracker is the warm-up's. The page sends a frame only when the one before it was answered.
            until(lambda: len(engine.trackers) > 1 and len(engine.trackers[1].levels) >= 5)
        finally:
            browser.terminate()
            browser.wait()
            pages.shutdown()


def test_the_plain_clients_are_as_short_as_the_readme_says() -> None:
    script = re.search(r"<script[^>]*>\n(.*)</script>", (EXAMPLES / "plain_client.html").read_text(), re.DOTALL)
    assert script is not None
    assert len(script[1].splitlines()) <= 16
    code = (EXAMPLES / "plain_client.py").read_text().partition('"""\n\n')[2]
    assert len([line for line in code.splitlines() if line]) <= 15


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves the examples and says nothing."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, directory=str(EXAMPLES), **kwargs)  # type: ignore[arg-type]

    def log_message(self, *_: object) -> None:
        pass
