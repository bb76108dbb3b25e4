"""An engine for tests of what lies around it: its trackers find scripted hands after a scripted time, and keep a record of their use."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

import numpy as np

from handstream.frames import Hand

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from handstream.vision.engines import TrackerOptions


class FakeEngine:
    """Opens `FakeTracker`s.

    Attributes:
        delay_s: How long each picture takes.
        meanwhile: Called while each picture is processed, which takes as long as that does.
        error: What a tracker raises instead of finding hands.
        trackers: All that were ever opened.
        finds_hands: Whether there is a hand in any picture.
    """

    name = "fake"

    def __init__(self, delay_s: float = 0.0, error: Exception | None = None) -> None:
        self.delay_s = delay_s
        self.meanwhile: Callable[[], object] = lambda: None
        self.error = error
        self.trackers: list[FakeTracker] = []
        self.finds_hands = True
        self.closed = False

    @property
    def open_trackers(self) -> int:
        return sum(not tracker.closed for tracker in self.trackers)

    def open_tracker(self, options: TrackerOptions) -> FakeTracker:
        tracker = FakeTracker(self, options)
        self.trackers.append(tracker)
        return tracker

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class FakeTracker:
    """Finds `max_hands` hands in every picture, with identities from 0.

    Attributes:
        options: What it was opened with.
        levels: The mean level of each picture that it was shown, so that a test knows whose pictures they were.
        sizes_wh: The width and height of each.
        clashed: Whether two threads ever used it at once.
    """

    def __init__(self, engine: FakeEngine, options: TrackerOptions) -> None:
        self.options = options
        self.levels: list[int] = []
        self.sizes_wh: list[tuple[int, int]] = []
        self.closed = False
        self.clashed = False
        self._engine = engine
        self._in_use = threading.Lock()

    def process(self, rgb: NDArray[np.uint8]) -> list[Hand]:
        if not self._in_use.acquire(blocking=False):
            self.clashed = True
            return []
        try:
            return self._find(rgb)
        finally:
            self._in_use.release()

    def _find(self, rgb: NDArray[np.uint8]) -> list[Hand]:
        if self.closed:
            raise RuntimeError("the tracker was closed")
        self.levels.append(round(float(rgb.mean())))
        self.sizes_wh.append((rgb.shape[1], rgb.shape[0]))
        time.sleep(self._engine.delay_s)
        self._engine.meanwhile()
        if self._engine.error is not None:
            raise self._engine.error
        return [fake_hand(hand_id) for hand_id in range(self.options.max_hands if self._engine.finds_hands else 0)]

    def reset(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


def fake_hand(hand_id: int = 0) -> Hand:
    """A hand whose landmarks lie on a diagonal."""
    line = np.linspace(0.25, 0.75, 21, dtype=np.float32)
    landmarks = np.stack([line, line, line / 10], axis=1).astype(np.float32)
    return Hand("Left" if hand_id % 2 == 0 else "Right", 0.9, landmarks, landmarks * np.float32(0.1), hand_id)
