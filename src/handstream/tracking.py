"""Hand tracking in Python: `HandTracker` finds and follows the hands of one stream of pictures."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from handstream.vision.engines import TrackerOptions
from handstream.vision.engines.openvino import OpenVINOEngine
from handstream.vision.smoothing import Smoothing
from handstream.vision.tracker import SEARCH_INTERVAL_MS, Search

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from handstream.frames import Hand
    from handstream.vision.engines import Precision

__all__ = ["HandTracker", "Smoothing"]

_engines: dict[tuple[Path | None, Precision], OpenVINOEngine] = {}
_engines_lock = threading.Lock()


class HandTracker:
    """Finds and follows the hands of one stream of pictures.

    ```python
    with HandTracker(max_hands=1) as tracker:
        for rgb in pictures:
            for hand in tracker.process(rgb):
                print(hand.handedness, hand.landmarks[8])
    ```

    One tracker follows one stream and is used by one thread at a time: a second thread gets a RuntimeError. Any number of trackers may work
    at the same time in threads of their own; all of a process share the compiled networks, which stay loaded. Not to be carried
    across `os.fork`.

    Args:
        max_hands: The most hands reported in one picture, 1 or more.
        model_complexity: 0 is the lite model, 1 the full one.
        min_detection_confidence: The least score of a palm detection, 0..1.
        min_tracking_confidence: The least hand presence for a hand to be followed into the next picture, 0..1.
        static_image_mode: Each picture stands alone: none is taken for the next of a stream.
        smoothing: The filter over the landmarks, or None for none.
        search: How further hands are looked for while at least one is followed. `background` does it beside the pictures' own work, at most
            every `search_interval_ms`; `synchronous` in every picture, as MediaPipe does, so that the same pictures give the same hands.
        search_interval_ms: The least time between two searches in the background; up to four times as long while many trackers are at work.
        precision: `f32`, or `auto` for less where the processor has instructions for it and parity holds.
        models: A folder or a `.task` bundle to take the models from; None for the cache, which is filled through pip when it is empty.

    Raises:
        ValueError: An argument is out of its range.
        HandstreamError: The models cannot be had; the text says what to do.
    """

    def __init__(
        self,
        *,
        max_hands: int = 2,
        model_complexity: int = 0,
        min_detection_confidence: float = 0.7,
        min_tracking_confidence: float = 0.5,
        static_image_mode: bool = False,
        smoothing: Smoothing | None = None,
        search: Literal["background", "synchronous"] = "background",
        search_interval_ms: float = SEARCH_INTERVAL_MS,
        precision: Precision = "f32",
        models: Path | str | None = None,
    ) -> None:
        """Blocks until the networks are compiled, which happens once in a process, and downloaded, which happens once on a machine."""
        if smoothing is not None and not isinstance(smoothing, Smoothing):
            raise ValueError(f"smoothing must be a Smoothing or None, not {smoothing!r}")
        if search not in tuple(Search):
            raise ValueError(f"search must be one of {', '.join(Search)}, not {search!r}")
        options = TrackerOptions(
            max_hands=max_hands,
            model_complexity=model_complexity,
            min_detection_confidence=min_detection_confidence,
            min_tracking_confidence=min_tracking_confidence,
            static_image_mode=static_image_mode,
        )
        self._graph = _engine(models, precision).open_tracker(
            options, search=Search(search), search_interval_ms=search_interval_ms, smoothing=smoothing
        )

    def process(self, rgb: NDArray[np.uint8], *, time_ns: int | None = None) -> list[Hand]:
        """Finds the hands in the stream's next picture. Blocks for as long as the networks take; never call it on an event loop.

        Args:
            rgb: uint8 `(height, width, 3)`, RGB. A view that is not contiguous is copied first.
            time_ns: When the picture was taken, in nanoseconds of any clock that doesn't go backwards; now if left out. It paces the search
                and the smoothing, so give a video file's own times. Give it for every picture of a stream or for none.

        Returns:
            At most `max_hands` hands, none twice, in the order in which they appeared; `handstream.frames` defines their coordinates.

        Raises:
            ValueError: The array is not such a picture, or the time is not a whole number.
            RuntimeError: The tracker was closed, or another thread is using it.
        """
        return self._graph.process(rgb, time_ns=time_ns)

    def reset(self) -> None:
        """Forgets the hands, as before the first picture.

        Raises:
            RuntimeError: The tracker was closed, or another thread is using it.
        """
        self._graph.reset()

    def close(self) -> None:
        """Refuses further pictures. A second call does nothing."""
        self._graph.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _engine(models: Path | str | None, precision: Precision) -> OpenVINOEngine:
    """The process' engine for those models and that precision, made when it is first asked for."""
    key = (None if models is None else Path(models).resolve(), precision)
    with _engines_lock:
        if key not in _engines:
            _engines[key] = OpenVINOEngine(models=key[0], precision=precision)
        return _engines[key]
