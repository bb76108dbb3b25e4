"""Control messages from the texts in which they travel: `parse_client_message` for a server, `parse_server_message` for a client."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, NoReturn

from handstream.errors import MessageError
from handstream.protocol.control import (
    FEATURES,
    LIMITS,
    Ack,
    Advice,
    Dropped,
    ErrorMessage,
    Hello,
    Ping,
    Pong,
    SettingsMessage,
    Welcome,
)
from handstream.protocol.settings import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from handstream.protocol.control import ClientMessage, DropStage, JsonObject, ServerMessage

__all__ = ["parse_client_message", "parse_server_message"]

_MAX_U32 = 2**32 - 1
_MAX_TOKEN_CHARACTERS = 256


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


def _json_object(text: str) -> JsonObject:
    try:
        fields = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"This text is not JSON: {error}.", code="bad_json") from error
    if not isinstance(fields, dict) or not isinstance(fields.get("type"), str):
        raise MessageError('A text message is a JSON object with a "type", as in {"type": "hello"}.', code="bad_json")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    # NaN and Infinity are no JSON, though Python reads them; a NaN would pass every comparison with a limit.
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
"""Made once: `json.loads` with such an argument makes one for each text, and each acknowledgement is one."""


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
        limits=Limits(**{name: _number(limits[name]) for name in LIMITS}),
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
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= sys.float_info.max:
        raise TypeError(f"{repr(value)[:40]} is no finite number of 0 or more")
    return value


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError(f"{repr(value)[:40]} is no whole number of 0 or more")
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
