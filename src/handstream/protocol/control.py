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
    from collections.abc import Mapping

__all__ = [
    "ClientMessage",
    "DropStage",
    "Dropped",
    "ErrorMessage",
    "Hello",
    "ServerMessage",
    "SettingsMessage",
    "Welcome",
    "error_object",
    "parse_client_message",
    "parse_server_message",
]

DropStage = Literal["queue", "send"]
"""Where a frame was dropped: while it waited for a thread, or with its result, which a newer one replaced."""

JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """Opens a session; the client's first message."""

    client: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)

    def text(self) -> str:
        """The message as it travels."""
        return _text("hello", client=self.client, settings=dict(self.settings))


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsMessage:
    """From a client: changes, unchecked. From a server: all settings as they are."""

    settings: Mapping[str, object]

    def text(self) -> str:
        """The message as it travels."""
        return _text("settings", settings=dict(self.settings))


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """The server's answer to `Hello`: the session is open."""

    server: str
    session_id: str
    engine: str
    settings: Mapping[str, object]
    limits: Limits

    def text(self) -> str:
        """The message as it travels."""
        limits = {name: getattr(self.limits, name) for name in _LIMITS}
        return _text(
            "welcome", server=self.server, session_id=self.session_id, engine=self.engine, settings=dict(self.settings), limits=limits
        )


@dataclass(frozen=True, slots=True)
class Dropped:
    """That frame will not be answered."""

    frame_id: int
    stage: DropStage

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


ClientMessage = Hello | SettingsMessage
ServerMessage = Welcome | SettingsMessage | Dropped | ErrorMessage

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
        MessageError: `bad_json`, `unknown_type`, or `bad_settings` where the settings are no object.
    """
    fields = _json_object(text)
    match fields["type"]:
        case "hello":
            client = fields.get("client", "")
            if not isinstance(client, str):
                raise MessageError('"client" must be a text, as in "my-client/1.0".', code="bad_json")
            return Hello(client=client, settings=_settings(fields, optional=True))
        case "settings":
            return SettingsMessage(settings=_settings(fields, optional=False))
        case other:
            raise MessageError(
                f'There is no message of type {repr(other)[:40]} to a server; there are "hello" and "settings".', code="unknown_type"
            )


def parse_server_message(text: str) -> ServerMessage | None:
    """The control message that a server wrote, or None if this client does not know its type and is to skip it.

    Raises:
        MessageError: `bad_json`: it is no JSON object with a `type`, or a field is missing or of the wrong type.
    """
    fields = _json_object(text)
    try:
        match fields["type"]:
            case "welcome":
                return _welcome(fields)
            case "settings":
                return SettingsMessage(settings=_object(fields["settings"]))
            case "dropped":
                return Dropped(_number(fields["frame_id"]), _drop_stage(fields["stage"]))
            case "error":
                return _error(_object(fields["error"]))
            case _:
                return None
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


def _settings(fields: JsonObject, *, optional: bool) -> JsonObject:
    settings = fields.get("settings", {} if optional else None)
    if not isinstance(settings, dict):
        raise MessageError('"settings" must be an object, as in {"output": "landmarks"}.', code="bad_settings")
    return settings


def _welcome(fields: JsonObject) -> Welcome:
    limits = _object(fields["limits"])
    return Welcome(
        server=str(fields["server"]),
        session_id=str(fields["session_id"]),
        engine=str(fields["engine"]),
        settings=_object(fields["settings"]),
        limits=Limits(**{name: _number(limits[name]) for name in _LIMITS}),
    )


def _error(body: JsonObject) -> ErrorMessage:
    frame_id = body.get("frame_id")
    return ErrorMessage(str(body["code"]), str(body["message"]), None if frame_id is None else _number(frame_id))


def _object(value: object) -> JsonObject:
    if not isinstance(value, dict):
        raise TypeError(f"{repr(value)[:40]} is no object")
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
