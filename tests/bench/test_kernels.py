"""The bare kernels get the conditions of a server's sessions."""

from __future__ import annotations

import pytest

from handstream.bench.kernels import KERNELS, KernelTimer, decoded_sizes
from handstream.bench.pictures import encoded_pictures
from handstream.frames import Output
from handstream.tracking import HandTracker
from handstream.vision.codec import decode


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    return encoded_pictures()[::20]


def test_each_picture_needs_one_inference(pictures: list[bytes]) -> None:
    with HandTracker(search="synchronous") as tracker:
        hands = [len(tracker.process(decode(picture, max_pixels=640 * 480))) for picture in pictures]
    assert hands == [1] * len(pictures)


def test_a_picture_that_is_given_back_is_decoded_whole(pictures: list[bytes]) -> None:
    assert decoded_sizes(pictures, Output.ANNOTATED) == [(480, 640)] * len(pictures)


def test_for_landmarks_no_more_is_decoded_than_the_server_does() -> None:
    """The demo clip's hand is near the camera, and half of so many pixels are enough for the networks."""
    fine = encoded_pictures((1280, 960))[:2]
    assert decoded_sizes(fine, Output.LANDMARKS) == [(480, 640)] * len(fine)


def test_every_session_has_the_times_of_its_frames(pictures: list[bytes]) -> None:
    with KernelTimer(pictures, Output.ANNOTATED, "f32") as timer:
        times = timer.run(sessions=2, frames_per_second=60, seconds=0.1)
    assert {name: len(spans) for name, spans in times.items()} == dict.fromkeys(KERNELS, 2 * 6)
    assert all(span_ms > 0 for spans in times.values() for span_ms in spans)
