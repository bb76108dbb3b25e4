"""What a session may do next: `Session` takes messages in and gives actions out, in the plain way and in `handstream.v1` alike.

Theory of operation
-------------------

A session is the server's side of one connection, without the connection. Its driver (`server/websocket.py`) hands it each message that
arrives and each thing that befalls a frame, and carries out the actions that come back: offer a frame to the executor, send a text, close.

    message  --> receive_text, receive_binary --> Offer | Open | Reply | Close
    a hello is to be welcomed                 --> open  --> Reply, by the session that it resumes or begins
    a frame was replaced by a newer one       --> drop  --> Reply (where the way of talking tells of drops)
    a frame could not be processed            --> fail  --> Reply with the error
    a frame's result is handed to the socket  --> answer
    a result, on the thread that made it      --> encode --> Answer, the message less its last stamps

Everything but `encode` belongs to the driver's thread; `encode` touches nothing of the session. An error about one message never ends a
session; where going on makes no sense, a `Close` follows the error. The two ways are two classes, `plain.PlainSession` and
`v1.V1Session`, chosen by `negotiation.negotiate`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from handstream.errors import MessageError
from handstream.protocol.budget import Budget
from handstream.protocol.control import ErrorMessage
from handstream.protocol.flow import Flow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handstream.errors import HandstreamError
    from handstream.frames import Frame, FrameResult
    from handstream.protocol.control import Advice, DropStage, Hello
    from handstream.protocol.resumption import Ticket
    from handstream.protocol.settings import Limits, SessionSettings

__all__ = ["Action", "Answer", "Close", "Confirm", "Offer", "Open", "Reply", "Session", "SessionIdentity"]

_POLICY_VIOLATION = 1008
"""The close code for a client that sends without end (RFC 6455, section 7.4.1)."""

_BURST_S = 1
"""Frames that a path held up come at once when it recovers; a second's worth of them is processed, as far as none is replaced."""

_TEXT_BURST_S = 2
"""Many times what a person who plays with the sliders of a page causes in a second."""

_FLOOD_FACTOR = 4
"""How many times its frames' rate a session may send before it is taken for a flood: to read and drop a frame takes time as well."""

_FLOOD_BURST_S = 10
"""A path may hold up frames for long. What comes at once when it recovers is dropped, and is no flood."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Offer this frame to the executor, to be processed with the settings as they were when it arrived."""

    frame: Frame
    settings: SessionSettings


@dataclass(frozen=True, slots=True)
class Reply:
    """Send this text."""

    text: str


@dataclass(frozen=True, slots=True)
class Close:
    """Send what waits, then close with this code (RFC 6455, section 7.4) and reason."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Open:
    """Let this hello, which has been checked, be welcomed: by `open` of the session that it names to resume, else of this one."""

    hello: Hello


@dataclass(frozen=True, slots=True)
class Confirm:
    """The client has its welcome: what it resumed the session with is of no use to it any more."""


Action = Offer | Open | Reply | Close | Confirm


class Answer(Protocol):
    """An encoded result that waits to be sent."""

    @property
    def frame_id(self) -> int:
        """The frame that it answers."""

    def stamped(self, *, send_time_ns: int, dropped: int) -> bytes | str:
        """The message, text or binary, as it leaves at that time of the server's clock, with that many frames dropped until then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionIdentity:
    """Who speaks: what `welcome` tells a client.

    Attributes:
        server: Name and version of the server, as in `handstream/0.1.0`.
        engine: The name of the engine that tracks.
        session_id: The session's name in the server's log, 8 hexadecimal digits.
    """

    server: str
    engine: str
    session_id: str


