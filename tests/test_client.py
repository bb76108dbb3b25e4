"""The Python client, against a real server."""

from __future__ import annotations

import asyncio
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from handstream.client import Answered, ClientSession, Dropped, Failed, SessionClosedError, connect
from handstream.errors import HandstreamError
from handstream.frames import Stage
from handstream.protocol import window
from tests.server.fake_engine import FakeEngine
from tests.server.serving import jpeg, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tests.server.serving import Serving


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame is given up after half a second at the earliest, for which a busy machine may pause. `monkeypatch.undo()` tests that."""
    monkeypatch.setattr(window, "MIN_TIMEOUT_MS", window.MAX_TIMEOUT_MS)


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as running:
        yield running


async def track(session: ClientSession, image: bytes | NDArray[np.uint8]) -> Answered:
    frame_id = await session.send(image)
    outcome = await anext(session)
    assert isinstance(outcome, Answered)
    assert outcome.frame_id == frame_id
    return outcome


async def test_a_frame_is_answered(server: Serving) -> None:
    async with connect(server.url, settings={"output": "both"}) as session:
        assert session.welcome.engine == "fake"
        answered = await track(session, jpeg())
        array = await track(session, np.full((48, 64, 3), 99, np.uint8))
    assert answered.result.image is not None
    assert len(answered.result.hands) == 2
    assert (array.result.width_px, array.result.height_px) == (64, 48)
    assert answered.round_trip_ns > answered.network_ns > 0
    assert list(answered.stages_ns)[:2] == [Stage.HOLD, Stage.NETWORK_UP]  # It came as a JPEG, so there was nothing to pack.
    assert list(array.stages_ns)[:3] == [Stage.PACK, Stage.HOLD, Stage.NETWORK_UP]
    assert array.stages_ns[Stage.TRACK] == array.result.stages_ns[Stage.TRACK]
    assert sum(array.stages_ns.values()) >= array.round_trip_ns


async def test_the_servers_clock_is_known(server: Serving) -> None:
    async with connect(server.url) as session:
        assert session.clock.to_local(5) is None
        answered = await track(session, jpeg())
        there_ns, error_ns = session.clock.to_local(answered.result.receive_time_ns), session.clock.offset_error_bound_ns
    assert there_ns is not None
    assert error_ns is not None
    assert abs(there_ns - answered.result.receive_time_ns) <= error_ns  # The server is in this process, so its clock is this one.


async def test_what_comes_out_of_an_outage_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    engine, may_go = FakeEngine(), threading.Event()
    with serving(lambda: engine) as server:
        async with connect(server.url) as session:
            for _ in range(3):
                await track(session, jpeg())
            engine.meanwhile = may_go.wait
            lost_id = await session.send(jpeg())
            assert await anext(session) == Dropped(lost_id, "network_up")
            trial_id = await session.send(jpeg())
            may_go.set()
            assert await anext(session) == Dropped(trial_id, "network_down")
            await track(session, jpeg())
            statistics = session.statistics()
    assert (statistics.sent, statistics.answered, statistics.dropped, statistics.late) == (6, 4, 2, 1)


async def test_the_capture_time_comes_back(server: Serving) -> None:
    async with connect(server.url) as session:
        await session.send(jpeg(), capture_time_ns=12_345)
        outcome = await anext(session)
    assert isinstance(outcome, Answered)
    assert outcome.result.capture_time_ns == 12_345


async def test_settings_change_while_it_runs(server: Serving) -> None:
    async with connect(server.url) as session:
        assert (await track(session, jpeg())).result.image is not None
        await session.change(output="landmarks", max_hands=1)
        answered = await track(session, jpeg())
        assert answered.result.image is None
        assert len(answered.result.hands) == 1
        assert session.settings["output"] == "landmarks"


async def test_errors_are_typed_and_the_session_goes_on(server: Serving) -> None:
    async with connect(server.url) as session:
        frame_id = await session.send(b"GIF89a")
        match await anext(session):
            case Failed(failed_id, error):
                assert (failed_id, error.code) == (frame_id, "not_an_image")
            case other:
                pytest.fail(f"{other}")
        await session.change(size=1)
        match await anext(session):
            case Failed(None, error):
                assert error.code == "bad_settings"
            case other:
                pytest.fail(f"{other}")
        await track(session, jpeg())
        assert session.statistics().failed == 1


async def test_on_a_short_path_one_frame_is_in_flight_and_the_newest_waits() -> None:
    engine, may_go = FakeEngine(), threading.Event()
    with serving(lambda: engine) as server:
        engine.meanwhile = may_go.wait
        async with connect(server.url) as session:
            for _ in range(10):
                await session.send(jpeg())
                assert session.statistics().in_flight == 1
            may_go.set()
            outcomes = [await anext(session) for _ in range(2)]
            statistics = session.statistics()
    assert [outcome.frame_id for outcome in outcomes] == [0, 9]
    assert (statistics.sent, statistics.replaced, statistics.in_flight) == (2, 8, 0)


async def test_on_a_long_path_more_are_in_flight_so_that_it_stays_busy() -> None:
    engine = FakeEngine()
    with serving(lambda: engine) as server:
        engine.delay_s = 0.1
        async with connect(server.url, frame_interval_ms=33) as session:
            for _ in range(5):
                await track(session, jpeg())
            for _ in range(10):
                await session.send(jpeg())
            assert 2 <= session.statistics().in_flight < 10


async def test_every_frame_sent_has_one_outcome_and_an_answer_that_is_late_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    engine, may_go = FakeEngine(), threading.Event()
    with serving(lambda: engine) as server:
        async with connect(server.url) as session:
            for _ in range(10):
                await track(session, jpeg())
            engine.meanwhile = may_go.wait
            overdue_id = await session.send(jpeg())
            assert await anext(session) == Dropped(overdue_id, "network_up")
            newest_id = await session.send(jpeg())
            may_go.set()
            outcomes = [await anext(session)]
            while outcomes[-1].frame_id != newest_id:
                outcomes.append(await anext(session))
            statistics = session.statistics()
    assert overdue_id not in [outcome.frame_id for outcome in outcomes]
    assert statistics.late == 1
    assert statistics.sent == statistics.answered + statistics.dropped + statistics.in_flight


async def test_sending_and_iterating_side_by_side(server: Serving) -> None:
    async def camera(session: ClientSession) -> None:
        for level in range(0, 200, 10):
            await session.send(jpeg(level))
            await asyncio.sleep(0.005)

    async with connect(server.url, settings={"output": "landmarks"}) as session:
        sending = asyncio.create_task(camera(session))
        seen = []
        async for outcome in session:
            assert isinstance(outcome, Answered)
            seen.append(outcome.frame_id)
            if outcome.frame_id == 19:
                break
        await sending
    assert seen == sorted(seen)
    assert len(seen) + session.statistics().replaced == 20


async def test_a_server_that_stops_ends_the_iteration_with_its_code_where_no_other_connection_is_wanted() -> None:
    with serving() as server:
        async with connect(server.url, reconnect_within_s=0) as session:
            await track(session, jpeg())
            server.stop()
            with pytest.raises(SessionClosedError) as closed:
                await anext(session)
            assert closed.value.close_code == 1001
            with pytest.raises(SessionClosedError):
                await session.send(jpeg())


async def test_a_session_that_was_closed_ends_the_iteration_and_takes_no_frame(server: Serving) -> None:
    async with connect(server.url) as session:
        await track(session, jpeg())
        await session.close()
        assert [outcome async for outcome in session] == []
        with pytest.raises(SessionClosedError, match="1000: this client closed it"):
            await session.send(jpeg())
    with pytest.raises(SessionClosedError):
        await session.change(max_hands=1)


async def test_an_error_that_is_raised_again_and_again_holds_no_more_than_at_first(server: Serving) -> None:
    """A camera's loop may pass over it; each of its calls would stay in the traceback, with its picture."""
    async with connect(server.url) as session:
        await session.close()
        depths = []
        for _ in range(3):
            with pytest.raises(SessionClosedError) as ended:
                await session.send(jpeg())
            depths.append(len(list(traceback.walk_tb(ended.value.__traceback__))))
    assert depths == depths[:1] * 3


