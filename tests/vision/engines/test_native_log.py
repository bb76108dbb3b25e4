from __future__ import annotations

import os
import sys

import pytest

from handstream.vision.engines.native_log import without_lines


def test_drops_the_named_lines_and_keeps_the_others_in_order(capfd: pytest.CaptureFixture[str]) -> None:
    with without_lines(b"noise", b"chatter"):
        os.write(2, b"first\nsome noise here\n")
        os.write(2, b"second\n")
        os.write(2, b"chatter\nthird")
    os.write(2, b"!\n")
    assert capfd.readouterr().err == "first\nsecond\nthird!\n"


def test_nothing_is_lost_when_the_block_fails(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        os.write(2, b"the reason\nnoise\n")
        raise RuntimeError

    with pytest.raises(RuntimeError), without_lines(b"noise"):
        fail()
    assert capfd.readouterr().err == "the reason\n"


def test_a_process_without_standard_error_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with without_lines(b"noise"):
        pass