class Session(ABC):
    """One session. See the theory of operation above.

    Attributes:
        subprotocol: The WebSocket subprotocol to accept the connection with.
        can_resume: Whether this way of talking knows how to resume a session.
        identity: Who speaks.
        limits: What the server takes.
        settings: The settings as they are now.
        flow: The account of the session's frames.
    """

    subprotocol: str | None
    can_resume: bool = False

    def __init__(self, identity: SessionIdentity, settings: SessionSettings, limits: Limits) -> None:
        self.identity = identity
        self.limits = limits
        self.settings = settings
        self.flow = Flow()
        self._texts = Budget(limits.max_texts_per_second, burst_s=_TEXT_BURST_S)
        self._frames = Budget(limits.max_frames_per_second, burst_s=_BURST_S)
        self._messages = Budget(_FLOOD_FACTOR * limits.max_frames_per_second, burst_s=_FLOOD_BURST_S)

    @property
    def is_open(self) -> bool:
        """Whether the session is one that could be resumed."""
        return False

    @property
    def may_answer(self) -> bool:
        """Whether a result may be sent now. If not, the next text of the client may change it."""
        return True

    @property
    def awaited_since_ns(self) -> int | None:
        """Since when the client has owed the server an acknowledgement; None if it owes none."""
        return None

    def open(self, hello: Hello, ticket: Ticket, *, resumed: bool) -> Sequence[Action]:
        """Welcomes that hello.

        Args:
            hello: What this session, or the one that stood in for it until the hello was read, made an `Open` of.
            ticket: What the session can be resumed with.
            resumed: Whether this is a session that was open before, on another connection.
        """
        del hello, ticket, resumed  # for the ways of talking that have a hello
        return ()

    @abstractmethod
    def receive_text(self, text: str, now_ns: int) -> Sequence[Action]:
        """A text message arrived, at that time of the server's monotonic clock."""

    @abstractmethod
    def receive_binary(self, message: bytes, now_ns: int) -> Sequence[Action]:
        """A binary message arrived; its last byte did at that time of the server's monotonic clock."""

    @abstractmethod
    def encode(self, result: FrameResult, settings: SessionSettings, encode_end_time_ns: int) -> Answer:
        """Packs a result. It may take a millisecond, and is called on the thread that made the result.

        Args:
            result: The result, without a `send` stage.
            settings: Those that the frame was offered with.
            encode_end_time_ns: When the result's last stage ended, on the server's clock: the `send` stage begins there.
        """

    @abstractmethod
    def error_text(self, error: ErrorMessage) -> str:
        """The message that reports that error."""

    def advise(self, advice: Advice) -> Sequence[Action]:
        """The client is to send so often, or as often as it likes."""
        del advice  # for the ways of talking that have a message for it
        return ()

    def drop(self, frame_id: int, stage: DropStage) -> Sequence[Action]:
        """That frame, or its result, was replaced by a newer one."""
        self.flow.drop(frame_id, stage)
        return ()

    def fail(self, frame_id: int, error: HandstreamError) -> Sequence[Action]:
        """That frame could not be processed."""
        self.flow.fail(frame_id)
        return [self._error(error, frame_id)]

    def answer(self, frame_id: int, now_ns: int) -> None:
        """That frame's result is handed to the socket at that time of the server's monotonic clock."""
        del now_ns  # for the ways of talking in which results are acknowledged
        self.flow.answer(frame_id)

    def _offer(self, frame: Frame) -> Sequence[Action]:
        """Offers a frame that has an image, refuses one that has none, and drops one that comes too soon after others."""
        if not frame.image:
            error = MessageError("This message holds no image. Send one JPEG, PNG or WebP image in each.", code="empty_message")
            return self._refuse(error, frame.frame_id)
        self.flow.receive(frame.frame_id)
        if not self._frames.take(frame.receive_time_ns):
            return self.drop(frame.frame_id, "queue")
        return [Offer(frame, self.settings)]

    def _end_flood(self) -> Sequence[Action]:
        """What a session ends with that has sent more than its budgets allow."""
        error = MessageError("This session has sent too many messages; docs/protocol.md says how many it may.", code="too_many_messages")
        return [self._error(error), Close(_POLICY_VIOLATION, error.code)]

    def _refuse(self, error: HandstreamError, frame_id: int | None = None) -> Sequence[Action]:
        """Answers a binary message that is no usable frame."""
        self.flow.refuse()
        return [self._error(error, frame_id)]

    def _error(self, error: HandstreamError, frame_id: int | None = None) -> Reply:
        return Reply(self.error_text(ErrorMessage.of(error, frame_id)))
