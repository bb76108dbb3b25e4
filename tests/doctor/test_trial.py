"""The trial of what the machine carries, with an engine that costs nothing."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from handstream.doctor.trial import try_capacity
from handstream.errors import HandstreamError
from handstream.server.settings import ServerSettings
from tests.server.fake_engine import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handstream.doctor.trial.SECONDS", 0.3)


@contextmanager
def fake_engine(*_: object, **__: object) -> Iterator[FakeEngine]:
    yield FakeEngine()


def test_says_how_many_sessions_there_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handstream.doctor.trial.open_engine", fake_engine)
    finding = try_capacity(ServerSettings(threads=1))
    assert "frames of 640x480 a second" in finding.text
    assert "handstream bench capacity" in finding.advice


@pytest.mark.parametrize(
    ("frames_per_second", "verdict", "told"),
    [
        (39.0, "note", "39 annotated frames .* of which sessions can have 60 %: not enough for one session"),
        (51.0, "good", "about 1 session at"),
        (201.0, "good", "about 4 sessions at"),
    ],
)
def test_a_machine_that_is_too_slow_is_worth_knowing(
    frames_per_second: float, verdict: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handstream.doctor.trial._frames_per_second", lambda _: frames_per_second)
    finding = try_capacity(ServerSettings())
    assert finding.verdict == verdict
    assert re.search(told, finding.text)


def test_a_trial_that_fails_stands_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise HandstreamError("There are no models.")

    monkeypatch.setattr("handstream.doctor.trial.open_engine", broken)
    finding = try_capacity(ServerSettings())
    assert finding.verdict == "bad"
    assert "There are no models." in finding.text
