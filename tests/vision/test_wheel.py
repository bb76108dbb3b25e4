"""The download through pip: what it is told, what it answers. pip itself is a stand-in; one test asks the real one for nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from handstream.errors import HandstreamError
from handstream.vision import wheel

if TYPE_CHECKING:
    from pathlib import Path

STAND_IN = """
import os, sys, pathlib
arguments = sys.argv[1:]
pathlib.Path(os.environ["TMPDIR"], "part").write_bytes(b"x" * 1000)
{behaviour}
"""
DELIVERS = 'pathlib.Path(arguments[arguments.index("--dest") + 1], "mediapipe-0.10.21-cp311.whl").write_bytes(b"wheel")'
FAILS = 'print("ERROR: Could not find a version that satisfies the requirement"); print("Hint: x"); sys.exit(1)'


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module `pip` that a Python in this test finds before the real one."""
    folder = tmp_path / "stand-in"
    (folder / "pip").mkdir(parents=True)
    (folder / "pip" / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(folder))
    (tmp_path / "download").mkdir()
    return folder / "pip" / "__main__.py"


def test_the_wheel_is_where_pip_put_it(stand_in: Path, tmp_path: Path) -> None:
    stand_in.write_text(STAND_IN.format(behaviour=DELIVERS))
    assert wheel.downloaded_wheel(tmp_path / "download").read_bytes() == b"wheel"


def test_a_failure_quotes_pip_and_says_what_to_do(stand_in: Path, tmp_path: Path) -> None:
    stand_in.write_text(STAND_IN.format(behaviour=FAILS))
    with pytest.raises(HandstreamError) as raised:
        wheel.downloaded_wheel(tmp_path / "download")
    for part in ("Could not find a version", "handstream models fetch", "--models"):
        assert part in str(raised.value)
    assert raised.value.code == "models_unavailable"


def test_a_broken_connection_is_the_reason(stand_in: Path, tmp_path: Path) -> None:
    """pip's error says only that there is no such version; what it warned of before says why."""
    warns = "print(\"WARNING: Retrying (Retry(total=0)) after connection broken by 'NameResolutionError: unknown host': /x/\")"
    stand_in.write_text(STAND_IN.format(behaviour=f"{warns}; {FAILS}"))
    with pytest.raises(HandstreamError, match=r"satisfies the requirement \(the connection was broken by 'NameResolutionError"):
        wheel.downloaded_wheel(tmp_path / "download")


def test_a_python_without_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel, "find_spec", lambda _: None)
    with pytest.raises(HandstreamError, match="ensurepip"):
        wheel.downloaded_wheel(tmp_path)


def test_the_real_pip_without_a_network_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything but the download itself: the real pip takes the arguments and finds no package where it may not look."""
    monkeypatch.setattr(wheel, "PIP_DOWNLOAD", (*wheel.PIP_DOWNLOAD, "--no-index"))
    with pytest.raises(HandstreamError, match="No matching distribution"):
        wheel.downloaded_wheel(tmp_path)


def test_nothing_names_a_registry() -> None:
    assert not any("://" in argument or "index" in argument for argument in wheel.PIP_DOWNLOAD)
    assert sys.executable not in wheel.PIP_DOWNLOAD
