"""Scripts written for MediaPipe's documented API do the same with either import line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from handstream import demo

EXAMPLES = Path(__file__).parents[2] / "examples"
IMPORT_LINES = {
    "import handstream as mp": "import mediapipe as mp",
    "from handstream import solutions": "from mediapipe import solutions",
}


def for_mediapipe(script: str) -> str:
    """The script with the one line changed that names handstream."""
    lines = script.splitlines()
    (number,) = (number for number, line in enumerate(lines) if line in IMPORT_LINES)
    lines[number] = IMPORT_LINES[lines[number]]
    return "\n".join(lines)


def output_of(script: str, folder: Path, *arguments: str) -> list[str]:
    """The lines that a script prints when it is run in that folder."""
    file = folder / "script.py"
    file.write_text(script)
    run = subprocess.run([sys.executable, file, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=280)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def outputs_of_both(name: str, tmp_path: Path, *arguments: str) -> tuple[list[str], list[str]]:
    """What the example prints with handstream and with MediaPipe; their files lie in the folders `ours` and `theirs`."""
    script = (EXAMPLES / name).read_text()
    for folder in ("ours", "theirs"):
        (tmp_path / folder).mkdir()
    return output_of(script, tmp_path / "ours", *arguments), output_of(for_mediapipe(script), tmp_path / "theirs", *arguments)


def frames(video: Path) -> list[Any]:
    capture = cv2.VideoCapture(str(video))
    pictures = []
    while (read := capture.read())[0]:
        pictures.append(read[1].astype(np.int16))
    capture.release()
    return pictures


@pytest.mark.usefixtures("mediapipe")
@pytest.mark.slow
def test_pictures(data_dir: Path, tmp_path: Path) -> None:
    annotated, without_hand = ["hands.jpg", "rock_026fd791.jpg"], "call_143f8b21.jpg"
    stills = [str(data_dir / "stills" / name) for name in [*annotated, without_hand]]
    ours, theirs = outputs_of_both("mp_solutions_images.py", tmp_path, ".", *stills)
    assert len(ours) == 4
    assert [line.split()[:6] for line in ours] == [line.split()[:6] for line in theirs]
    tips = [[float(number) for line in lines for number in line.split()[6:]] for lines in (ours, theirs)]
    np.testing.assert_allclose(tips[0], tips[1], atol=2.0)
    for name in annotated:
        first, second = (cv2.imread(str(tmp_path / folder / name)) for folder in ("ours", "theirs"))
        assert first is not None
        assert second is not None
        assert cv2.PSNR(first, second) > 30
    assert not (tmp_path / "ours" / without_hand).exists()


@pytest.mark.usefixtures("mediapipe")
@pytest.mark.slow
def test_video_loop(data_dir: Path, tmp_path: Path) -> None:
    ours, theirs = outputs_of_both("mp_solutions_video.py", tmp_path, "annotated.mp4", str(data_dir / "clips" / "help.mkv"))
    assert len(ours) == len(theirs) == 58
    agreeing = [first == second for first, second in zip(ours, theirs, strict=True)]
    assert np.mean(agreeing) > 0.8
    pairs = zip(frames(tmp_path / "ours" / "annotated.mp4"), frames(tmp_path / "theirs" / "annotated.mp4"), agreeing, strict=True)
    assert max(np.abs(first - second).mean() for first, second, agrees in pairs if agrees) < 1.0


@pytest.mark.usefixtures("mediapipe")
@pytest.mark.slow
def test_finger_counting(data_dir: Path, tmp_path: Path) -> None:
    ours, theirs = outputs_of_both("mp_solutions_fingers.py", tmp_path, str(data_dir / "clips" / "asl_hand.25fps.mp4"))
    assert len(ours) == len(theirs) == 325
    assert len(set(ours)) > 3
    assert np.mean([first == second for first, second in zip(ours, theirs, strict=True)]) > 0.97


@pytest.mark.slow
def test_fingers_of_the_demo_clip_are_counted(tmp_path: Path) -> None:
    lines = output_of((EXAMPLES / "mp_solutions_fingers.py").read_text(), tmp_path, str(demo.clip_path()))
    assert len(lines) == 570
    # The hand is open, a fist, points, and makes the sign of peace: see `handstream.vision.synthetic.scenes.DEMO`.
    assert [lines[frame] for frame in (20, 100, 127, 157)] == ["fingers: 5", "fingers: 0", "fingers: 1", "fingers: 2"]


@pytest.mark.parametrize("name", ["mp_solutions_images.py", "mp_solutions_video.py", "mp_solutions_fingers.py"])
def test_one_line_names_handstream(name: str) -> None:
    changed = for_mediapipe((EXAMPLES / name).read_text())
    code = changed.split('"""', 2)[2]
    assert "handstream" not in code
    assert len(changed.splitlines()) < 100