async def test_an_iteration_that_is_cancelled_loses_no_outcome(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    is_writing = asyncio.Event()

    async def never(_: str) -> None:
        is_writing.set()
        await asyncio.Event().wait()

    async with connect(server.url) as session:
        frame_id = await session.send(jpeg())
        with monkeypatch.context() as choked:
            choked.setattr(session._websocket, "send", never)
            iteration = asyncio.create_task(anext(session))
            await is_writing.wait()
            iteration.cancel()
            await asyncio.wait([iteration])
        outcome = await anext(session)
    assert isinstance(outcome, Answered)
    assert outcome.frame_id == frame_id


def test_it_works_from_threads_each_with_a_loop_of_its_own(server: Serving) -> None:
    async def stream() -> int:
        async with connect(server.url, adaptive=True) as session:
            return (await track(session, np.full((48, 64, 3), 99, np.uint8))).frame_id

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(lambda _: asyncio.run(stream()), range(3))) == [0, 0, 0]


async def test_a_message_beyond_the_limit_ends_the_session() -> None:
    with serving(max_message_bytes=2_000) as server:
        async with connect(server.url) as session:
            await session.send(bytes(3_000))
            with pytest.raises(SessionClosedError, match="1009") as closed:
                await anext(session)
            assert closed.value.close_code == 1009


