"""The hand graph's steps: what is searched when, which hand is which, and that none is lost or doubled. No network runs here."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handstream.vision.engines import TrackerOptions
from handstream.vision.smoothing import Smoothing
from handstream.vision.tracker import MOST_STRETCH, SEARCH_INTERVAL_MS, HandGraph, Search
from tests.vision.hands import FakeNetworks, hand_at, moved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from handstream.frames import Hand
    from handstream.vision.landmarks import HandEstimate
    from handstream.vision.roi import Roi

PICTURE = np.zeros((480, 640, 3), np.uint8)
FRAME_NS = 33_333_333
LEFT, RIGHT = hand_at(150, 400), hand_at(450, 400)


class Stream:
    """A tracker and its 30 pictures a second."""

    def __init__(self, networks: FakeNetworks, options: TrackerOptions | None = None, search: Search = Search.BACKGROUND) -> None:
        self.networks = networks
        self.tracker = HandGraph(networks, options or TrackerOptions(), search=search)
        self.time_ns = 0

    def next(self, *hands: NDArray[np.float32]) -> list[Hand]:
        """What is reported for the next picture, which shows those hands."""
        self.networks.hands = list(hands)
        self.networks.calls.clear()
        self.time_ns += FRAME_NS
        return self.tracker.process(PICTURE, time_ns=self.time_ns)


def test_every_picture_is_searched_while_no_hand_is_in_view() -> None:
    stream = Stream(FakeNetworks())
    for _ in range(5):
        assert stream.next() == []
        assert stream.networks.calls == ["palms"]
    (hand,) = stream.next(LEFT)
    assert stream.networks.calls == ["palms", "hands:1", "beside"]
    assert hand.landmarks == pytest.approx(LEFT / [640, 480, 640])


def test_a_followed_hand_never_waits_for_a_search() -> None:
    stream = Stream(FakeNetworks())
    for i in range(60):
        stream.next(moved(LEFT, i, 0))
        assert ("palms" in stream.networks.calls) == (i == 0)
        if i % 7 == 6 and stream.networks.searches:
            stream.networks.end_search()


@pytest.mark.parametrize("places", [0, 1])
def test_a_search_that_finds_no_free_core_is_made_up_for_once_a_second(places: int) -> None:
    networks = FakeNetworks(places=places)
    stream = Stream(networks)
    stream.next(LEFT)
    searched = []
    for i in range(1, 100):
        assert len(stream.next(LEFT, *([RIGHT] if i > 80 else []))) == 1 + (i >= 93)
        searched += [i] * networks.calls.count("palms")
    assert searched == [31, 62, 93]


def pictures_until_both(stream: Stream) -> int:
    """How many pictures with two hands are shown before both are found; a search ends before the next picture."""
    waited = 0
    while len(stream.next(LEFT, RIGHT)) < 2:
        waited += 1
        if stream.networks.searches:
            stream.networks.end_search()
    return waited


def test_searches_beside_keep_to_their_rate_and_one_at_a_time() -> None:
    networks = FakeNetworks(places=9)
    stream = Stream(networks)
    begun = []
    for i in range(60):
        stream.next(LEFT)
        begun += [i] * networks.calls.count("beside")
        assert len(networks.searches) <= 1
        if i % 2 and networks.searches:
            networks.end_search()
    assert begun == list(range(0, 60, 4))


@pytest.mark.parametrize(("crowded", "every"), [(0.1, 4), (0.2, 8), (0.4, 16), (1.0, 16)])
def test_searches_beside_come_less_often_where_many_streams_share_the_cores(crowded: float, every: int) -> None:
    networks = FakeNetworks(crowded=crowded)
    stream = Stream(networks)
    begun = []
    for i in range(60):
        stream.next(LEFT)
        begun += [i] * networks.calls.count("beside")
        if networks.searches:
            networks.end_search()
    assert begun == list(range(0, 60, every))


def test_a_second_hand_is_found_in_a_crowd_too() -> None:
    networks = FakeNetworks(crowded=1.0)
    stream = Stream(networks)
    stream.next(LEFT)
    networks.end_search()
    assert pictures_until_both(stream) * FRAME_NS <= MOST_STRETCH * SEARCH_INTERVAL_MS * 1e6 + 2 * FRAME_NS


def test_no_search_when_every_hand_is_followed() -> None:
    stream = Stream(FakeNetworks(), TrackerOptions(max_hands=1))
    for _ in range(10):
        stream.next(LEFT, RIGHT)
        assert "beside" not in stream.networks.calls


def test_a_second_hand_is_found_within_200_ms() -> None:
    for appears_after in range(1, 12):
        networks = FakeNetworks()
        stream = Stream(networks)
        for _ in range(appears_after):
            stream.next(LEFT)
            if networks.searches:
                networks.end_search()
        assert pictures_until_both(stream) * FRAME_NS <= 200e6


def test_a_find_that_has_left_is_not_reported() -> None:
    networks = FakeNetworks()
    stream = Stream(networks)
    stream.next(LEFT)
    networks.end_search()
    for _ in range(3):
        stream.next(LEFT)
    stream.next(LEFT, RIGHT)
    networks.end_search()
    assert len(stream.next(LEFT)) == 1
    assert networks.calls[0] == "hands:2"


def test_when_every_search_place_is_taken_the_next_picture_asks_again() -> None:
    networks = FakeNetworks(places=0)
    stream = Stream(networks)
    stream.next(LEFT)
    networks.places = 1
    stream.next(LEFT)
    assert "beside" in networks.calls


def test_a_hand_that_jumps_is_found_in_the_same_picture_and_stays_the_same() -> None:
    stream = Stream(FakeNetworks())
    (before,) = stream.next(LEFT)
    (after,) = stream.next(moved(LEFT, 90, 0))
    assert stream.networks.calls[:3] == ["hands:1", "palms", "hands:1"]
    assert after.hand_id == before.hand_id


def test_a_hand_found_elsewhere_is_another() -> None:
    stream = Stream(FakeNetworks())
    (before,) = stream.next(LEFT)
    (after,) = stream.next(RIGHT)
    assert after.hand_id != before.hand_id


def test_an_identity_is_never_used_again() -> None:
    stream = Stream(FakeNetworks())
    identities = []
    for _ in range(5):
        identities += [hand.hand_id for hand in stream.next(LEFT)]
        assert stream.next() == []
    assert len(set(identities)) == 5


def test_hands_keep_their_place() -> None:
    stream = Stream(FakeNetworks(), search=Search.SYNCHRONOUS)
    first, second = (hand.hand_id for hand in stream.next(LEFT, RIGHT))
    assert [hand.hand_id for hand in stream.next(RIGHT, LEFT)] == [first, second]
    assert [hand.hand_id for hand in stream.next(RIGHT)] == [second]
    assert stream.next(LEFT, RIGHT)[0].hand_id == second


def test_two_tracks_that_meet_on_one_hand_become_the_older() -> None:
    stream = Stream(FakeNetworks(), search=Search.SYNCHRONOUS)
    older, _ = stream.next(LEFT, moved(LEFT, 120, 0))
    (kept,) = stream.next(moved(LEFT, 60, 0))
    assert kept.hand_id == older.hand_id


def test_static_images_stand_alone() -> None:
    stream = Stream(FakeNetworks(), TrackerOptions(static_image_mode=True))
    identities = set()
    for _ in range(3):
        hands = stream.next(LEFT, RIGHT)
        assert stream.networks.calls == ["palms", "hands:2"]
        identities |= {hand.hand_id for hand in hands}
    assert len(identities) == 6


@pytest.mark.parametrize(
    ("shape", "followed"), [((240, 320, 3), True), ((720, 960, 3), True), ((479, 640, 3), True), ((640, 480, 3), False)]
)
def test_a_stream_that_changes_its_resolution(shape: tuple[int, int, int], *, followed: bool) -> None:
    networks = FakeNetworks(hands=[LEFT])
    tracker = HandGraph(networks, TrackerOptions(), smoothing=Smoothing())
    (before,) = tracker.process(PICTURE, time_ns=0)
    networks.hands = [LEFT * np.float32(shape[1] / 640)]
    (after,) = tracker.process(np.zeros(shape, np.uint8), time_ns=FRAME_NS)
    assert (after.hand_id == before.hand_id) is followed
    if followed:
        assert after.landmarks == pytest.approx(before.landmarks, rel=0.01)


def test_reset_forgets_the_hands_and_the_search() -> None:
    networks = FakeNetworks()
    stream = Stream(networks)
    (before,) = stream.next(LEFT)
    stream.tracker.reset()
    networks.end_search()
    (after,) = stream.next(LEFT)
    assert networks.calls[0] == "palms"
    assert after.hand_id != before.hand_id


def test_a_closed_tracker_refuses() -> None:
    stream = Stream(FakeNetworks())
    stream.tracker.close()
    stream.tracker.close()
    with pytest.raises(RuntimeError, match="closed"):
        stream.next()


def test_a_second_thread_is_refused_and_the_first_is_answered() -> None:
    entered, go_on = threading.Event(), threading.Event()

    class SlowNetworks(FakeNetworks):
        def estimate_hands(self, rgb: NDArray[np.uint8], rois: Sequence[Roi]) -> list[HandEstimate]:
            entered.set()
            go_on.wait()
            return super().estimate_hands(rgb, rois)

    stream = Stream(SlowNetworks())
    answers: list[list[Hand]] = []
    first = threading.Thread(target=lambda: answers.append(stream.next(LEFT)))
    first.start()
    entered.wait()
    try:
        with pytest.raises(RuntimeError, match="Another thread"):
            stream.tracker.process(PICTURE)
    finally:
        go_on.set()
        first.join()
    assert len(answers[0]) == 1


def test_a_picture_after_a_wrong_one_is_answered() -> None:
    stream = Stream(FakeNetworks())
    with pytest.raises(ValueError, match="uint8"):
        stream.tracker.process(PICTURE.astype(np.float32))
    assert len(stream.next(LEFT)) == 1


def test_a_search_interval_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="search_interval_ms"):
        HandGraph(FakeNetworks(), TrackerOptions(), search_interval_ms=-1)


positions = st.lists(st.tuples(st.integers(0, 640), st.integers(0, 480)), max_size=4)


@settings(deadline=None)
@given(
    scenes=st.lists(st.tuples(positions, st.booleans()), max_size=25),
    max_hands=st.integers(1, 3),
    search=st.sampled_from(Search),
)
def test_whatever_happens_the_list_is_sound(scenes: list[tuple[list[tuple[int, int]], bool]], max_hands: int, search: Search) -> None:
    """Never more hands than asked for, no identity twice, older before newer, none again once it was gone, no hand reported twice."""
    networks = FakeNetworks()
    stream = Stream(networks, TrackerOptions(max_hands=max_hands), search)
    gone: set[int] = set()
    last: set[int] = set()
    for places, search_ends in scenes:
        hands = stream.next(*(hand_at(x, y) for x, y in places))
        identities = [hand.hand_id for hand in hands]
        assert len(hands) <= max_hands
        assert identities == sorted(set(identities))
        assert gone.isdisjoint(identities)
        assert len({hand.landmarks.tobytes() for hand in hands}) == len(hands)
        gone |= last - set(identities)
        last = set(identities)
        if search_ends and networks.searches:
            networks.end_search()
