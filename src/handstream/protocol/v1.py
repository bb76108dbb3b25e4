"""The way `handstream.v1`: JSON control, binary data, settings that change while the session runs. See `docs/protocol.md`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handstream.errors import MessageError
from handstream.protocol import wire
from handstream.protocol.control import (
    Ack,
    Dropped,
    ErrorMessage,
    Hello,
    Ping,
    Pong,
    SettingsMessage,
    Welcome,
)
from handstream.protocol.delivery import ResultWindow
from handstream.protocol.numbering import follows
from handstream.protocol.parsing import parse_client_message
from handstream.protocol.session import Close, Confirm, Open, Reply, Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handstream.frames import FrameResult
    from handstream.protocol.control import Advice, ClientMessage, DropStage
    from handstream.protocol.resumption import Ticket
    from handstream.protocol.session import Action, SessionIdentity
    from handstream.protocol.settings import Limits, SessionSettings

__all__ = ["MAX_CONTROL_CHARACTERS", "V1Answer", "V1Session"]

MAX_CONTROL_CHARACTERS = 65_536
"""The longest control message that is read. A longer one would hold up every session while its JSON is parsed."""

PROTOCOL_ERROR = 1002
"""The close code for a client that breaks the protocol (RFC 6455, section 7.4.1)."""


@dataclass(frozen=True, slots=True)
class V1Answer:
    """A result as a binary message, in which what is known only as it leaves is still open.

    Attributes:
        frame_id: The frame that it answers.
        message: The message.
        encode_end_time_ns: When the `send` stage began.
    """

    frame_id: int
    message: bytearray
    encode_end_time_ns: int

    def stamped(self, *, send_time_ns: int, dropped: int) -> bytes:
        """The message as it leaves at that time, with that many frames dropped until then."""
        wire.stamp_send(self.message, send_time_ns=send_time_ns, send_ns=send_time_ns - self.encode_end_time_ns, dropped=dropped)
        return bytes(self.message)


class V1Session(Session):
    """A session of `handstream.v1`. It waits for `hello`; from then on it takes frames and settings."""

    subprotocol = wire.SUBPROTOCOL
    can_resume = True

    def __init__(self, identity: SessionIdentity, settings: SessionSettings, limits: Limits) -> None:
        super().__init__(identity, settings, limits)
        self._open = False
        self._is_confirmed = False
        self._newest_frame_id: int | None = None
        self._newest_answered_id: int | None = None
        self._results: ResultWindow | None = None

    @property
    def is_open(self) -> bool:
        """Whether the session has been welcomed."""
        return self._open

    @property
    def may_answer(self) -> bool:
        """Whether few enough results are unacknowledged; always, where the client does not acknowledge."""
        return self._results is None or self._results.may_send

    @property
    def awaited_since_ns(self) -> int | None:
        """When the oldest result was sent that the client has not acknowledged."""
        return None if self._results is None else self._results.oldest_ns

    def open(self, hello: Hello, ticket: Ticket, *, resumed: bool) -> Sequence[Action]:
        """Welcomes that hello. What an earlier connection had not acknowledged will not be any more."""
        self.settings = self.settings.changed(hello.settings, self.limits)
        self._open = True
        self._is_confirmed = False
        self._results = ResultWindow(after=self._newest_answered_id) if "ack" in hello.features else None
        welcome = Welcome(
            server=self.identity.server,
            session_id=self.identity.session_id,
            engine=self.identity.engine,
            features=hello.features,
            resumed=resumed,
            reason="cannot_resume" if hello.resume is not None and not resumed else None,
            resume_token=ticket.token,
            resume_within_s=ticket.within_s,
            last_frame_id=self._newest_frame_id,
            settings=self.settings.as_json(),
            limits=self.limits,
        )
        return [Reply(welcome.text())]

    def receive_text(self, text: str, now_ns: int) -> Sequence[Action]:
        """A control message arrived."""
        try:
            message = _parse(text)
            if isinstance(message, Ack) and self._acknowledge(message, now_ns):
                return self._confirm()
            return self._control(message, now_ns) if self._texts.take(now_ns) else self._end_flood()
        except MessageError as error:
            if not self._open:
                return self._give_up(error)
            return [self._error(error)] if self._texts.take(now_ns) else self._end_flood()

    def receive_binary(self, message: bytes, now_ns: int) -> Sequence[Action]:
        """A data message arrived."""
        if not self._open:
            self.flow.refuse()
            return self._give_up(_hello_expected())
        if not self._messages.take(now_ns):
            return self._end_flood()
        try:
            frame = wire.decode_frame(message, receive_time_ns=now_ns)
        except MessageError as error:
            return self._refuse(error)
        if not self._is_next(frame.frame_id):
            text = f"Frame {frame.frame_id} does not follow frame {self._newest_frame_id}: each frame's number is greater than the last."
            return self._refuse(MessageError(text, code="bad_frame_id"), frame.frame_id)
        self._newest_frame_id = frame.frame_id
        return self._offer(frame)

    def encode(self, result: FrameResult, settings: SessionSettings, encode_end_time_ns: int) -> V1Answer:
        """Packs a result as a binary message."""
        message = wire.encode_result(result, settings.output, world_landmarks=settings.world_landmarks)
        return V1Answer(result.frame_id, message, encode_end_time_ns)

    def error_text(self, error: ErrorMessage) -> str:
        """An `error` message."""
        return error.text()

    def answer(self, frame_id: int, now_ns: int) -> None:
        """That frame's result is handed to the socket, and its acknowledgement awaited."""
        super().answer(frame_id, now_ns)
        self._newest_answered_id = frame_id
        if self._results is not None:
            self._results.sent(frame_id, now_ns)

    def drop(self, frame_id: int, stage: DropStage) -> Sequence[Action]:
        """Tells the client, so that it can send the next frame."""
        super().drop(frame_id, stage)
        if stage == "send" and self._results is not None:
            self._results.replaced()
        return [Reply(Dropped(frame_id, stage).text())]

    def advise(self, advice: Advice) -> Sequence[Action]:
        """Tells the client, once it has been welcomed."""
        return [Reply(advice.text())] if self._open else []

    def _is_next(self, frame_id: int) -> bool:
        """Whether a frame may have that number. A client that leaps can come all the way round to one that is outstanding."""
        if self._newest_frame_id is None:
            return True
        return follows(frame_id, self._newest_frame_id) and not self.flow.is_outstanding(frame_id)

    def _control(self, message: ClientMessage, now_ns: int) -> Sequence[Action]:
        match message:
            case Hello() if self._open:
                raise MessageError('This session is open already. Send "settings" to change its settings.', code="hello_repeated")
            case Hello():
                # They are checked before a token is used up; a session that is resumed has the same limits.
                self.settings.changed(message.settings, self.limits)
                return [Open(message)]
            case Ping(number) if self._open:
                return [Reply(Pong(number, now_ns).text())]
            case Ack() if self._open:
                return []  # It repeats what is known.
            case SettingsMessage() if self._open:
                self.settings = self.settings.changed(message.settings, self.limits)
                return [Reply(SettingsMessage(settings=self.settings.as_json()).text())]
            case _:
                raise _hello_expected()

    def _acknowledge(self, message: Ack, now_ns: int) -> bool:
        """Whether that told something new.

        Raises:
            MessageError: `bad_ack`: no result of that frame is on its way.
        """
        is_news = None if self._results is None else self._results.acknowledge(message.frame_id, now_ns)
        if is_news is None and self._open:
            text = f'No result of frame {message.frame_id} awaits an acknowledgement, or the hello did not name the feature "ack".'
            raise MessageError(text, code="bad_ack")
        return bool(is_news)

    def _confirm(self) -> Sequence[Action]:
        """Whoever has a result of this connection has the welcome, which was sent before it."""
        is_news, self._is_confirmed = not self._is_confirmed, True
        return [Confirm()] if is_news else []

    def _give_up(self, error: MessageError) -> Sequence[Action]:
        """What a session that cannot even be opened ends with."""
        return [self._error(error), Close(PROTOCOL_ERROR, error.code)]


def _parse(text: str) -> ClientMessage:
    if len(text) > MAX_CONTROL_CHARACTERS:
        raise MessageError(f"A text message has at most {MAX_CONTROL_CHARACTERS} characters, not {len(text)}.", code="bad_json")
    return parse_client_message(text)


def _hello_expected() -> MessageError:
    return MessageError('The first message is {"type": "hello"}.', code="hello_expected")