@pytest.mark.parametrize(
    ("settings", "code"), [({"output": "video"}, "bad_settings"), ({"max_hands": 9}, "bad_settings"), ({"size": 1}, "bad_settings")]
)
async def test_settings_that_are_not_taken_are_told_when_connecting(server: Serving, settings: dict[str, object], code: str) -> None:
    with pytest.raises(HandstreamError) as refused:
        async with connect(server.url, settings=settings):
            pass
    assert refused.value.code == code


@pytest.mark.parametrize("url", ["ws://127.0.0.1:9", "not-a-url", "http://", "ftp://127.0.0.1", "ws://127.0.0.1:99999", "ws://[::1"])
async def test_a_server_that_is_not_there_is_named(url: str) -> None:
    with pytest.raises(HandstreamError) as refused:
        async with connect(url):
            pass
    assert refused.value.code == "cannot_connect"
    assert url in str(refused.value)


async def test_a_refusal_is_told_in_the_servers_words(server: Serving) -> None:
    with pytest.raises(HandstreamError, match="output") as refused:
        async with connect(f"{server.url}/ws/video?output=video"):
            pass
    assert refused.value.code == "bad_query"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"frame_interval_ms": 0}, "frame_interval_ms must be a number above 0, not 0"),
        ({"frame_interval_ms": float("nan")}, "frame_interval_ms"),
        ({"frame_interval_ms": float("inf")}, "frame_interval_ms"),
        ({"frame_interval_ms": "33"}, "frame_interval_ms"),
        ({"jpeg_quality": 0}, "jpeg_quality must be a whole number in 1..100, not 0"),
        ({"jpeg_quality": 80.5}, "jpeg_quality"),
        ({"min_scale": 1.1}, "min_scale"),
        ({"reconnect_within_s": -1}, "reconnect_within_s must be a number of 0 or more, not -1"),
        ({"settings": ["output"]}, "settings must be a mapping"),
        ({"token": "a secret\n"}, "token must be a text of visible ASCII characters"),
    ],
)
async def test_arguments_are_checked_before_anything_is_sent(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told) as refused:
        async with connect("ws://127.0.0.1:9", **options):
            pass
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("image", "told"),
    [
        ("a text", "must be a numpy array of uint8 .* not str"),
        (None, "not NoneType"),
        (np.zeros((48, 64), np.uint8), r"shape \(height, width, 3\)"),
        (np.zeros((0, 64, 3), np.uint8), "at least one pixel"),
        (np.zeros((48, 64, 3)), "dtype uint8, not float64"),
    ],
)
@pytest.mark.parametrize("adaptive", [False, True])
async def test_what_is_no_picture_is_refused_and_costs_nothing(server: Serving, image: Any, told: str, adaptive: bool) -> None:
    async with connect(server.url, adaptive=adaptive) as session:
        with pytest.raises(ValueError, match=told):
            await session.send(image)
        with pytest.raises(ValueError, match="capture_time_ns must be a whole number"):
            await session.send(jpeg(), capture_time_ns=-1)
        assert (await track(session, jpeg())).frame_id == 0


@pytest.mark.parametrize("image", [bytearray(jpeg()), memoryview(jpeg()), np.zeros((48, 64, 3), np.uint8)[..., ::-1]])
async def test_bytes_of_any_kind_and_views_are_pictures(server: Serving, image: Any) -> None:
    async with connect(server.url) as session:
        await track(session, image)


@pytest.mark.parametrize("message", ["welcome", b"\x01"])
async def test_a_message_of_the_server_that_cannot_be_understood_is_told_and_the_session_goes_on(
    server: Serving, message: str | bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def garbled() -> str | bytes:
        return message

    async with connect(server.url) as session:
        with monkeypatch.context() as path:
            path.setattr(session._websocket, "recv", garbled)
            match await anext(session):
                case Failed(None, error):
                    assert error.code in {"bad_json", "header_too_short"}
                case other:
                    pytest.fail(f"{other}")
        await track(session, jpeg())
