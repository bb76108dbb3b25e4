"""Follows the hands of one stream of pictures: `HandGraph.process`, MediaPipe's hand graph with a search that does not cost latency.

Theory of operation
-------------------
A *track* is a hand that was seen in the previous picture: an identity, a ROI, the landmarks seen last and how sure we are of its
handedness. One picture takes these steps:

1. **Follow.** The landmark network looks at each track's ROI. A hand whose presence is not above `min_tracking_confidence` is lost.
   A hand that a search beside found since the last picture is looked at in the same step, side by side with the others; its ROI is a
   picture or two old, and the presence decides whether it is still there.
2. **Search now** if no hand is in view (or, while there is room for more hands, always in `static_image_mode` and with
   `Search.SYNCHRONOUS`, and else if a search beside is overdue): the palm network looks at this picture, and the landmark network at each
   palm that is not one of the hands already seen.
3. **Suppress** what was seen twice: of two hands whose landmarks lie upon each other the one followed longer stays.
4. **Remember** the hands as tracks. A hand found in step 2 near a track that was lost in step 1 of the same picture is that hand: it was
   seen in every picture, so it keeps its identity. Others get a new identity, which is never used again. Tracks stay in the order in
   which they appeared; a hand moves up in the list only when one before it leaves.
5. **Search beside** if there is room for more hands, no search of this tracker is under way and `search_interval_ms` have passed since the
   last one began: the picture is handed to the background, where the palm network looks at it while this picture's result is already
   on its way. The palms are compared with the hands of the very picture that was searched, so what joins is new. Where pictures of many
   streams share the cores, searches come less often, so that following, which every picture waits for, gets most of them.

Only step 2 makes a picture wait for the palm network, and only when there was nothing to show, or when a search beside does not get done
(`SEARCH_PATIENCE_MS`): it yields to all other work, so on a machine that is wholly busy it may never run.
"""

from __future__ import annotations

import math
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from numbers import Integral, Real
from typing import TYPE_CHECKING, Protocol

import numpy as np

from handstream.frames import Hand
from handstream.vision.engines import is_number
from handstream.vision.handedness import HandednessVote
from handstream.vision.matching import is_same_hand, is_same_palm
from handstream.vision.picture import check_picture
from handstream.vision.roi import Roi, roi_from_landmarks, roi_from_palm
from handstream.vision.smoothing import HandFilter, Smoothing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from handstream.vision.engines import TrackerOptions
    from handstream.vision.landmarks import HandEstimate
    from handstream.vision.palm import PalmDetection

__all__ = ["MOST_STRETCH", "SEARCH_INTERVAL_MS", "HandGraph", "HandNetworks", "PendingSearch", "Search"]

SEARCH_INTERVAL_MS = 125.0
"""The default least time between two searches beside.

At 30 pictures/s a search begins with every 4th picture (133 ms) and its find joins the next (33 ms later), so a second hand is found
within 200 ms. One search costs about as much as two followed hands. At 100 ms, exactly three pictures, jitter decided between 3 and 4.
"""

CROWDED_FROM = 0.1
"""The crowding (`HandNetworks.crowding`) from which on the interval grows with it: more than one session a core, at 30 pictures/s each."""

MOST_STRETCH = 4.0
"""How much longer the interval becomes at most: 500 ms by default. Searching, at the normal interval a fifth of all processor time, is
then a twentieth of it."""

SEARCH_PATIENCE_MS = 1000.0
"""How long a tracker waits for a search beside, from when it is due. Then the picture is searched at once, as by then the machine must be
wholly busy: usually it takes the hundredth part."""

RESIZING_SLACK_PX = 2.0
"""How far a resized picture's height may be from the exact proportion: both sides are whole pixels, often even ones."""


class Search(StrEnum):
    """How a tracker looks for further hands while it follows at least one."""

    BACKGROUND = "background"
    """Beside the pictures' own work, at a bounded rate; never adds to a picture's latency."""
    SYNCHRONOUS = "synchronous"
    """In every picture with room for more hands, as MediaPipe does: the same pictures always give the same hands."""


class PendingSearch(Protocol):
    """A search beside that was begun."""

    def done(self) -> bool:
        """Whether `result` returns at once."""

    def result(self) -> list[PalmDetection]:
        """The palms found, the best first."""


