"""The plain way of /ws/video, with a bare WebSocket library that knows nothing of handstream."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.server.fake_engine import FakeEngine
from tests.server.serving import WAIT_S, jpeg, serving
from tests.vision.pictures import png_declaring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.client import ClientConnection

    from tests.server.serving import Serving

SERVER_STAGES = ["receive", "queue", "decode", "track", "annotate", "encode", "send"]


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(max_message_bytes=100_000) as running:
        yield running


def ask(websocket: ClientConnection, message: bytes | str) -> Any:
    websocket.send(message)
    return json.loads(websocket.recv(WAIT_S))


def test_an_image_is_answered_with_the_annotated_image_and_the_hands(server: Serving) -> None:
    with server.plain() as websocket:
        answer = ask(websocket, jpeg(width_px=160, height_px=120))
    assert answer["frame_id"] == 0
    assert answer["dropped"] == 0
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(answer["image"]), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (120, 160, 3)
    assert picture.std() > 1, "nothing is drawn"
    left, right = answer["hands"]
    assert (left["handedness"], left["score"], right["handedness"]) == ("Left", 0.9, "Right")
    assert left["landmarks"][0] == [0.25, 0.25, 0.025]
    assert len(left["landmarks"]) == 21


def test_the_timings_name_the_stages_that_ran(server: Serving) -> None:
    with server.plain() as websocket:
        assert list(ask(websocket, jpeg())["timings_ms"]) == SERVER_STAGES
    with server.plain("?output=landmarks") as websocket:
        assert list(ask(websocket, jpeg())["timings_ms"]) == ["receive", "queue", "decode", "track", "send"]


def test_frames_are_counted_from_0(server: Serving) -> None:
    with server.plain() as websocket:
        assert [ask(websocket, jpeg())["frame_id"] for _ in range(3)] == [0, 1, 2]


def test_landmarks_alone_come_without_an_image(server: Serving) -> None:
    with server.plain("?output=landmarks") as websocket:
        answer = ask(websocket, jpeg())
    assert "image" not in answer
    assert len(answer["hands"]) == 2


def test_the_jpeg_quality_is_the_sessions(server: Serving) -> None:
    sizes = []
    for quality in (5, 95):
        with server.plain(f"?jpeg_quality={quality}") as websocket:
            sizes.append(len(ask(websocket, jpeg(width_px=320, height_px=240))["image"]))
    assert sizes[0] < sizes[1]


BAD_MESSAGES = {
    "not an image": (b"GIF89a is not taken", "not_an_image", 0),
    "a truncated JPEG": (jpeg(width_px=320)[:-200], "truncated_image", 0),
    "a PNG that declares 30000x30000": (png_declaring(30_000, 30_000), "image_too_large", 0),
    "nothing": (b"", "empty_message", 0),
    "a text": ("hello", "text_not_expected", None),
    "a text that is JSON": ('{"type": "hello"}', "text_not_expected", None),
}


@pytest.mark.parametrize(("message", "code", "frame_id"), BAD_MESSAGES.values(), ids=BAD_MESSAGES)
def test_a_bad_message_is_answered_with_its_error_and_the_session_goes_on(
    server: Serving, message: bytes | str, code: str, frame_id: int | None
) -> None:
    with server.plain() as websocket:
        error = ask(websocket, message)["error"]
        assert error["code"] == code
        assert error.get("frame_id") == frame_id
        assert error["message"]
        assert ask(websocket, jpeg())["frame_id"] == (0 if frame_id is None else 1)


def test_a_png_of_30000x30000_is_declared_in_about_100_bytes() -> None:
    assert len(png_declaring(30_000, 30_000)) <= 110


def test_a_message_beyond_the_limit_closes_the_connection(server: Serving) -> None:
    with server.plain() as websocket:
        websocket.send(bytes(100_001))
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(WAIT_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
    assert "100000" in closed.value.rcvd.reason


def test_a_message_of_many_fragments_beyond_the_limit_closes_the_connection(server: Serving) -> None:
    with server.plain() as websocket:
        with pytest.raises(ConnectionClosed):
            websocket.send(bytes(1_000) for _ in range(100_000))
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(WAIT_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


@pytest.mark.parametrize(
    "query",
    ["?size=1", "?output=video", "?jpeg_quality=0", "?jpeg_quality=101", "?jpeg_quality=high", "?output=both&output=both", "?output="],
)
def test_a_query_that_is_not_understood_is_refused_before_the_upgrade(server: Serving, query: str) -> None:
    with pytest.raises(InvalidStatus) as refusal, server.plain(query):
        pass
    assert refusal.value.response.status_code == 400
    assert json.loads(refusal.value.response.body)["error"]["code"] == "bad_query"


def test_compression_is_not_negotiated(server: Serving) -> None:
    with connect(server.video_url, compression="deflate") as websocket:
        assert websocket.response is not None
        assert "Sec-WebSocket-Extensions" not in websocket.response.headers


def test_a_frame_that_the_engine_fails_on_is_answered_with_an_error() -> None:
    engine = FakeEngine()
    with serving(lambda: engine) as server, server.plain() as websocket:
        engine.error = ZeroDivisionError("a fault of ours")
        error = ask(websocket, jpeg())["error"]
        assert (error["code"], error["frame_id"]) == ("tracking_failed", 0)
        assert "fault" not in error["message"], "what went wrong inside is for the log"
        engine.error = None
        assert ask(websocket, jpeg())["frame_id"] == 1
