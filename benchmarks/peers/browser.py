"""MediaPipe inside a headless Chromium: `measure_in_browser`.

The page plays the clip as a camera and works on the newest frame, so its figures are those of the other clients: the answer is there when
the hands are known. A server has no part in it but to hand out files. Chromium runs WebGL on the processor here, as on a machine without a
GPU; with one MediaPipe is faster.
"""

from __future__ import annotations

import json
import mimetypes
import shutil
import tempfile
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from benchmarks.peers.clients.jpeg import packed
from benchmarks.peers.environments import node_modules, task_bundle
from benchmarks.peers.numbered import NumberedClip
from benchmarks.peers.recording import Recording
from benchmarks.peers.run_figures import RunFigures, figures_of
from benchmarks.peers.sampling import Sampler

from handstream.bench.processes import end, last_words, start
from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.peers.contenders import BrowserPeer
    from benchmarks.peers.measurement import Course

__all__ = ["measure_in_browser"]

_PAGE = Path(__file__).parent / "page" / "index.html"
_FRAMES = 150
_LOAD_TIMEOUT_S = 30
"""For Chromium to start and MediaPipe to load its networks."""

_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--enable-logging=stderr"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"),
)
"""WebGL in software; nothing leaves the machine. The sandbox is off because it cannot be used in containers; the page is our own."""


def measure_in_browser(peer: BrowserPeer, course: Course) -> RunFigures:
    """One run: the page tracks in the newest frame for the window. Blocks.

    Raises:
        HandstreamError: There is no Chromium, the packages cannot be had, or the page fails; the text says why.
    """
    chromium = next(filter(None, map(shutil.which, _CHROMIUM_NAMES)), None)
    if chromium is None:
        raise HandstreamError("there is no Chromium on this machine")
    clip = NumberedClip(course.clip)
    files = _Files(node_modules(), task_bundle(), [packed(clip, number) for number in range(_FRAMES)])
    threading.Thread(target=files.serve_forever, daemon=True).start()
    query = {
        "engine": peer.engine,
        "frames": _FRAMES,
        "rate": course.frames_per_second,
        "warm_up_s": course.warm_up_s,
        "seconds": course.seconds,
    }
    log = course.scratch / "chromium.log"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        address = f"http://127.0.0.1:{files.server_port}/?{urlencode(query)}"
        process = start([chromium, *_FLAGS, f"--user-data-dir={profile}", address], log)
        try:
            with Sampler(process.pid) as sampler:
                is_done = files.done.wait(_LOAD_TIMEOUT_S + course.warm_up_s + course.seconds)
        finally:
            end(process)
            files.shutdown()
            files.server_close()
    if not is_done or "error" in files.report:
        raise HandstreamError(f"the page failed: {files.report.get('error') or last_words(log)}"[:300])
    return figures_of([_recording(files.report, files.began_s)], sampler.samples)


def _recording(report: dict[str, Any], began_s: float) -> Recording:
    """What the page saw, moved from its clock to this process' by the moment when its window began."""
    ahead_s = began_s - report["began_ms"] / 1e3
    rows = [(int(number), captured_ms / 1e3 + ahead_s, done_ms / 1e3 + ahead_s) for number, captured_ms, done_ms in report["frames"]]
    return Recording(
        begin_s=began_s,
        end_s=report["ended_ms"] / 1e3 + ahead_s,
        cpu_s=0.0,  # all of Chromium is the tracking process
        captured=[(number, captured_s) for number, captured_s, _ in rows],
        returned=[(number, done_s) for number, _, done_s in rows],
        unreadable=0,
        errors=[],
    )


class _Files(ThreadingHTTPServer):
    """Hands out the page, the npm packages, the bundle and the clip's frames, and takes the page's report."""

    daemon_threads = True

    def __init__(self, packages: Path, bundle: Path, jpegs: Sequence[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._packages, self._bundle, self._jpegs = packages.resolve(), bundle, jpegs
        self.began_s = float("nan")
        self.report: dict[str, Any] = {}
        self.done = threading.Event()

    def content(self, path: str) -> bytes | None:
        """The body for a path, None where there is nothing."""
        if path == "/":
            return _PAGE.read_bytes()
        if path == "/model.task":
            return self._bundle.read_bytes()
        if path.startswith("/frames/"):
            return self._jpegs[int(path.removeprefix("/frames/"))]
        file = (self._packages / path.removeprefix("/packages/")).resolve()
        return file.read_bytes() if file.is_relative_to(self._packages) and file.is_file() else None

    def take(self, path: str, body: bytes) -> None:
        """A message of the page: its window begins, or it is done."""
        if path == "/begin":
            self.began_s = time.perf_counter()
        else:
            self.report = json.loads(body)
            self.done.set()


class _Handler(BaseHTTPRequestHandler):
    server: _Files

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        body = self.server.content(path)
        kind = "text/html" if path == "/" else mimetypes.guess_type(path)[0]
        kind = {".mjs": "text/javascript", ".wasm": "application/wasm"}.get(Path(path).suffix, kind or "application/octet-stream")
        self.send_response(HTTPStatus.NOT_FOUND if body is None else HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def do_POST(self) -> None:
        self.server.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(HTTPStatus.NO_CONTENT)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        pass  # its lines would stand in the table's way