class HandNetworks(Protocol):
    """Both networks, shared by many trackers and threads."""

    def detect_palms(self, rgb: NDArray[np.uint8], *, min_confidence: float, limit: int) -> list[PalmDetection]:
        """The palms in a picture, the best first, at most `limit`. Blocks."""

    def estimate_hands(self, rgb: NDArray[np.uint8], rois: Sequence[Roi]) -> list[HandEstimate]:
        """The hand in each ROI, in that order, side by side where cores are idle. Blocks."""

    def start_search(self, rgb: NDArray[np.uint8], *, min_confidence: float, limit: int) -> PendingSearch | None:
        """Begins `detect_palms` beside. Does not block and keeps no reference to the picture; None if too many searches are under way."""

    def crowding(self) -> float:
        """How many pictures of other streams share the cores with this one, of late: 0 if none, 1 if each core has one all the time."""


@dataclass(slots=True)
class _Track:
    """A hand that is followed. `landmarks_px` are those of the newest picture, float32 `(21, 3)`."""

    hand_id: int
    roi: Roi
    landmarks_px: NDArray[np.float32]
    handedness: HandednessVote
    filter: HandFilter | None

    def scale(self, factor: float) -> None:
        """Takes the track from a picture's pixels to those of the same picture in another resolution."""
        roi_px = (self.roi.center_x_px * factor, self.roi.center_y_px * factor, self.roi.size_px * factor)
        self.roi = Roi(*roi_px, self.roi.rotation_rad)
        self.landmarks_px = self.landmarks_px * np.float32(factor)
        if self.filter is not None:
            self.filter.scale(factor)


@dataclass(slots=True)
class _SearchBeside:
    """A search under way, and the hands that were known in the picture that it looks at."""

    pending: PendingSearch
    known_landmarks_px: list[NDArray[np.float32]]


@dataclass(slots=True)
class _Sighting:
    """A hand seen in the current picture: followed (`track` is set) or new."""

    estimate: HandEstimate
    roi: Roi
    track: _Track | None = None


