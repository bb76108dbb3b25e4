"""The control messages of `handstream.v1`: JSON texts to values and back, as `docs/protocol.md` lists them.

`parse_client_message` is the server's entry point, `parse_server_message` the client's; every message writes itself with `text()`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NoReturn

from handstream.errors import HandstreamError, MessageError
from handstream.protocol.settings import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "DROP_STAGES",
    "FEATURES",
    "Ack",
    "Advice",
    "ClientMessage",
    "DropStage",
    "Dropped",
    "ErrorMessage",
    "Hello",
    "LossStage",
    "Ping",
    "Pong",
    "ServerMessage",
    "SettingsMessage",
    "Welcome",
    "error_object",
    "parse_client_message",
    "parse_server_message",
]

DropStage = Literal["queue", "send"]
"""Where a frame was dropped: while it waited for a thread, or with its result, which a newer one replaced."""

DROP_STAGES: tuple[DropStage, ...] = ("queue", "send")

LossStage = Literal["network_up", "network_down"]
"""Where a frame, or its answer, was lost with the connection: what a client finds out, and no server tells."""

FEATURES = ("ack",)
"""What a client can do beyond the minimum, by the names in `hello` and `welcome`."""

JsonObject = dict[str, object]

_MAX_U32 = 2**32 - 1
_MAX_TOKEN_CHARACTERS = 256


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
            limits={name: getattr(self.limits, name) for name in _LIMITS},
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

_LIMITS = ("max_message_bytes", "max_frame_pixels", "max_hands")


def error_object(error: ErrorMessage) -> JsonObject:
    """`{"error": {...}}`: the shape of an error in the plain way, in HTTP answers and inside an `error` message."""
    body: JsonObject = {"code": error.code, "message": error.message}
    if error.frame_id is not None:
        body["frame_id"] = error.frame_id
    return {"error": body}


def parse_client_message(text: str) -> ClientMessage:
    """The control message that a client wrote. Its settings are not checked here.

    Raises:
        MessageError: `bad_json`, `unknown_type`, `bad_settings` where the settings are no object, `bad_ack` and `bad_ping` where the number
            is none.
    """
    fields = _json_object(text)
    match fields["type"]:
        case "hello":
            return _hello(fields)
        case "settings":
            return SettingsMessage(settings=_settings(fields, optional=False))
        case "ack":
            return Ack(_number_32(fields, "frame_id", "bad_ack"))
        case "ping":
            return Ping(_number_32(fields, "id", "bad_ping"))
        case other:
            raise MessageError(
                f'There is no message of type {repr(other)[:40]} to a server; there are "hello", "settings", "ack" and "ping".',
                code="unknown_type",
            )


def parse_server_message(text: str) -> ServerMessage | None:
    """The control message that a server wrote, or None if this client does not know its type and is to skip it.

    Raises:
        MessageError: `bad_json`: it is no JSON object with a `type`, or a field is missing or of the wrong type.
    """
    fields = _json_object(text)
    read = _SERVER_MESSAGES.get(str(fields["type"]))
    try:
        return None if read is None else read(fields)
    except (KeyError, TypeError) as error:
        raise MessageError(f"The server's {fields['type']} message is not as it must be: {error!r}.", code="bad_json") from error


def _text(message_type: str, /, **fields: object) -> str:
    return json.dumps({"type": message_type, **fields}, separators=(",", ":"))


def _json_object(text: str) -> JsonObject:
    try:
        fields = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"This text is not JSON: {error}.", code="bad_json") from error
    if not isinstance(fields, dict) or not isinstance(fields.get("type"), str):
        raise MessageError('A text message is a JSON object with a "type", as in {"type": "hello"}.', code="bad_json")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    # NaN and Infinity are no JSON, though Python reads them; a NaN would pass every comparison with a limit.
    raise ValueError(f"{name} is no JSON number")


def _hello(fields: JsonObject) -> Hello:
    client, features, resume = fields.get("client", ""), fields.get("features", []), fields.get("resume")
    if not isinstance(client, str):
        raise MessageError('"client" must be a text, as in "my-client/1.0".', code="bad_json")
    if not isinstance(features, list) or not all(isinstance(feature, str) for feature in features):
        raise MessageError('"features" must be a list of texts, as in ["ack"].', code="bad_json")
    if resume is not None and (not isinstance(resume, str) or len(resume) > _MAX_TOKEN_CHARACTERS):
        raise MessageError('"resume" must be the "resume_token" of an earlier welcome.', code="bad_json")
    known = tuple(feature for feature in FEATURES if feature in features)
    return Hello(client=client, settings=_settings(fields, optional=True), features=known, resume=resume)


def _number_32(fields: JsonObject, name: str, code: str) -> int:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_U32:
        raise MessageError(f'"{name}" must be a whole number in 0..{_MAX_U32}, not {repr(value)[:40]}.', code=code)
    return value


def _settings(fields: JsonObject, *, optional: bool) -> JsonObject:
    settings = fields.get("settings", {} if optional else None)
    if not isinstance(settings, dict):
        raise MessageError('"settings" must be an object, as in {"output": "landmarks"}.', code="bad_settings")
    return settings


def _welcome(fields: JsonObject) -> Welcome:
    limits = _object(fields["limits"])
    last_frame_id, reason = fields["last_frame_id"], fields.get("reason")
    return Welcome(
        server=str(fields["server"]),
        session_id=str(fields["session_id"]),
        engine=str(fields["engine"]),
        features=tuple(feature for feature in FEATURES if feature in _list(fields["features"])),
        resumed=bool(fields["resumed"]),
        reason=None if reason is None else str(reason),
        resume_token=str(fields["resume_token"]),
        resume_within_s=_quantity(fields["resume_within_s"]),
        last_frame_id=None if last_frame_id is None else _number(last_frame_id),
        settings=_object(fields["settings"]),
        limits=Limits(**{name: _number(limits[name]) for name in _LIMITS}),
    )


def _advice(fields: JsonObject) -> Advice:
    rate, next_frame_in_ms = fields["max_frames_per_second"], fields.get("next_frame_in_ms")
    return Advice(*(None if value is None else _quantity(value) for value in (rate, next_frame_in_ms)))


def _error(fields: JsonObject) -> ErrorMessage:
    body = _object(fields["error"])
    frame_id = body.get("frame_id")
    return ErrorMessage(str(body["code"]), str(body["message"]), None if frame_id is None else _number(frame_id))


def _object(value: object) -> JsonObject:
    if not isinstance(value, dict):
        raise TypeError(f"{repr(value)[:40]} is no object")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(f"{repr(value)[:40]} is no list")
    return value


def _quantity(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise TypeError(f"{repr(value)[:40]} is no number of 0 or more")
    return value


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{repr(value)[:40]} is no whole number")
    return value


def _drop_stage(value: object) -> DropStage:
    if value == "queue":
        return "queue"
    if value == "send":
        return "send"
    raise TypeError(f"{repr(value)[:40]} is no stage at which frames are dropped")


_SERVER_MESSAGES: Mapping[str, Callable[[JsonObject], ServerMessage]] = {
    "welcome": _welcome,
    "settings": lambda fields: SettingsMessage(settings=_object(fields["settings"])),
    "dropped": lambda fields: Dropped(_number(fields["frame_id"]), _drop_stage(fields["stage"])),
    "advice": _advice,
    "pong": lambda fields: Pong(_number(fields["id"]), _number(fields["time_ns"])),
    "error": _error,
}
"""How each message of a server is read."""
