"""Memory of large pictures: given back when they are gone, but for what is needed again with the next frame."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys

import psutil
import pytest
from websockets.sync.client import connect

from handstream.server.heap import give_back_large_blocks
from tests.cli.test_serve import started
from tests.server.serving import WAIT_S, jpeg

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc learns to keep large blocks")

ENDED_PICTURES = """
import resource, sys, threading
import numpy as np, psutil
from handstream.server.heap import give_back_large_blocks

def picture(height_px, width_px):
    np.full((height_px, width_px, 3), 1, np.uint8)

def faults_of_frames(height_px, width_px):
    picture(height_px, width_px)
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    for _ in range(10):
        picture(height_px, width_px)
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before

def work():
    before = psutil.Process().memory_info().rss
    for scale in range(1, 9):
        picture(270 * scale, 480 * scale)  # learned from
        picture(270 * scale, 480 * scale)  # kept
    kept = psutil.Process().memory_info().rss - before
    print(kept, faults_of_frames(1080, 1920), faults_of_frames(2160, 3840))

if sys.argv[1] == "given back":
    give_back_large_blocks()
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""

AS_GLIBC_LEARNS = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(64 << 20)}
"""What glibc comes to after a block of 32 MB."""

SMALL = jpeg(width_px=640, height_px=480)
LARGEST = jpeg(width_px=3840, height_px=2160)
LARGEST_BYTES = 3840 * 2160 * 3


def after_pictures(which: str, **environment: str) -> tuple[int, int, int]:
    """What a thread keeps of pictures of rising size, in bytes, and the page faults of ten frames of 1920x1080 and of 3840x2160."""
    command = [sys.executable, "-c", ENDED_PICTURES, which]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    kept_bytes, faults, faults_of_largest = map(int, done.stdout.split())
    return kept_bytes, faults, faults_of_largest


def test_large_pictures_are_given_back_and_those_of_a_camera_kept() -> None:
    left_bytes, _, _ = after_pictures("left")
    given_back_bytes, faults, faults_of_largest = after_pictures("given back")
    assert left_bytes > LARGEST_BYTES * 0.9, "there is something to give back"
    assert given_back_bytes < left_bytes / 2
    assert faults < 10 < faults_of_largest, "less than one a frame"


@pytest.mark.parametrize(
    "environment",
    [AS_GLIBC_LEARNS, {"GLIBC_TUNABLES": f"glibc.malloc.mmap_threshold={32 << 20}:glibc.malloc.trim_threshold={64 << 20}"}],
    ids=["variables", "tunables"],
)
def test_what_the_environment_chooses_stays(environment: dict[str, str]) -> None:
    kept_bytes, _, _ = after_pictures("given back", **environment)
    assert kept_bytes > LARGEST_BYTES * 0.9


def test_a_c_library_without_mallopt_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    give_back_large_blocks()


def kept_by_server(*options: str) -> int:
    """By how many bytes pictures of 3840x2160 leave a server larger than it had come to be with small ones."""
    with started("--threads", "1", *options) as (process, address):
        server = psutil.Process(process.pid)
        with connect(address.replace("http", "ws") + "/ws/video", compression=None) as websocket:
            sizes_bytes = []
            # The engine takes its own memory with the first of them.
            for picture, count in ((SMALL, 100), (LARGEST, 3), (SMALL, 3)):
                for _ in range(count):
                    websocket.send(picture)
                    websocket.recv(WAIT_S)
                sizes_bytes.append(sum(one.memory_info().rss for one in (server, *server.children())))
    return sizes_bytes[-1] - sizes_bytes[0]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_gives_them_back(workers: str) -> None:
    assert kept_by_server("--workers", workers) < LARGEST_BYTES / 2, "glibc would keep a whole one"
