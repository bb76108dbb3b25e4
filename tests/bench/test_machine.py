"""The machine that a benchmark ran on, and the commit that it measured."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from handstream.bench import machine

SOURCE = Path(machine.__file__)


def commit_of(package: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a module that lies there says of its commit."""
    monkeypatch.setattr(machine, "__file__", str(package / SOURCE.name))
    return machine.describe_machine()["commit"]


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder that holds the module."""
    shutil.copy(SOURCE, tmp_path)
    return tmp_path


def test_the_commit_is_that_of_the_checkout_and_says_what_differs(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(copy, "init")
    git(copy, "add", ".")
    git(copy, "commit", "-m", "first")
    clean = commit_of(copy, monkeypatch)
    assert re.fullmatch("[0-9a-f]{12}", clean)
    (copy / SOURCE.name).write_text("changed")
    assert commit_of(copy, monkeypatch) == f"{clean}-dirty"


def test_a_copy_says_that_it_is_none(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert commit_of(copy, monkeypatch) == "unknown: measured outside of a checkout"


def test_a_package_inside_of_another_checkout_does_not_take_its_commit(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(copy, "init")
    git(copy, "commit", "--allow-empty", "-m", "of something else")
    assert commit_of(copy, monkeypatch) == "unknown: measured outside of a checkout"


def test_without_git_everything_else_is_described(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert commit_of(copy, monkeypatch) == "unknown: git is not installed"
