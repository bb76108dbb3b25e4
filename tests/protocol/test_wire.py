"""Frames and results to bytes and back: what the golden vectors do not list one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstream.errors import MessageError
from handstream.frames import Frame, FrameResult, Hand, Output
from handstream.protocol import wire
from handstream.protocol.trace import SERVER_STAGES

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

U32 = st.integers(0, 2**32 - 1)
U64 = st.integers(0, 2**64 - 1)
POINTS = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).uniform(-1.9, 1.9, (21, 3)).astype(np.float32))
HANDS = st.builds(
    Hand,
    handedness=st.sampled_from(["Left", "Right"]),
    score=st.floats(0, 1),
    landmarks=POINTS,
    world_landmarks=POINTS.map(lambda points: points / np.float32(8)),
    hand_id=U32,
)
RESULTS = st.builds(
    FrameResult,
    frame_id=U32,
    capture_time_ns=U64,
    width_px=st.integers(1, 65_535),
    height_px=st.integers(1, 65_535),
    hands=st.lists(HANDS, max_size=3).map(tuple),
    image=st.none() | st.binary(max_size=50),
    stages_ns=st.dictionaries(st.sampled_from(SERVER_STAGES), st.integers(0, 10**13), max_size=7),
    receive_time_ns=U64,
    send_time_ns=U64,
    dropped=U32,
)


@given(frame_id=U32, capture_time_ns=U64, image=st.binary(max_size=100), receive_time_ns=U64)
def test_a_frame_comes_back_as_it_was(frame_id: int, capture_time_ns: int, image: bytes, receive_time_ns: int) -> None:
    frame = Frame(frame_id, image, capture_time_ns, receive_time_ns)
    message = wire.encode_frame(frame)
    assert len(message) == 18 + len(image)
    assert wire.decode_frame(message, receive_time_ns=receive_time_ns) == frame


@given(result=RESULTS, output=st.sampled_from(Output), world_landmarks=st.booleans())
def test_a_result_comes_back_to_within_its_units(result: FrameResult, output: Output, world_landmarks: bool) -> None:
    back = wire.decode_result(bytes(wire.encode_result(result, output, world_landmarks=world_landmarks)))
    for name in ("frame_id", "capture_time_ns", "width_px", "height_px", "image", "receive_time_ns", "send_time_ns", "dropped"):
        assert getattr(back, name) == getattr(result, name), name
    assert set(back.stages_ns) == set(result.stages_ns), "a stage that ran is told even if it took no time"
    for stage, span_ns in result.stages_ns.items():
        assert back.stages_ns[stage] == pytest.approx(min(span_ns, (2**32 - 1) * 1_000), abs=1_000)
    assert len(back.hands) == len(result.hands)
    for hand, sent in zip(back.hands, result.hands, strict=True):
        assert (hand.hand_id, hand.handedness) == (sent.hand_id, sent.handedness)
        assert hand.score == pytest.approx(sent.score, abs=1 / 65_535)
        _assert_points(hand.landmarks if output.has_landmarks else None, sent.landmarks, 16_384)
        _assert_points(hand.world_landmarks, sent.world_landmarks, 65_536)
        assert (hand.world_landmarks is not None) is (output.has_landmarks and world_landmarks)


@given(result=RESULTS, cut=st.integers(0, 2_000), output=st.sampled_from(Output))
def test_a_result_that_breaks_off_never_yields_a_wrong_hand(result: FrameResult, cut: int, output: Output) -> None:
    message = bytes(wire.encode_result(result, output))
    whole = wire.decode_result(message)
    part = _decoded(wire.decode_result, message[:cut])
    if isinstance(part, MessageError):
        assert part.code in {"header_too_short", "truncated_result"}
    else:
        assert [hand.hand_id for hand in part.hands] == [hand.hand_id for hand in whole.hands]


@given(st.binary(max_size=200))
def test_noise_is_decoded_or_refused(message: bytes) -> None:
    for decode in (wire.decode_result, lambda noise: wire.decode_frame(noise, receive_time_ns=0)):
        decoded = _decoded(decode, message)
        assert not isinstance(decoded, MessageError) or decoded.code in {"header_too_short", "bad_version", "bad_type", "truncated_result"}


def _decoded(decode: Callable[[bytes], T], message: bytes) -> T | MessageError:
    try:
        return decode(message)
    except MessageError as error:
        return error


@given(result=RESULTS, send_time_ns=U64, send_ns=st.integers(0, 10**13), dropped=st.integers(0, 2**40))
def test_the_stamp_changes_only_what_is_known_as_the_result_leaves(
    result: FrameResult, send_time_ns: int, send_ns: int, dropped: int
) -> None:
    message = wire.encode_result(result, Output.BOTH)
    before = wire.decode_result(bytes(message))
    wire.stamp_send(message, send_time_ns=send_time_ns, send_ns=send_ns, dropped=dropped)
    after = wire.decode_result(bytes(message))
    assert after.send_time_ns == send_time_ns
    assert after.dropped == min(dropped, 2**32 - 1)
    assert after.stages_ns[SERVER_STAGES[-1]] > 0
    for name in ("frame_id", "capture_time_ns", "width_px", "height_px", "image", "receive_time_ns"):
        assert getattr(after, name) == getattr(before, name), name
    unsent = SERVER_STAGES[:-1]
    assert [after.stages_ns.get(stage) for stage in unsent] == [before.stages_ns.get(stage) for stage in unsent]


@pytest.mark.parametrize(("byte", "handedness"), [(0, "Left"), (1, "Right"), (254, "Left"), (255, "Right")])
def test_a_handedness_that_is_none_of_the_two_is_read_by_its_last_bit(byte: int, handedness: str) -> None:
    hand = Hand("Left", 1.0, np.zeros((21, 3), np.float32))
    message = wire.encode_result(FrameResult(0, 0, 1, 1, (hand,)), Output.LANDMARKS)
    message[wire.RESULT_HEADER_BYTES + 4] = byte
    assert wire.decode_result(bytes(message)).hands[0].handedness == handedness


def test_world_landmarks_travel_only_if_every_hand_has_them() -> None:
    points = np.zeros((21, 3), np.float32)
    hands = (Hand("Left", 1.0, points, points), Hand("Left", 1.0, points))
    result = FrameResult(0, 0, 1, 1, hands)
    back = wire.decode_result(bytes(wire.encode_result(result, Output.LANDMARKS, world_landmarks=True)))
    assert [hand.world_landmarks for hand in back.hands] == [None, None]


def _assert_points(back: Any, sent: Any, units: int) -> None:
    if back is not None:
        np.testing.assert_allclose(back, np.clip(sent, -32_768 / units, 32_767 / units), atol=0.51 / units)
