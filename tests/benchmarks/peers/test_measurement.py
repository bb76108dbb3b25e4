"""Real clients measure a real handstream server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from benchmarks.peers.clip import prepare
from benchmarks.peers.contenders import CONTENDERS, BrowserPeer
from benchmarks.peers.measurement import Course

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from pathlib import Path

PEERS = {peer.key: peer for peer in CONTENDERS}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    scratch = tmp_path_factory.mktemp("course")
    prepare(None, scratch / "clip.npy")
    return Course(clip=scratch / "clip.npy", frames_per_second=30, warm_up_s=0.5, seconds=1, scratch=scratch)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["plain", "v1", "v1-landmarks"])
def test_handstream_is_measured(course: Course, key: str) -> None:
    run = course.measure(PEERS[key], 1)
    assert 0 < run.age_p50_ms < run.screen_age_p50_ms
    assert 0 < run.frames_per_second <= 2 * run.captured_per_second
    assert run.unreadable == 0
    assert run.cpu_frame_ms > 0
    assert run.resident_mib > 50


@pytest.mark.parametrize("peer", [peer for peer in CONTENDERS if isinstance(peer, BrowserPeer)], ids=lambda peer: peer.key)
def test_there_is_one_browser_for_each_machine(course: Course, peer: BrowserPeer) -> None:
    with pytest.raises(HandstreamError, match="every visitor's own machine"):
        course.measure(peer, 4)


def test_a_clip_that_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clip.txt").write_text("no video")
    with pytest.raises(HandstreamError, match=r"clip\.txt cannot be read: Invalid data"):
        prepare(tmp_path / "clip.txt", tmp_path / "clip.npy")


def test_a_clip_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(HandstreamError, match=r"nothing\.mp4 cannot be read: No such file"):
        prepare(tmp_path / "nothing.mp4", tmp_path / "clip.npy")
