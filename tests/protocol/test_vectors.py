"""The golden messages in tests/vectors: what they are, and that this implementation writes and reads each of them byte for byte.

They are part of docs/protocol.md, and the TypeScript tests read the same files. After a deliberate change of the protocol they are
written anew with `.venv/bin/python tests/protocol/test_vectors.py`, and the difference is reviewed like code. In the files, 64-bit integers
are decimal texts (a JavaScript number holds 53 bits), bytes are hexadecimal, and floats are exactly those that the integers on the wire
stand for. A vector that is `read_only` is one that a reader takes and no writer makes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handstream.errors import MessageError
from handstream.frames import Frame, FrameResult, Hand, Output, Stage
from handstream.protocol import control, parsing, wire
from handstream.protocol.settings import Limits, SessionSettings
from handstream.protocol.trace import SERVER_STAGES

VECTORS = Path(__file__).parents[1] / "vectors"
RECEIVED_NS = 5_000_000_000_000

Vector = dict[str, Any]


# --- the messages


def frames() -> list[Vector]:
    good = [
        ("first frame", Frame(0, b"\xff\xd8 image \xff\xd9", 0)),
        ("a frame in the middle of a session", Frame(4_711, bytes(range(32)), 1_234_567_890_123)),
        ("the largest numbers", Frame(2**32 - 1, b"x", 2**64 - 1)),
        ("no image: it parses, and the session answers empty_message", Frame(7, b"", 1)),
    ]
    longer = wire.encode_frame(Frame(9, b"image", 3))
    longer = longer[:2] + (22).to_bytes(2, "big") + longer[4:18] + b"\xaa\xbb\xcc\xdd" + longer[18:]
    flagged = wire.encode_frame(Frame(10, b"image", 3))
    flagged = flagged[:4] + b"\x80\x01" + flagged[6:]
    plain = wire.encode_frame(Frame(11, b"image", 3))
    return [
        *({"name": name, "hex": wire.encode_frame(frame).hex(), "fields": _frame_fields(frame)} for name, frame in good),
        _read_only("a longer header, of which a reader skips what it does not know", longer, _frame_fields(Frame(9, b"image", 3))),
        _read_only("flags that are not defined are ignored", flagged, _frame_fields(Frame(10, b"image", 3))),
        _invalid("no byte", b"", "header_too_short"),
        _invalid("17 bytes", plain[:17], "header_too_short"),
        _invalid("version 0", b"\x00" + plain[1:], "bad_version"),
        _invalid("version 2", b"\x02" + plain[1:], "bad_version"),
        _invalid("a bare JPEG", b"\xff\xd8\xff\xe0" + bytes(60), "bad_version"),
        _invalid("a result, to the server", b"\x01\x02" + plain[2:], "bad_type"),
        _invalid("type 0", b"\x01\x00" + plain[2:], "bad_type"),
        _invalid("a header that says it is shorter than its fields", plain[:2] + b"\x00\x11" + plain[4:], "header_too_short"),
        _invalid("a header that says it is longer than the message", plain[:2] + b"\x00\x18" + plain[4:], "header_too_short"),
    ]


def results() -> list[Vector]:
    spans_ns = {stage: (index + 1) * 1_234_000 for index, stage in enumerate(SERVER_STAGES)}
    some_spans_ns = {Stage.RECEIVE: 50_000, Stage.QUEUE: 100, Stage.DECODE: 1_400_499, Stage.TRACK: 2**33 * 1_000}
    left, right = _hand("Left", 0.98, 1), _hand("Right", 0.5, 2**32 - 1)
    far = Hand("Left", 1.0, np.full((21, 3), 9.0, np.float32), np.full((21, 3), -9.0, np.float32), 3)
    good = [
        ("no hand, landmarks", FrameResult(0, 0, 640, 480, ()), Output.LANDMARKS, False),
        ("no hand, annotated", FrameResult(1, 2, 640, 480, (), b"\xff\xd8 jpeg"), Output.ANNOTATED, False),
        ("one hand, landmarks", _result((left,), None, spans_ns), Output.LANDMARKS, False),
        ("two hands, landmarks and world landmarks", _result((left, right), None, spans_ns), Output.LANDMARKS, True),
        (
            "two hands, annotated: the hands without their landmarks",
            _result((left, right), b"\xff\xd8 jpeg", spans_ns),
            Output.ANNOTATED,
            True,
        ),
        ("one hand, both", _result((right,), b"\xff\xd8 jpeg", spans_ns), Output.BOTH, False),
        ("two hands, both, with world landmarks", _result((right, left), b"\xff\xd8 jpeg", spans_ns), Output.BOTH, True),
        ("values beyond their range are clamped", replace(_result((far,), None, some_spans_ns), region_px=2**20), Output.LANDMARKS, True),
    ]
    plain = bytes(wire.encode_result(_result((left,), b"jpeg", spans_ns), Output.BOTH))
    longer = plain[:2] + (76).to_bytes(2, "big") + plain[4:74] + b"\xaa\xbb" + plain[74:]
    before_regions = plain[:2] + (72).to_bytes(2, "big") + plain[4:72] + plain[74:]
    return [
        *(_result_vector(*vector) for vector in good),
        _read_only("a longer header, of which a reader skips what it does not know", longer, _result_fields(wire.decode_result(plain))),
        _read_only(
            "a header without the region, as an older server writes it",
            before_regions,
            {**_result_fields(wire.decode_result(plain)), "region_px": 0},
        ),
        _invalid("71 bytes", plain[:71], "header_too_short"),
        _invalid("version 2", b"\x02" + plain[1:], "bad_version"),
        _invalid("a frame, to the client", b"\x01\x01" + plain[2:], "bad_type"),
        _invalid("a header that says it is shorter than its fields", plain[:2] + b"\x00\x47" + plain[4:], "header_too_short"),
        _invalid("hands that break off", plain[:100], "truncated_result"),
        _invalid("more hands than there are bytes", plain[:18] + b"\xff" + plain[19:], "truncated_result"),
    ]


def client_messages() -> list[Vector]:
    settings = {"output": "landmarks", "max_hands": 1}
    good: list[tuple[str, control.ClientMessage]] = [
        ("hello", control.Hello(client="my-client/1.0", settings=settings)),
        ("hello of a client that acknowledges", control.Hello(client="my-client/1.0", settings=settings, features=("ack",))),
        ("hello that resumes", control.Hello(client="my-client/1.0", features=("ack",), resume="9f2c4e7a.c2VjcmV0")),
        ("the results up to this one are in hand", control.Ack(4_711)),
        ("the largest number of a frame", control.Ack(2**32 - 1)),
        ("a probe", control.Ping(17)),
        ("a change of settings", control.SettingsMessage(settings={"jpeg_quality": 80})),
        ("a change of nothing", control.SettingsMessage(settings={})),
    ]
    bad = [
        ("no JSON", "hello", "bad_json"),
        ("nothing", "", "bad_json"),
        ("no object", '["hello"]', "bad_json"),
        ("no type", '{"settings":{}}', "bad_json"),
        ("a type that is no text", '{"type":1}', "bad_json"),
        ("NaN, which is no JSON", '{"type":"settings","settings":{"min_detection_confidence":NaN}}', "bad_json"),
        ("a client that is no text", '{"type":"hello","client":1}', "bad_json"),
        ("features that are no list", '{"type":"hello","features":"ack"}', "bad_json"),
        ("a feature that is no text", '{"type":"hello","features":[1]}', "bad_json"),
        ("a token that is no text", '{"type":"hello","resume":1}', "bad_json"),
        ("a token that is too long", json.dumps({"type": "hello", "resume": "x" * 257}), "bad_json"),
        ("an acknowledgement of nothing", '{"type":"ack"}', "bad_ack"),
        ("an acknowledgement of a number below 0", '{"type":"ack","frame_id":-1}', "bad_ack"),
        ("an acknowledgement of a number that no frame can have", '{"type":"ack","frame_id":4294967296}', "bad_ack"),
        ("an acknowledgement of a text", '{"type":"ack","frame_id":"1"}', "bad_ack"),
        ("a probe with a fraction", '{"type":"ping","id":1.5}', "bad_ping"),
        ("an unknown type", '{"type":"goodbye"}', "unknown_type"),
        ("settings that are no object", '{"type":"settings","settings":[]}', "bad_settings"),
        ("no settings", '{"type":"settings"}', "bad_settings"),
    ]
    return [
        *({"name": name, "text": message.text(), "fields": json.loads(message.text())} for name, message in good),
        {
            "name": "the shortest hello",
            "text": '{"type":"hello"}',
            "fields": {"type": "hello", "client": "", "settings": {}},
            "read_only": True,
        },
        {
            "name": "a feature that the server does not know is passed over",
            "text": '{"type":"hello","features":["fly","ack"]}',
            "fields": {"type": "hello", "client": "", "settings": {}, "features": ["ack"]},
            "read_only": True,
        },
        *({"name": name, "text": text, "error": code} for name, text, code in bad),
    ]


def server_messages() -> list[Vector]:
    settings = SessionSettings(output=Output.LANDMARKS).as_json()
    welcome = control.Welcome(
        server="handstream/0.1.0",
        session_id="9f2c4e7a",
        engine="openvino",
        resume_token="9f2c4e7a.c2VjcmV0",
        resume_within_s=30,
        settings=settings,
        limits=Limits(),
    )
    good: list[tuple[str, control.ServerMessage]] = [
        ("welcome", welcome),
        ("welcome back", replace(welcome, features=("ack",), resumed=True, last_frame_id=4_711)),
        ("welcome to a new session, as the old one is gone", replace(welcome, reason="cannot_resume")),
        ("advice", control.Advice(12.5, 61.8)),
        ("advice without a beginning", control.Advice(12.5)),
        ("no advice any more", control.Advice(None)),
        ("the echo of a probe", control.Pong(17, 2**52 + 1)),
        ("all settings", control.SettingsMessage(settings=settings)),
        ("a frame dropped while it waited", control.Dropped(18, "queue")),
        ("a frame dropped with its result", control.Dropped(2**32 - 1, "send")),
        ("an error about one frame", control.ErrorMessage("not_an_image", "This is not a JPEG, PNG or WebP image.", 17)),
        ("an error about a message", control.ErrorMessage("bad_json", "This text is not JSON.")),
    ]
    bad = [
        ("no JSON", "welcome", "bad_json"),
        ("a welcome without its token", '{"type":"welcome"}', "bad_json"),
        ("advice without its rate", '{"type":"advice","reason":"server_busy"}', "bad_json"),
        ("advice of a text", '{"type":"advice","max_frames_per_second":"12"}', "bad_json"),
        ("advice that begins at a text", '{"type":"advice","max_frames_per_second":12,"next_frame_in_ms":"soon"}', "bad_json"),
        ("advice that begins before it came", '{"type":"advice","max_frames_per_second":12,"next_frame_in_ms":-1}', "bad_json"),
        ("advice that never begins", '{"type":"advice","max_frames_per_second":12,"next_frame_in_ms":1e999}', "bad_json"),
        ("advice of less than nothing", '{"type":"advice","max_frames_per_second":-1}', "bad_json"),
        ("advice without end", '{"type":"advice","max_frames_per_second":1e999}', "bad_json"),
        ("advice that is not JSON", '{"type":"advice","max_frames_per_second":NaN}', "bad_json"),
        ("a dropped message without a stage", '{"type":"dropped","frame_id":1}', "bad_json"),
        ("a dropped message of another stage", '{"type":"dropped","frame_id":1,"stage":"render"}', "bad_json"),
        ("an error without its object", '{"type":"error","error":"bad"}', "bad_json"),
    ]
    return [
        *({"name": name, "text": message.text(), "fields": json.loads(message.text())} for name, message in good),
        {"name": "a type that a client does not know: it skips it", "text": '{"type":"news","of":1}', "fields": None, "read_only": True},
        *({"name": name, "text": text, "error": code} for name, text, code in bad),
    ]


def stages() -> dict[str, list[str]]:
    return {"all": [stage.value for stage in Stage], "server": [stage.value for stage in SERVER_STAGES]}


FILES = {
    "frames": frames,
    "results": results,
    "client_messages": client_messages,
    "server_messages": server_messages,
    "stages": stages,
}


# --- the tests


def read(name: str) -> Any:
    path = VECTORS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else []  # so that this file can be run to write them


def cases(name: str, *, valid: bool) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in read(name) if ("fields" in vector) is valid]


@pytest.mark.parametrize("name", FILES)
def test_the_files_hold_what_this_implementation_writes(name: str) -> None:
    assert read(name) == json.loads(json.dumps(FILES[name]())), "run this file to write them anew, if the change is meant"


@pytest.mark.parametrize("vector", cases("frames", valid=True))
def test_frame(vector: Vector) -> None:
    frame = wire.decode_frame(bytes.fromhex(vector["hex"]), receive_time_ns=RECEIVED_NS)
    assert _frame_fields(frame) == vector["fields"]
    assert frame.receive_time_ns == RECEIVED_NS
    if not vector.get("read_only"):
        assert wire.encode_frame(frame).hex() == vector["hex"]


@pytest.mark.parametrize("vector", cases("frames", valid=False))
def test_invalid_frame(vector: Vector) -> None:
    with pytest.raises(MessageError) as caught:
        wire.decode_frame(bytes.fromhex(vector["hex"]), receive_time_ns=0)
    assert caught.value.code == vector["error"]


@pytest.mark.parametrize("vector", cases("results", valid=True))
def test_result(vector: Vector) -> None:
    result = wire.decode_result(bytes.fromhex(vector["hex"]))
    assert _result_fields(result) == vector["fields"]
    if not vector.get("read_only"):
        world_landmarks = any(hand.world_landmarks is not None for hand in result.hands)
        assert wire.encode_result(result, _output(vector["fields"]), world_landmarks=world_landmarks).hex() == vector["hex"]


@pytest.mark.parametrize("vector", cases("results", valid=False))
def test_invalid_result(vector: Vector) -> None:
    with pytest.raises(MessageError) as caught:
        wire.decode_result(bytes.fromhex(vector["hex"]))
    assert caught.value.code == vector["error"]


@pytest.mark.parametrize("vector", cases("client_messages", valid=True))
def test_client_message(vector: Vector) -> None:
    message = parsing.parse_client_message(vector["text"])
    assert json.loads(message.text()) == vector["fields"]


@pytest.mark.parametrize("vector", cases("client_messages", valid=False))
def test_invalid_client_message(vector: Vector) -> None:
    with pytest.raises(MessageError) as caught:
        parsing.parse_client_message(vector["text"])
    assert caught.value.code == vector["error"]


@pytest.mark.parametrize("vector", cases("server_messages", valid=True))
def test_server_message(vector: Vector) -> None:
    message = parsing.parse_server_message(vector["text"])
    assert (None if message is None else json.loads(message.text())) == vector["fields"]


@pytest.mark.parametrize("vector", cases("server_messages", valid=False))
def test_invalid_server_message(vector: Vector) -> None:
    with pytest.raises(MessageError) as caught:
        parsing.parse_server_message(vector["text"])
    assert caught.value.code == vector["error"]


# --- how the values are written in the files


@dataclass(frozen=True)
class _Curve:
    """21 points whose values are all different and lie inside and outside the picture."""

    scale: float
    shift: float

    def points(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        steps = np.arange(63, dtype=np.float32).reshape(21, 3)
        return (steps / 63 * self.scale + self.shift).astype(np.float32)


def _hand(handedness: Any, score: float, hand_id: int) -> Hand:
    return Hand(handedness, score, _Curve(1.5, -0.25).points(), _Curve(-0.1, 0.05).points(), hand_id)


def _result(hands: tuple[Hand, ...], image: bytes | None, stages_ns: dict[Stage, int]) -> FrameResult:
    return FrameResult(
        frame_id=77,
        capture_time_ns=1_234_567_890_123,
        width_px=1_280,
        height_px=720,
        hands=hands,
        image=image,
        stages_ns=stages_ns,
        receive_time_ns=2**63 + 1,
        send_time_ns=2**63 + 20_000_001,
        dropped=3,
        region_px=417 if hands else 0,
    )


def _result_vector(name: str, result: FrameResult, output: Output, world_landmarks: bool) -> Vector:
    message = bytes(wire.encode_result(result, output, world_landmarks=world_landmarks))
    return {"name": name, "hex": message.hex(), "fields": _result_fields(wire.decode_result(message))}


def _read_only(name: str, message: bytes, fields: Vector) -> Vector:
    """A message that a reader takes and that a writer of this version does not make."""
    return {"name": name, "hex": message.hex(), "fields": fields, "read_only": True}


def _invalid(name: str, message: bytes, code: str) -> Vector:
    return {"name": name, "hex": message.hex(), "error": code}


def _frame_fields(frame: Frame) -> Vector:
    return {"frame_id": frame.frame_id, "capture_time_ns": str(frame.capture_time_ns), "image_hex": frame.image.hex()}


def _result_fields(result: FrameResult) -> Vector:
    return {
        "frame_id": result.frame_id,
        "capture_time_ns": str(result.capture_time_ns),
        "width_px": result.width_px,
        "height_px": result.height_px,
        "dropped": result.dropped,
        "region_px": result.region_px,
        "receive_time_ns": str(result.receive_time_ns),
        "send_time_ns": str(result.send_time_ns),
        "stages_us": {stage.value: span_ns // 1_000 for stage, span_ns in result.stages_ns.items()},
        "hands": [_hand_fields(hand) for hand in result.hands],
        "image_hex": None if result.image is None else result.image.hex(),
    }


def _hand_fields(hand: Hand) -> Vector:
    return {
        "hand_id": hand.hand_id,
        "handedness": hand.handedness,
        "score": hand.score,
        "landmarks": hand.landmarks.tolist() if hand.landmarks.size else None,
        "world_landmarks": None if hand.world_landmarks is None else hand.world_landmarks.tolist(),
    }


def _output(fields: Vector) -> Output:
    if fields["image_hex"] is None:
        return Output.LANDMARKS
    return Output.BOTH if any(hand["landmarks"] for hand in fields["hands"]) else Output.ANNOTATED


def write_files() -> None:
    for name, vectors in FILES.items():
        content = vectors()
        lines = ",\n".join(f"  {json.dumps(vector)}" for vector in content) if isinstance(content, list) else None
        (VECTORS / f"{name}.json").write_text(f"[\n{lines}\n]\n" if lines else json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    write_files()
