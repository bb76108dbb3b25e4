"""The control messages of `handstream.v1`, as `docs/protocol.md` lists them. Each writes itself with `text()`; `parsing` reads them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handstream.errors import HandstreamError
    from handstream.protocol.settings import Limits

__all__ = [
    "DROP_STAGES",
    "FEATURES",
    "LIMITS",
    "Ack",
    "Advice",
    "ClientMessage",
    "DropStage",
    "Dropped",
    "ErrorMessage",
    "Hello",
    "JsonObject",
    "LossStage",
    "Ping",
    "Pong",
    "ServerMessage",
    "SettingsMessage",
    "Welcome",
    "error_object",
]

DropStage = Literal["queue", "send"]
"""Where a frame was dropped: while it waited for a thread, or with its result, which a newer one replaced."""

DROP_STAGES: tuple[DropStage, ...] = ("queue", "send")

LossStage = Literal["network_up", "network_down"]
"""Where a frame, or its answer, was lost with the connection: what a client finds out, and no server tells."""

FEATURES = ("ack",)
"""What a client can do beyond the minimum, by the names in `hello` and `welcome`."""

JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """Opens a session; the client's first message.

    Attributes:
        client: What the client calls itself.
        settings: Changes, unchecked.
        features: Those of `FEATURES` that the client can do.
        resume: The token of the session that is to be resumed; None for a new one.
    """

    client: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    features: tuple[str, ...] = ()
    resume: str | None = None

    def text(self) -> str:
        """The message as it travels."""
        options: JsonObject = {}
        if self.features:
            options["features"] = list(self.features)
        if self.resume is not None:
            options["resume"] = self.resume
        return _text("hello", client=self.client, settings=dict(self.settings), **options)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsMessage:
    """From a client: changes, unchecked. From a server: all settings as they are."""

    settings: Mapping[str, object]

    def text(self) -> str:
        """The message as it travels."""
        return _text("settings", settings=dict(self.settings))


@dataclass(frozen=True, slots=True)
class Ack:
    """The client has the results up to that frame's in hand."""

    frame_id: int

    def text(self) -> str:
        """The message as it travels."""
        return _text("ack", frame_id=self.frame_id)


@dataclass(frozen=True, slots=True)
class Ping:
    """A client's probe of the path."""

    number: int

    def text(self) -> str:
        """The message as it travels."""
        return _text("ping", id=self.number)


@dataclass(frozen=True, slots=True)
class Pong:
    """The echo of a `Ping`, with the moment on the server's monotonic clock at which it was there."""

    number: int
    time_ns: int

    def text(self) -> str:
        """The message as it travels."""
        return _text("pong", id=self.number, time_ns=self.time_ns)


@dataclass(frozen=True, slots=True)
class Advice:
    """How often to send.

    Attributes:
        max_frames_per_second: Send no more than so many; None is no advice any more.
        next_frame_in_ms: Send the next one no sooner than in so many ms, and those that follow at that rate: then they come when few others
            do. None is whenever it suits.
    """

    max_frames_per_second: float | None
    next_frame_in_ms: float | None = None

    def text(self) -> str:
        """The message as it travels."""
        reason = "none" if self.max_frames_per_second is None else "server_busy"
        phase = {} if self.next_frame_in_ms is None else {"next_frame_in_ms": self.next_frame_in_ms}
        return _text("advice", max_frames_per_second=self.max_frames_per_second, **phase, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """The server's answer to `Hello`: the session is open.

    Attributes:
        server: Name and version of the server.
        session_id: The session's name in the server's log.
        engine: What tracks.
        features: Those of the client's features that are in effect.
        resumed: Whether this is the session that the client asked to resume.
        reason: Why it is not, where it asked for one: an error code.
        resume_token: What names this session when its connection is lost. It can be used once.
        resume_within_s: How long after that, in seconds.
        last_frame_id: The last frame that the server received in this session; None if there was none.
        settings: All settings as they are.
        limits: What the server takes.
    """

    server: str
    session_id: str
    engine: str
    features: tuple[str, ...] = ()
    resumed: bool = False
    reason: str | None = None
    resume_token: str
    resume_within_s: float
    last_frame_id: int | None = None
    settings: Mapping[str, object]
    limits: Limits

    def text(self) -> str:
        """The message as it travels."""
        return _text(
            "welcome",
            server=self.server,
            session_id=self.session_id,
            engine=self.engine,
            features=list(self.features),
            resumed=self.resumed,
            **({} if self.reason is None else {"reason": self.reason}),
            resume_token=self.resume_token,
            resume_within_s=self.resume_within_s,
            last_frame_id=self.last_frame_id,
            settings=dict(self.settings),
            limits={name: getattr(self.limits, name) for name in LIMITS},
        )


@dataclass(frozen=True, slots=True)
class Dropped:
    """That frame will not be answered."""

    frame_id: int
    stage: DropStage | LossStage

    def text(self) -> str:
        """The message as it travels."""
        return _text("dropped", frame_id=self.frame_id, stage=self.stage)


@dataclass(frozen=True, slots=True)
class ErrorMessage:
    """Something that the other side sent could not be used. `frame_id` is there where it was one frame."""

    code: str
    message: str
    frame_id: int | None = None

    @classmethod
    def of(cls, error: HandstreamError, frame_id: int | None = None) -> ErrorMessage:
        """The message that reports that error."""
        return cls(error.code, str(error), frame_id)

    def text(self) -> str:
        """The message as it travels."""
        return _text("error", **error_object(self))


ClientMessage = Hello | SettingsMessage | Ack | Ping
ServerMessage = Welcome | SettingsMessage | Dropped | Advice | Pong | ErrorMessage

LIMITS = ("max_message_bytes", "max_frame_pixels", "max_hands")
"""The limits that a welcome tells."""


def error_object(error: ErrorMessage) -> JsonObject:
    """`{"error": {...}}`: the shape of an error in the plain way, in HTTP answers and inside an `error` message."""
    body: JsonObject = {"code": error.code, "message": error.message}
    if error.frame_id is not None:
        body["frame_id"] = error.frame_id
    return {"error": body}


def _text(message_type: str, /, **fields: object) -> str:
    return json.dumps({"type": message_type, **fields}, separators=(",", ":"))
