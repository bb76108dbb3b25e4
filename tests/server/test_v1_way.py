"""The way handstream.v1 of /ws/video, with a bare WebSocket library: what a client of another language would see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from handstream.frames import Frame
from handstream.protocol import wire
from tests.server.serving import WAIT_S, jpeg, serving
from tests.vision.pictures import png_declaring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.client import ClientConnection

    from handstream.frames import FrameResult
    from tests.server.serving import Serving


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as running:
        yield running


def control(websocket: ClientConnection, message: str) -> Any:
    websocket.send(message)
    return json.loads(websocket.recv(WAIT_S))


def track(websocket: ClientConnection, frame_id: int, image: bytes | None = None, capture_time_ns: int = 0) -> FrameResult:
    websocket.send(wire.encode_frame(Frame(frame_id, jpeg() if image is None else image, capture_time_ns)))
    answer = websocket.recv(WAIT_S)
    assert isinstance(answer, bytes), answer
    return wire.decode_result(answer)


def test_welcome_says_what_is_what(server: Serving) -> None:
    with server.v1(hello=None) as websocket:
        assert websocket.subprotocol == "handstream.v1"
        welcome = control(websocket, '{"type": "hello", "client": "test/1", "settings": {"output": "both", "max_hands": 1}}')
    assert welcome["type"] == "welcome"
    assert welcome["engine"] == "fake"
    assert welcome["settings"]["output"] == "both"
    assert welcome["settings"]["max_hands"] == 1
    assert welcome["limits"] == {"max_message_bytes": 4_194_304, "max_frame_pixels": 8_294_400, "max_hands": 4}


def test_a_result_echoes_the_frame_and_tells_the_times(server: Serving) -> None:
    with server.v1() as websocket:
        result = track(websocket, 4_000_000_000, capture_time_ns=2**63)
    assert (result.frame_id, result.capture_time_ns) == (4_000_000_000, 2**63)
    assert (result.width_px, result.height_px) == (64, 48)
    assert result.send_time_ns > result.receive_time_ns > 0
    spent_ns = result.send_time_ns - result.receive_time_ns
    assert sum(result.stages_ns.values()) == pytest.approx(spent_ns, abs=7_000), "the stages add up to the whole"


def test_each_output_carries_what_it_promises(server: Serving) -> None:
    with server.v1('{"type": "hello", "settings": {"world_landmarks": true}}') as websocket:
        annotated = track(websocket, 0)
        control(websocket, '{"type": "settings", "settings": {"output": "landmarks"}}')
        landmarks = track(websocket, 1)
        control(websocket, '{"type": "settings", "settings": {"output": "both", "world_landmarks": false}}')
        both = track(websocket, 2)
    assert annotated.image is not None
    assert [hand.landmarks.shape for hand in annotated.hands] == [(0, 3), (0, 3)]
    assert landmarks.image is None
    assert landmarks.hands[0].world_landmarks is not None
    assert both.image is not None
    assert both.hands[0].landmarks.shape == (21, 3)
    assert both.hands[0].world_landmarks is None


def test_settings_change_while_it_runs_and_are_answered_with_all_of_them(server: Serving) -> None:
    with server.v1('{"type": "hello", "settings": {"output": "landmarks"}}') as websocket:
        before = track(websocket, 0)
        answer = control(websocket, '{"type": "settings", "settings": {"max_hands": 1, "jpeg_quality": 10}}')
        after = track(websocket, 1)
    assert answer["type"] == "settings"
    assert answer["settings"]["output"] == "landmarks"
    assert answer["settings"]["max_hands"] == 1
    assert (len(before.hands), len(after.hands)) == (2, 1)
    assert {hand.hand_id for hand in before.hands}.isdisjoint(hand.hand_id for hand in after.hands), "a new tracker's hands are others"


def test_the_query_sets_what_the_session_begins_with(server: Serving) -> None:
    with connect(f"{server.video_url}?output=landmarks&jpeg_quality=9", subprotocols=[Subprotocol("handstream.v1")]) as websocket:
        settings = control(websocket, '{"type": "hello"}')["settings"]
    assert (settings["output"], settings["jpeg_quality"]) == ("landmarks", 9)


def _frame(frame_id: int, image: bytes) -> bytes:
    return wire.encode_frame(Frame(frame_id, image))


BAD_MESSAGES = {
    "a header that is too short": (b"\x01\x01\x00", "header_too_short", None),
    "nothing": (b"", "header_too_short", None),
    "a bare image": (jpeg(), "bad_version", None),
    "a result": (b"\x01\x02" + _frame(6, b"x")[2:], "bad_type", None),
    "a frame without an image": (_frame(6, b""), "empty_message", 6),
    "a number that was there before": (_frame(5, jpeg()), "bad_frame_id", 5),
    "a number that goes back": (_frame(4, jpeg()), "bad_frame_id", 4),
    "not an image": (_frame(6, b"GIF89a"), "not_an_image", 6),
    "a truncated JPEG": (_frame(6, jpeg(width_px=320)[:-200]), "truncated_image", 6),
    "a PNG that declares 30000x30000": (_frame(6, png_declaring(30_000, 30_000)), "image_too_large", 6),
    "no JSON": ("hello", "bad_json", None),
    "an unknown type": ('{"type": "bye"}', "unknown_type", None),
    "an unknown setting": ('{"type": "settings", "settings": {"size": 1}}', "bad_settings", None),
    "a setting out of range": ('{"type": "settings", "settings": {"max_hands": 5}}', "bad_settings", None),
    "a second hello": ('{"type": "hello"}', "hello_repeated", None),
    "a very long text": ('{"type": "settings", "settings": {}, "x": "' + "x" * 70_000 + '"}', "bad_json", None),
}


@pytest.mark.parametrize(("message", "code", "frame_id"), BAD_MESSAGES.values(), ids=BAD_MESSAGES)
def test_a_bad_message_is_answered_with_its_error_and_the_session_goes_on(
    server: Serving, message: bytes | str, code: str, frame_id: int | None
) -> None:
    with server.v1() as websocket:
        track(websocket, 5)
        websocket.send(message)
        answer = json.loads(websocket.recv(WAIT_S))
        assert answer["type"] == "error"
        assert answer["error"]["code"] == code
        assert answer["error"].get("frame_id") == frame_id
        assert track(websocket, 7).frame_id == 7


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (jpeg(), "hello_expected"),
        (_frame(0, jpeg()), "hello_expected"),
        ('{"type": "settings", "settings": {}}', "hello_expected"),
        ("hello", "bad_json"),
        ('{"type": "hello", "settings": {"output": "video"}}', "bad_settings"),
    ],
)
def test_a_session_that_does_not_begin_with_a_usable_hello_is_closed(server: Serving, first: bytes | str, code: str) -> None:
    with server.v1(hello=None) as websocket:
        websocket.send(first)
        assert json.loads(websocket.recv(WAIT_S))["error"]["code"] == code
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(WAIT_S)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1002, code)


def test_frames_may_follow_hello_at_once(server: Serving) -> None:
    with server.v1(hello=None) as websocket:
        websocket.send('{"type": "hello"}')
        websocket.send(_frame(0, jpeg()))
        assert "welcome" in str(websocket.recv(WAIT_S))
        assert isinstance(websocket.recv(WAIT_S), bytes)


@pytest.mark.parametrize("offered", [["handstream.v2"], ["chat", "superchat"]])
def test_an_unknown_subprotocol_is_refused_before_the_upgrade(server: Serving, offered: list[str]) -> None:
    with pytest.raises(InvalidStatus) as refusal, server.v1(subprotocols=offered):
        pass
    assert refusal.value.response.status_code == 400
    error = json.loads(refusal.value.response.body)["error"]
    assert error["code"] == "unknown_subprotocol"
    assert "handstream.v1" in error["message"]


def test_a_known_subprotocol_among_others_is_taken(server: Serving) -> None:
    with server.v1(subprotocols=["handstream.v2", "handstream.v1"]) as websocket:
        assert websocket.subprotocol == "handstream.v1"
