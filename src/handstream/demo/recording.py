"""Renders a scene into a clip and its truth file: what `handstream demo render` does."""

from __future__ import annotations

import functools
import hashlib
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

from handstream.demo.clip import CLIP_NAME, TRUTH_NAME, write_clip
from handstream.demo.truth import ClipTruth
from handstream.vision.synthetic import render, truths
from handstream.vision.synthetic.picture import SUPERSAMPLING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from handstream.vision.synthetic import Scene

__all__ = ["record"]


def record(scene: Scene, folder: Path, *, workers: int, on_frame: Callable[[], None]) -> tuple[Path, Path]:
    """Renders all frames of a scene, in several processes, and writes `hands.webm` and `hands.truth.json`. Blocks for minutes.

    Args:
        scene: What to render.
        folder: Where to write; it is made if it does not exist, and files of these names in it are replaced.
        workers: How many processes render.
        on_frame: Called after each frame.

    Returns:
        The paths of the clip and of the truth.

    Raises:
        OSError: The folder or a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clip, truth = folder / CLIP_NAME, folder / TRUTH_NAME
    resolution_wh = (scene.camera.width_px, scene.camera.height_px)
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as processes:
        pictures = processes.map(functools.partial(_picture, scene), range(scene.frame_count))
        write_clip(clip, _counted(pictures, on_frame), resolution_wh=resolution_wh, frames_per_second=scene.frames_per_second)
    truth.write_text(_truth_of(scene, clip).to_json(), encoding="utf-8")
    return clip, truth


def _truth_of(scene: Scene, clip: Path) -> ClipTruth:
    return ClipTruth(
        frames=tuple(tuple(truths(scene, index)) for index in range(scene.frame_count)),
        frames_per_second=scene.frames_per_second,
        resolution_wh=(scene.camera.width_px, scene.camera.height_px),
        chapters=scene.chapters,
        clip_sha256=hashlib.sha256(clip.read_bytes()).hexdigest(),
        renderer={"scene": scene.name, "room_seed": scene.room_seed, "supersampling": SUPERSAMPLING},
    )


def _picture(scene: Scene, frame_index: int) -> NDArray[np.uint8]:
    return render(scene, frame_index)[0]


def _counted(pictures: Iterable[NDArray[np.uint8]], on_frame: Callable[[], None]) -> Iterator[NDArray[np.uint8]]:
    for picture in pictures:
        yield picture
        on_frame()
