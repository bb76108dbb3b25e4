"""A short run of every fuzz target: `python -m tests.fuzz` is the long one."""

from __future__ import annotations

import sys

import pytest

from tests.fuzz.broken_images import seeds
from tests.fuzz.run import fuzz
from tests.fuzz.targets import MESSAGE_TARGETS, image

INPUTS = 20_000
IMAGES = 3_000


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="atheris has wheels for Linux alone")
@pytest.mark.parametrize("name", MESSAGE_TARGETS)
def test_no_message_gets_more_than_a_refusal(name: str) -> None:
    pytest.importorskip("atheris", reason="atheris has wheels for x86-64 alone")
    finding = fuzz(name, INPUTS)
    assert finding.failure is None
    assert finding.inputs >= INPUTS


@pytest.mark.slow
def test_no_broken_image_gets_more_than_a_refusal() -> None:
    finding = fuzz("image", IMAGES)
    assert finding.failure is None
    assert finding.inputs == IMAGES


@pytest.mark.parametrize("name", seeds())
def test_every_kind_of_image_is_decoded_or_refused(name: str) -> None:
    image(seeds()[name])


def test_a_target_that_fails_is_a_finding() -> None:
    finding = fuzz("no_such_target", 10)
    assert finding.failure is not None
    assert "no_such_target" in finding.failure
