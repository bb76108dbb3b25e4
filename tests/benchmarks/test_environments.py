"""An environment is made once, made anew when its pins change or it was left half-way, and pins are hashed."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest
from benchmarks.environments import ROOT, make

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from pathlib import Path

PINS = sorted((ROOT / "benchmarks").glob("*/requirements/*.txt"))


def step(folder: Path, code: str) -> list[str]:
    """A step of a making that runs Python in the folder."""
    return [sys.executable, "-c", f"import os; os.chdir({str(folder)!r}); {code}"]


class Making:
    """An environment whose only step writes a line."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder, self.pins = tmp_path / "made", tmp_path / "pins.txt"
        self.log = tmp_path / "log"
        self.pins.write_text("one==1")

    def make(self, code: str = "pass") -> int:
        """Makes it, and says how often it was made."""
        note = f"open({str(self.log)!r}, 'a').write('.'); {code}"
        make(self.folder, [self.pins], [step(self.folder, note)], [self.pins])
        return len(self.log.read_text())


@pytest.fixture
def making(tmp_path: Path) -> Making:
    return Making(tmp_path)


def test_it_is_made_once(making: Making) -> None:
    assert [making.make(), making.make()] == [1, 1]
    assert (making.folder / "pins.txt").read_text() == "one==1"


def test_it_is_made_anew_when_the_pins_change(making: Making) -> None:
    making.make("open('old', 'w')")
    making.pins.write_text("one==2")
    assert making.make() == 2
    assert not (making.folder / "old").exists()


def test_it_is_made_anew_when_it_was_left_half_way(making: Making) -> None:
    with pytest.raises(HandstreamError, match="cannot be installed: ERROR: No matching distribution found for mediapipe"):
        making.make("print('some words'); raise SystemExit('ERROR: No matching distribution found for mediapipe')")
    assert making.make() == 2


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(HandstreamError, match=r"cannot be installed: .*no-such-program"):
        make(tmp_path / "made", [], [["no-such-program"]])


@pytest.mark.parametrize("pins", PINS, ids=lambda path: path.stem)
def test_pins_are_hashed_and_name_no_registry(pins: Path) -> None:
    text = pins.read_text()
    packages = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)
    assert packages
    assert all("--hash=sha256:" in package for package in packages)
    assert "://" not in text
    assert set(re.findall(r"--[a-z-]+", text)) == {"--hash"}, "no option of pip that names where to look"
