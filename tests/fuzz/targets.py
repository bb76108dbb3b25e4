"""What is fuzzed: functions that take a stranger's bytes. Each may refuse them with the project's own error and do nothing else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from handstream.errors import FrameError, MessageError
from handstream.protocol import wire
from handstream.protocol.negotiation import negotiate
from handstream.protocol.parsing import parse_client_message, parse_server_message
from handstream.protocol.plain import PlainSession
from handstream.protocol.session import SessionIdentity
from handstream.protocol.settings import Limits, SessionSettings
from handstream.protocol.v1 import V1Session
from handstream.vision import codec
from handstream.vision.image_header import probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from handstream.protocol.session import Session

__all__ = ["MESSAGE_TARGETS", "image"]

_MAX_PIXELS = 1 << 20
"""The most pixels that a picture may declare here: none takes long to decode, so one that does has found a fault."""

_IDENTITY = SessionIdentity(server="fuzz", engine="fuzz", session_id="00000000")
_HELLO = '{"type": "hello", "features": ["ack"]}'


def wire_frame(data: bytes) -> None:
    """A data message to the server."""
    try:
        frame = wire.decode_frame(data, receive_time_ns=0)
    except MessageError:
        return
    assert data.endswith(frame.image)


def wire_result(data: bytes) -> None:
    """A data message to a client."""
    try:
        result = wire.decode_result(data)
    except MessageError:
        return
    assert len(result.hands) <= 255


def control_message(data: bytes) -> None:
    """A control message, to either side."""
    text = data.decode("utf-8", "replace")
    for parse in (parse_client_message, parse_server_message):
        try:
            parse(text)
        except MessageError:
            continue


def plain_session(data: bytes) -> None:
    """Messages of the plain way, in a session of their own."""
    _converse(PlainSession(_IDENTITY, SessionSettings(), Limits()), data)


def v1_session(data: bytes) -> None:
    """Messages of `handstream.v1`, in a session of their own that is open."""
    session = V1Session(_IDENTITY, SessionSettings(), Limits())
    session.receive_text(_HELLO, 0)
    _converse(session, data)


def upgrade_query(data: bytes) -> None:
    """The query of an upgrade request."""
    text = data.decode("latin-1")
    query = [(part.partition("=")[0], part.partition("=")[2]) for part in text.split("&")]
    try:
        negotiate([], query, identity=_IDENTITY, settings=SessionSettings(), limits=Limits())
    except MessageError:
        return


def image_header(data: bytes) -> None:
    """What an image declares of itself."""
    try:
        header = probe(data)
    except FrameError:
        return
    assert header.pixels > 0


def image(data: bytes) -> None:
    """A whole image, decoded at full size and at a reduced one."""
    for least_long_side_px in (math.inf, 16):
        try:
            rgb = codec.decode(data, max_pixels=_MAX_PIXELS, least_long_side_px=least_long_side_px)
        except FrameError:
            continue
        assert rgb.ndim == 3
        assert rgb.shape[0] * rgb.shape[1] <= _MAX_PIXELS


def _converse(session: Session, data: bytes) -> None:
    """Gives a session one message after another: each begins with its kind and its length."""
    now_ns = 0
    while data:
        kind, length = data[0], data[1] if len(data) > 1 else 0
        message, data = data[2 : 2 + length], data[2 + length :]
        now_ns += 1_000_000
        if kind % 2:
            session.receive_text(message.decode("utf-8", "replace"), now_ns)
        else:
            session.receive_binary(message, now_ns)
        statistics = session.flow.statistics()
        settled = statistics.answered + statistics.failed + sum(statistics.dropped.values())
        assert statistics.received == settled + statistics.outstanding


MESSAGE_TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (wire_frame, wire_result, control_message, plain_session, v1_session, upgrade_query, image_header)
}
"""Those that take a message of a few hundred bytes, by name."""
