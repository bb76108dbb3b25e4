from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handstream.errors import HandstreamError
from handstream.files.opening import check_distinct, open_source

if TYPE_CHECKING:
    from pathlib import Path


def test_outputs_of_their_own_are_taken(tmp_path: Path) -> None:
    check_distinct(tmp_path / "in.mp4", [tmp_path / "out.mp4", tmp_path / "out.jsonl"])


@pytest.mark.parametrize("outputs", [["in"], ["out", "in"], ["link"], ["folder/../in"]])
def test_an_output_that_is_the_source_is_refused(tmp_path: Path, outputs: list[str]) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "in")
    with pytest.raises(HandstreamError, match="is the source itself"):
        check_distinct(tmp_path / "in", [tmp_path / name for name in outputs])


def test_two_outputs_into_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HandstreamError, match="another output"):
        check_distinct(tmp_path / "in", [tmp_path / "out", tmp_path / "out"])


def test_a_missing_source_is_told_with_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    missing = tmp_path.relative_to(tmp_path) / "nowhere.mp4"
    with pytest.raises(HandstreamError, match=str(tmp_path)):
        open_source(missing)
