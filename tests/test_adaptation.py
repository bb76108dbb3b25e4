"""How a client adapts: what leaves when, at which quality and size, and with a real server that is too slow."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from handstream.adaptation import Adaptation
from handstream.client import Answered, ClientSession, connect
from handstream.frames import FrameResult, Stage
from handstream.protocol.control import Advice
from handstream.protocol.window import SentFrame
from handstream.vision.codec import decode
from tests.server.fake_engine import FakeEngine
from tests.server.serving import WAIT_S, jpeg, serving

RGB = np.full((480, 640, 3), 128, np.uint8)
ANNOTATED: dict[str, object] = {"output": "annotated", "jpeg_quality": 50}
LANDMARKS: dict[str, object] = {"output": "landmarks", "jpeg_quality": 50}


def adaptation(settings: dict[str, object], min_scale: float = 0.25) -> Adaptation:
    return Adaptation(frame_interval_ms=33, jpeg_quality=80, min_scale=min_scale, settings=settings)


def run(adapting: Adaptation, *, bytes_per_ms: float, base_ms: float = 60, seconds: int = 20) -> None:
    """Frames of 30 KB go over a path of that bandwidth, each answered by as many bytes, each probed if that is wanted."""
    now_ms = 0.0
    for frame_id in range(seconds * 1000 // 33):
        now_ms = adapting.departure_ms(now_ms + 33)
        quality, scale = adapting.decision.jpeg_quality, adapting.decision.scale
        size_bytes = round(30_000 * quality / 80 * scale**2)
        if adapting.leave(frame_id, now_ms):
            adapting.echo(frame_id, now_ms + base_ms)
        took_ms = base_ms + 2 * size_bytes / bytes_per_ms
        result = FrameResult(frame_id, 0, 640, 480, (), b"", {Stage.TRACK: 5_000_000}, 0, 5_000_000)
        adapting.answer(SentFrame(frame_id, size_bytes, now_ms, 1e12, True, False), now_ms, result, size_bytes, now_ms + took_ms + 5)


def test_a_fast_path_is_used_as_the_caller_wants() -> None:
    adapting = adaptation(ANNOTATED)
    run(adapting, bytes_per_ms=1e6)
    decision = adapting.decision
    assert (decision.limit, decision.jpeg_quality, decision.scale, decision.frame_interval_ms) == ("none", 80, 1.0, 33)
    assert adapting.settings_to_ask_for() == {}


def test_a_thin_path_gets_smaller_pictures_both_ways() -> None:
    adapting = adaptation(ANNOTATED)
    adapting.see(RGB, 0)
    run(adapting, bytes_per_ms=125)
    assert adapting.decision.limit == "path"
    assert adapting.decision.jpeg_quality < 80
    asked = adapting.settings_to_ask_for()
    assert asked == {"jpeg_quality": adapting.decision.answer_quality}
    assert adapting.settings_to_ask_for() == {}, "it is asked for once"
    small = adapting.encode(RGB)
    assert len(small) < len(adaptation(ANNOTATED).encode(RGB))
    height_px, width_px = decode(small, max_pixels=RGB.size).shape[:2]
    assert (width_px, height_px) == (round(640 * adapting.decision.scale), round(480 * adapting.decision.scale))


def test_a_picture_that_was_packed_before_a_change_tells_nothing_of_it() -> None:
    """It waited for its place meanwhile. Taken for one of the new detail, its bytes would lower the rate as well."""
    adapting, result = adaptation(ANNOTATED), FrameResult(0, 0, 640, 480, (), b"", {}, 0, 0)
    for frame_id in range(40):
        adapting.leave(frame_id, 33.0 * frame_id)
        adapting.echo(frame_id, 33.0 * frame_id + 200)
        frame = SentFrame(frame_id, 17_000, 33.0 * frame_id, 1e12, True, False)
        adapting.answer(frame, 0.0, result, 10_000, 33.0 * frame_id + 416)
    assert adapting.decision.jpeg_quality < 80
    assert adapting.decision.frame_interval_ms == 33


def test_of_images_that_are_encoded_already_only_the_rate_adapts() -> None:
    adapting = adaptation(LANDMARKS)
    adapting.see(jpeg(), 0)
    run(adapting, bytes_per_ms=125)
    assert (adapting.decision.jpeg_quality, adapting.decision.scale) == (80, 1.0)
    assert adapting.settings_to_ask_for() == {}


@pytest.mark.parametrize(
    ("settings", "min_scale", "sent_px"), [(LANDMARKS, 0.25, 240), (LANDMARKS, 0.5, 320), (LANDMARKS, 1.0, 640), (ANNOTATED, 0.25, 640)]
)
def test_of_a_near_hand_no_more_is_sent_than_the_networks_can_use(settings: dict[str, object], min_scale: float, sent_px: int) -> None:
    adapting = adaptation(settings, min_scale)
    adapting.see(RGB, 0)
    near = FrameResult(0, 0, 640, 480, (), region_px=800, send_time_ns=5_000_000)
    adapting.answer(SentFrame(0, 30_000, 0, 1e12, True, False), 0, near, 400, 10)
    assert decode(adapting.encode(RGB), max_pixels=RGB.size).shape[1] == sent_px
    adapting.answer(SentFrame(1, 30_000, 33, 1e12, True, False), 33, replace(near, region_px=0), 400, 43)
    assert decode(adapting.encode(RGB), max_pixels=RGB.size).shape[1] == 640, "a hand that is still to be found may be a small one"


def test_advice_is_heeded_and_the_rate_held_on_average() -> None:
    adapting = adaptation(LANDMARKS)
    adapting.advise(Advice(10), 0)
    assert adapting.decision.frame_interval_ms == 100
    left, now_ms = 0, 0.0
    while now_ms < 10_000:
        if adapting.departure_ms(now_ms) <= now_ms:
            adapting.leave(left, now_ms)
            left += 1
        now_ms += 33.3
    assert left == pytest.approx(100, abs=5)


def test_a_client_begins_when_it_is_told_to_and_keeps_that_phase() -> None:
    adapting = adaptation(LANDMARKS)
    adapting.advise(Advice(10, 70), 1_000)
    left_ms = []
    for tick in range(100):
        now_ms = 1_000 + tick * 33.3
        if adapting.departure_ms(now_ms) <= now_ms:
            adapting.leave(tick, now_ms)
            left_ms.append(now_ms)
    assert left_ms[0] >= 1_070 - 33 / 2
    assert all(abs((time_ms - 1_070 + 50) % 100 - 50) <= 33 / 2 for time_ms in left_ms), "a camera's picture is near each turn"


@pytest.mark.parametrize("next_frame_in_ms", [101.0, 1e12, 1e308])
def test_a_client_that_is_told_to_begin_much_later_begins_within_an_interval(next_frame_in_ms: float) -> None:
    adapting = adaptation(LANDMARKS)
    adapting.advise(Advice(10, next_frame_in_ms), 1_000)
    assert adapting.departure_ms(1_000) <= 1_000 + 100 + 100 / 2, "where no picture is nearer to its turn"


def test_what_the_server_is_to_refuse_changes_nothing_here() -> None:
    adapting = adaptation(ANNOTATED)
    for quality in (0, 101, 80.5, True, "80"):
        adapting.want({"jpeg_quality": quality, "output": 1}, 0)
    assert adapting.decision.answer_quality == 50


def test_a_poor_quality_that_was_wanted_for_a_while_lowers_no_other() -> None:
    adapting, other = adaptation(ANNOTATED), adaptation(ANNOTATED)
    for wanted in (10, 50):
        adapting.want({"jpeg_quality": wanted}, 0)
    for each in (adapting, other):
        each.see(RGB, 0)
        run(each, bytes_per_ms=60)
    assert adapting.decision.answer_quality == other.decision.answer_quality < 50


async def test_a_camera_of_less_than_a_picture_a_second_is_one() -> None:
    with serving() as server:
        async with connect(server.url, adaptive=True, frame_interval_ms=2_500) as session:
            await session.send(jpeg())
            assert isinstance(await anext(session), Answered)
            assert session.rate is not None
            assert session.rate.frame_interval_ms == 2_500


async def test_a_client_of_a_busy_server_sends_less_and_says_why() -> None:
    async def play(session: ClientSession) -> None:
        """Until it knows that the server is too slow for its camera, and has had answers all the same."""
        answered = 0
        camera = asyncio.create_task(feed(session))
        async for outcome in session:
            answered += isinstance(outcome, Answered)
            if answered > 15 and session.rate is not None and session.rate.limit == "server" and session.rate.frame_interval_ms > 50:
                break
        camera.cancel()

    async def feed(session: ClientSession) -> None:
        while True:
            await session.send(jpeg())
            await asyncio.sleep(0.02)

    engine = FakeEngine()
    with serving(lambda: engine, threads=1) as server:
        engine.delay_s = 0.05
        async with connect(server.url, adaptive=True) as one, connect(server.url, adaptive=True) as other:
            async with asyncio.timeout(WAIT_S):
                await asyncio.gather(play(one), play(other))
            assert one.statistics().replaced > 0


def test_a_picture_leaves_as_it_comes_or_for_a_newer_one() -> None:
    adapting = adaptation(LANDMARKS)
    adapting.advise(Advice(10), 0)
    adapting.leave(0, 0)
    assert adapting.departure_ms(90) == 90, "no picture is nearer to its turn"
    assert 100 < adapting.departure_ms(50) < 120, "the next picture comes before, if one comes"
    adapting.leave(1, 90)
    assert adapting.departure_ms(150) > 200, "a turn that was taken early makes the next one no earlier"
