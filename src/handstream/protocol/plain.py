"""The plain way: one image in, one JSON text out, for clients that know nothing but WebSocket. See `docs/protocol.md`."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handstream.errors import MessageError
from handstream.frames import Frame, Stage
from handstream.protocol.control import error_object
from handstream.protocol.session import Session
from handstream.protocol.trace import spans_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handstream.frames import FrameResult, Hand
    from handstream.protocol.control import ErrorMessage
    from handstream.protocol.session import Action, SessionIdentity
    from handstream.protocol.settings import Limits, SessionSettings

__all__ = ["PlainAnswer", "PlainSession"]

_COORDINATE_DIGITS = 6
"""Decimals of a coordinate: a thousandth of a pixel in a picture 1000 px wide."""


@dataclass(frozen=True, slots=True)
class PlainAnswer:
    """A result as JSON, open at its end, where what is known only as it leaves is written.

    Attributes:
        frame_id: The frame that it answers.
        head: The JSON object up to and without `dropped` and `timings_ms`, and without its closing brace.
        spans_ms: The stages that ran, in milliseconds, less `send`.
        encode_end_time_ns: When the `send` stage began.
    """

    frame_id: int
    head: str
    spans_ms: dict[str, float]
    encode_end_time_ns: int

    def stamped(self, *, send_time_ns: int, dropped: int) -> str:
        """The message as it leaves at that time, with that many frames dropped until then."""
        timings_ms = self.spans_ms | spans_ms({Stage.SEND: send_time_ns - self.encode_end_time_ns})
        return f'{self.head},"timings_ms":{json.dumps(timings_ms)},"dropped":{dropped}}}'


class PlainSession(Session):
    """A session of the plain way. It numbers the frames itself: `frame_id` counts the binary messages from 0."""

    def __init__(self, identity: SessionIdentity, settings: SessionSettings, limits: Limits, *, subprotocol: str | None = None) -> None:
        super().__init__(identity, settings, limits)
        self.subprotocol = subprotocol
        self._next_frame_id = 0

    def receive_text(self, text: str, now_ns: int) -> Sequence[Action]:
        """A text has no meaning here, whatever it says."""
        if not self._texts.take(now_ns):
            return self._end_flood()
        hint = f'Offer the subprotocol "handstream.v1" to send settings; this text has {len(text)} characters.'
        return [self._error(MessageError(f"Each message is one image, as binary. {hint}", code="text_not_expected"))]

    def receive_binary(self, message: bytes, now_ns: int) -> Sequence[Action]:
        """An image arrived."""
        if not self._messages.take(now_ns):
            return self._end_flood()
        frame_id = self._next_frame_id
        self._next_frame_id = (frame_id + 1) % 2**32
        return self._offer(Frame(frame_id, message, receive_time_ns=now_ns))

    def encode(self, result: FrameResult, settings: SessionSettings, encode_end_time_ns: int) -> PlainAnswer:
        """Packs a result as JSON, with the image in base64."""
        hands = json.dumps([_hand_object(hand) for hand in result.hands], separators=(",", ":"))
        image = ""
        if settings.output.has_image and result.image is not None:
            # Nothing in base64 has to be escaped; the search for it would take longer than to make it.
            image = f'"image":"{base64.b64encode(result.image).decode("ascii")}",'
        head = f'{{"frame_id":{result.frame_id},{image}"hands":{hands}'
        return PlainAnswer(result.frame_id, head, spans_ms(result.stages_ns), encode_end_time_ns)

    def error_text(self, error: ErrorMessage) -> str:
        """`{"error": {...}}`."""
        return json.dumps(error_object(error))


def _hand_object(hand: Hand) -> dict[str, object]:
    landmarks = [[round(value, _COORDINATE_DIGITS) for value in point] for point in hand.landmarks.tolist()]
    return {"handedness": hand.handedness, "score": round(hand.score, 4), "landmarks": landmarks}
