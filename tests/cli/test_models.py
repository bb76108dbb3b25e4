"""`handstream models`, on a machine whose models are where the test puts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from handstream.cli.models import app
from handstream.vision import models

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache on a machine without mediapipe."""
    monkeypatch.setenv("HANDSTREAM_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(models, "find_spec", lambda _: None)
    return tmp_path / "models"


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_path(cache: Path) -> None:
    assert run("path").strip() == str(cache)


def test_list_says_what_is_missing_and_what_is_broken(cache: Path) -> None:
    cache.mkdir()
    (cache / "hand_landmark_full.tflite").write_bytes(b"broken")
    lines = {line.split()[0]: line for line in run("list").splitlines() if ".tflite" in line}
    assert set(lines) == {model.file_name for model in models.MODELS}
    assert "broken; mend it" in lines.pop("hand_landmark_full.tflite")
    assert all("missing; get it with: handstream models fetch" in line for line in lines.values())


def test_list_cuts_no_name_and_no_path(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = cache / ("a-long-folder/" * 8) / "model.tflite"
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("handstream.cli.models.find_model", lambda _: found)
    assert [line.split()[-1] for line in run("list").splitlines()[1:]] == [str(found)] * len(models.MODELS)
    assert all(model.file_name in run("list") for model in models.MODELS)


def test_fetch_prints_every_file(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handstream.cli.models.fetch_models", lambda: [cache / model.file_name for model in models.MODELS])
    assert run("fetch").split() == [str(cache / model.file_name) for model in models.MODELS]
