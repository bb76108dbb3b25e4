"""What `handstream doctor` finds of what is installed, and that it says so when something is wrong."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from handstream.doctor.installation import examine_installation
from handstream.processors import usable_cpus
from handstream.server.settings import ServerSettings
from handstream.vision.engines.precision import arithmetic
from handstream.vision.models import MODELS, fetch_models, models_dir

if TYPE_CHECKING:
    from pathlib import Path

    from handstream.doctor import Finding


def found(subject: str, *, models: Path | None = None) -> Finding:
    return next(finding for finding in examine_installation(ServerSettings(models=models)) if finding.subject == subject)


def test_says_what_each_network_would_compute_in() -> None:
    text = found("precision").text
    assert "f32 for both networks" in text
    assert arithmetic("auto").palm.element_type in text


def test_says_how_inferences_share_the_cores() -> None:
    assert f"{usable_cpus()} side by side" in found("inferences").text


def test_finds_every_model() -> None:
    fetch_models()
    assert [found(f"model {model.file_name}").verdict for model in MODELS] == ["good"] * len(MODELS)


def test_looks_at_the_models_that_are_named(tmp_path: Path) -> None:
    fetch_models()
    assert found("models", models=models_dir()).verdict == "good"
    nowhere = found("models", models=tmp_path / "nowhere")
    assert (nowhere.verdict, "nowhere" in nowhere.text) == ("bad", True)


def test_a_broken_model_stands_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDSTREAM_CACHE_DIR", str(tmp_path))
    models_dir().mkdir(parents=True)
    (models_dir() / MODELS[0].file_name).write_bytes(b"no network")
    finding = found(f"model {MODELS[0].file_name}")
    assert finding.verdict == "bad"
    assert MODELS[0].sha256 in finding.text
    done = subprocess.run(
        [sys.executable, "-m", "handstream", "doctor", "--port", "0", "--no-trial"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "handstream models fetch" in done.stdout


def test_a_cache_that_cannot_be_written_is_worth_knowing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDSTREAM_CACHE_DIR", "/proc/nowhere")
    monkeypatch.setattr("os.access", lambda *_: False)
    assert found("cache").verdict == "note"
    assert "HANDSTREAM_CACHE_DIR" in found("cache").advice


@pytest.mark.parametrize(("installed", "verdict"), [("0.10.21", "good"), ("0.10.30", "note")])
def test_only_one_release_of_mediapipe_is_the_reference(installed: str, verdict: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handstream.doctor.installation.version", lambda _: installed)
    assert found("mediapipe").verdict == verdict