class HandGraph:
    """The state of one stream and the graph's steps. Implements the `Tracker` protocol.

    It holds a few hundred bytes a hand; pictures, buffers and compiled models belong to the networks. One thread at a time.

    Args:
        networks: Both networks; the caller keeps them alive.
        options: What is asked for.
        search: How further hands are looked for.
        search_interval_ms: The least time between two searches beside.
        smoothing: The filter over what is reported; following itself is never filtered. None for none.
        clock_ns: The monotonic clock, for the pictures that come without a time.
    """

    def __init__(
        self,
        networks: HandNetworks,
        options: TrackerOptions,
        *,
        search: Search = Search.BACKGROUND,
        search_interval_ms: float = SEARCH_INTERVAL_MS,
        smoothing: Smoothing | None = None,
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        if not is_number(search_interval_ms, Real) or not 0 <= search_interval_ms < math.inf:
            raise ValueError(f"search_interval_ms must be a number, 0 or more, not {search_interval_ms!r}")
        self._networks = networks
        self._options = options
        self._searches_every_picture = options.static_image_mode or search is Search.SYNCHRONOUS
        self._search_interval_ns = round(search_interval_ms * 1_000_000)
        self._smoothing = smoothing
        self._clock_ns = clock_ns
        self._in_use = threading.Lock()
        self._closed = False
        self._next_hand_id = 1
        self._picture_wh = (0, 0)
        self._tracks: list[_Track] = []
        self._beside: _SearchBeside | None = None
        self._last_search_ns: int | None = None
        self._awaits_search_since_ns: int | None = None

    def process(self, rgb: NDArray[np.uint8], *, time_ns: int | None = None) -> list[Hand]:
        """Finds the hands in the stream's next picture. Blocks while the networks run; never call it on an event loop.

        Args:
            rgb: uint8 `(height, width, 3)`, RGB. A view that is not contiguous is copied first.
            time_ns: When the picture was taken, never before the last one's; now on the monotonic clock if left out. It paces the search
                beside.

        Returns:
            At most `max_hands` hands, none twice, in the order in which they appeared.

        Raises:
            ValueError: The array is not such a picture, or the time is not a whole number.
            RuntimeError: The tracker was closed, or another thread is using it.
        """
        with self._alone():
            if time_ns is not None and not is_number(time_ns, Integral):
                raise ValueError(f"time_ns must be a whole number of nanoseconds, not {time_ns!r}")
            return self._process(check_picture(rgb), self._clock_ns() if time_ns is None else int(time_ns))

    def reset(self) -> None:
        """Forgets the hands, as before the first picture. Identities are not used again.

        Raises:
            RuntimeError: The tracker was closed, or another thread is using it.
        """
        with self._alone():
            self._tracks = []
            self._last_search_ns = None
            self._forget_search()

    def close(self) -> None:
        """Refuses further pictures; one that another thread is in the middle of is still answered. A second call does nothing."""
        self._closed = True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._in_use.acquire(blocking=False):
            raise RuntimeError("Another thread is using this tracker: a tracker follows one stream, so give each thread its own")
        try:
            if self._closed:
                raise RuntimeError("The tracker was closed")
            yield
        finally:
            self._in_use.release()

    # --- the steps, in order

    def _process(self, picture: NDArray[np.uint8], now_ns: int) -> list[Hand]:
        self._fit_to((picture.shape[1], picture.shape[0]))
        sightings = _without_duplicates(self._sightings(picture, now_ns))
        self._tracks = [self._remember(sighting) for sighting in sightings]
        self._search_beside(picture, now_ns)
        height_px, width_px = picture.shape[:2]
        scale = np.array([1 / width_px, 1 / height_px, 1 / width_px], np.float32)
        return [_report(track, sighting.estimate, scale, now_ns) for track, sighting in zip(self._tracks, sightings, strict=True)]

    def _fit_to(self, picture_wh: tuple[int, int]) -> None:
        """Carries the tracks over when the same stream goes on in another resolution; forgets them when its proportions change too."""
        before_wh, self._picture_wh = self._picture_wh, picture_wh
        if not self._tracks or before_wh == picture_wh:
            return
        self._forget_search()
        scale = picture_wh[0] / before_wh[0]
        if abs(before_wh[1] * scale - picture_wh[1]) <= RESIZING_SLACK_PX:
            for track in self._tracks:
                track.scale(scale)
        else:
            self._tracks = []

    def _sightings(self, picture: NDArray[np.uint8], now_ns: int) -> list[_Sighting]:
        tracks = [] if self._options.static_image_mode else self._tracks
        sightings = self._follow(picture, tracks)
        has_room = len(sightings) < self._options.max_hands
        if not sightings or (has_room and (self._searches_every_picture or self._is_search_overdue(now_ns))):
            sightings += self._search_now(picture, sightings)
        return sightings

    def _follow(self, picture: NDArray[np.uint8], tracks: list[_Track]) -> list[_Sighting]:
        finds = self._finds() if tracks else []
        rois = [track.roi for track in tracks] + finds[: self._options.max_hands - len(tracks)]
        sightings = self._look(picture, rois)
        for track, sighting in zip(tracks, sightings, strict=False):
            sighting.track = track
        return self._present(sightings)

    def _finds(self) -> list[Roi]:
        """ROIs of the hands that a search beside found since the last picture."""
        beside = self._beside
        if beside is None or not beside.pending.done():
            return []
        self._forget_search()
        return _new_rois(beside.pending.result(), beside.known_landmarks_px)

    def _search_now(self, picture: NDArray[np.uint8], known: list[_Sighting]) -> list[_Sighting]:
        # A find that is on its way beside is older than what this search sees.
        self._forget_search()
        palms = self._networks.detect_palms(picture, min_confidence=self._options.min_detection_confidence, limit=self._options.max_hands)
        rois = _new_rois(palms, [sighting.estimate.landmarks_px for sighting in known])
        found = self._present(self._look(picture, rois[: self._options.max_hands - len(known)]))
        if not self._options.static_image_mode:
            self._reunite(found, known)
        return found

    def _look(self, picture: NDArray[np.uint8], rois: list[Roi]) -> list[_Sighting]:
        if not rois:
            return []
        return [_Sighting(estimate, roi) for estimate, roi in zip(self._networks.estimate_hands(picture, rois), rois, strict=True)]

    def _present(self, sightings: Iterable[_Sighting]) -> list[_Sighting]:
        return [sighting for sighting in sightings if sighting.estimate.presence > self._options.min_tracking_confidence]

    def _reunite(self, found: list[_Sighting], known: list[_Sighting]) -> None:
        """Gives hands found in this picture the tracks lost in this picture that they continue."""
        kept = {id(sighting.track) for sighting in known}
        lost = [track for track in self._tracks if id(track) not in kept]
        for sighting in found:
            sighting.track = next((track for track in lost if _continues(sighting.roi, track.roi)), None)
            if sighting.track is not None:
                lost.remove(sighting.track)

    def _remember(self, sighting: _Sighting) -> _Track:
        """The track of a hand seen now, brought up to this picture or begun with it."""
        landmarks_px, left_probability = sighting.estimate.landmarks_px, sighting.estimate.left_probability
        roi = roi_from_landmarks(landmarks_px[:, :2])
        track = sighting.track
        if track is None:
            hand_filter = HandFilter(self._smoothing) if self._smoothing is not None else None
            track = _Track(self._next_hand_id, roi, landmarks_px, HandednessVote(left_probability), hand_filter)
            self._next_hand_id += 1
        else:
            track.roi, track.landmarks_px = roi, landmarks_px
            track.handedness.add(left_probability)
        return track

    def _search_beside(self, picture: NDArray[np.uint8], now_ns: int) -> None:
        room = 0 < len(self._tracks) < self._options.max_hands
        if self._searches_every_picture or self._beside is not None or not room or not self._is_search_due(now_ns):
            return
        if self._awaits_search_since_ns is None:
            self._awaits_search_since_ns = now_ns
        pending = self._networks.start_search(picture, min_confidence=self._options.min_detection_confidence, limit=self._options.max_hands)
        if pending is not None:
            self._last_search_ns = now_ns
            self._beside = _SearchBeside(pending, [track.landmarks_px for track in self._tracks])

    def _forget_search(self) -> None:
        """There is no search under way any more, or none whose find could be used."""
        self._beside = None
        self._awaits_search_since_ns = None

    def _is_search_overdue(self, now_ns: int) -> bool:
        since_ns = self._awaits_search_since_ns
        return since_ns is not None and now_ns - since_ns >= SEARCH_PATIENCE_MS * 1_000_000

    def _is_search_due(self, now_ns: int) -> bool:
        if self._last_search_ns is None:
            return True
        stretch = min(MOST_STRETCH, max(1.0, self._networks.crowding() / CROWDED_FROM))
        return now_ns - self._last_search_ns >= self._search_interval_ns * stretch


def _report(track: _Track, estimate: HandEstimate, scale: NDArray[np.float32], now_ns: int) -> Hand:
    """The hand as it is reported. `scale` takes pixels to normalised coordinates."""
    shown = estimate if track.filter is None else track.filter.filter(estimate, now_ns)
    return Hand(
        handedness=track.handedness.label,
        score=track.handedness.score,
        landmarks=shown.landmarks_px * scale,
        world_landmarks=shown.world_landmarks,
        hand_id=track.hand_id,
    )


def _new_rois(palms: Iterable[PalmDetection], known_landmarks_px: Sequence[NDArray[np.float32]]) -> list[Roi]:
    """ROIs of the palms that are not those of the hands known in the same picture."""
    return [roi_from_palm(palm) for palm in palms if not any(is_same_palm(palm, landmarks) for landmarks in known_landmarks_px)]


def _without_duplicates(sightings: list[_Sighting]) -> list[_Sighting]:
    """Keeps, of hands whose landmarks lie upon each other, the one followed longest; in the order of the tracks, new hands last."""
    kept: list[_Sighting] = []
    for sighting in sorted(sightings, key=_age_order):
        if not any(is_same_hand(sighting.estimate.landmarks_px, other.estimate.landmarks_px) for other in kept):
            kept.append(sighting)
    return kept


def _age_order(sighting: _Sighting) -> float:
    return math.inf if sighting.track is None else sighting.track.hand_id


def _continues(found: Roi, lost: Roi) -> bool:
    """Whether a hand found now is plausibly the one lost now: its centre lies within the lost hand's ROI."""
    reach = lost.size_px / 2
    return abs(found.center_x_px - lost.center_x_px) <= reach and abs(found.center_y_px - lost.center_y_px) <= reach
