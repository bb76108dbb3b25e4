"""The server's settings: `ServerSettings`. This is the only place where they are written; the command line is made from it.

Each is also a variable of the environment: its name in capitals after `HANDSTREAM_`, as in `HANDSTREAM_JPEG_QUALITY=80`.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from handstream.errors import HandstreamError
from handstream.frames import Output
from handstream.protocol.settings import Limits, SessionSettings
from handstream.vision.engines import DEFAULT_ENGINE, EngineName, Precision

__all__ = ["ENVIRONMENT_PREFIX", "LogFormat", "LogLevel", "ServerSettings"]

ENVIRONMENT_PREFIX = "HANDSTREAM_"
"""What the settings' names begin with in the environment."""

LogLevel = Literal["critical", "error", "warning", "info", "debug"]

LogFormat = Literal["auto", "text", "json"]
"""`text` is for people, `json` one object a line for programs; `auto` is text, with colours on a terminal."""

_SESSION = SessionSettings()
_LIMITS = Limits()


class ServerSettings(BaseSettings):
    """What `handstream serve` can be told. Every field is an option, with its description as the help."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="Address to listen on. 0.0.0.0 is every address of this machine.")
    token: str | None = Field(
        default=None,
        repr=False,
        description="Who connects must show this token. auto makes one and prints it. Prefer the variable or --token-file: others on the"
        " machine can read a command line.",
    )
    token_file: Path | None = Field(
        default=None, description="File with such tokens, one a line; any of them will do. Lines that begin with # are skipped."
    )
    jwt_secret: str | None = Field(
        default=None,
        repr=False,
        description="Who connects must show a JSON Web Token signed with this secret (HS256) of 32 bytes or more.",
    )
    jwt_public_key_file: Path | None = Field(
        default=None,
        description="The same with the public key of who signs, PEM: RSA (RS256), P-256 (ES256) or Ed25519 (EdDSA).",
    )
    jwt_audience: str | None = Field(default=None, description="The audience (aud) that a JSON Web Token must be made for.")
    jwt_issuer: str | None = Field(default=None, description="Who must have made a JSON Web Token (iss).")
    allow_anyone: bool = Field(
        default=False, description="Listen beyond this machine without a token, where something else keeps strangers out."
    )
    allow_origins: str = Field(
        default="",
        description="Origins whose pages may connect besides the server's own, separated by commas, as in https://example.org.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Networks of the proxies in front, separated by commas, as in 10.0.0.0/8. Their word on who asks is believed.",
    )
    ssl_certfile: Path | None = Field(default=None, description="Certificate with its chain, PEM, to serve https and wss with.")
    ssl_keyfile: Path | None = Field(default=None, description="The certificate's private key, PEM, where it is not in the same file.")
    https: bool = Field(
        default=False, description="Serve https with a certificate made for this run, to try a phone's camera in the same network."
    )
    port: int = Field(default=8000, ge=0, le=65535, description="TCP port to listen on. 0 takes any that is free.")
    engine: EngineName = Field(default=DEFAULT_ENGINE, description="What finds the hands. mediapipe is the reference, an extra.")
    models: Path | None = Field(
        default=None, description="Folder or .task bundle that holds the models. Without it they are fetched once and kept in the cache."
    )
    precision: Precision = Field(
        default="f32", description="What the networks compute in. auto takes less where the processor can and parity holds."
    )
    workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Processes that serve on the port. With more than one, a crash or a hang ends only its sessions. They share out what"
        " the limits allow in all.",
    )
    threads: int = Field(
        default=0, ge=0, le=256, description="Threads of each process that process frames. 0 shares the processors out among the processes."
    )
    output: Output = Field(default=_SESSION.output, description="What results carry unless a session asks for something else.")
    jpeg_quality: int = Field(default=_SESSION.jpeg_quality, ge=1, le=100, description="Quality of the annotated JPEG, 1..100.")
    max_hands: int = Field(default=_SESSION.max_hands, ge=1, le=255, description="The most hands reported in one picture.")
    model_complexity: int = Field(default=_SESSION.model_complexity, ge=0, le=1, description="0 is the lite model, 1 the full one.")
    min_detection_confidence: float = Field(
        default=_SESSION.min_detection_confidence, ge=0, le=1, description="The least score of a palm detection, 0..1."
    )
    min_tracking_confidence: float = Field(
        default=_SESSION.min_tracking_confidence, ge=0, le=1, description="The least hand presence for a hand to be followed, 0..1."
    )
    max_hands_limit: int = Field(default=_LIMITS.max_hands, ge=1, le=255, description="The most hands that a session may ask for.")
    max_message_bytes: int = Field(
        default=_LIMITS.max_message_bytes, ge=1024, description="The largest message taken, in bytes. A larger one closes the connection."
    )
    max_frame_pixels: int = Field(
        default=_LIMITS.max_frame_pixels, ge=1, description="The most pixels that a picture may declare, width times height."
    )
    max_sessions: int = Field(default=200, ge=1, description="The most sessions at once. Beyond it clients are told to come again later.")
    max_sessions_by_address: int = Field(
        default=64,
        ge=1,
        description="The most sessions at once of one address (IPv6: 64 bits of it). Those that can be resumed count.",
    )
    max_session_frames_per_second: float = Field(
        default=_LIMITS.max_frames_per_second,
        gt=0,
        le=1000,
        description="The most frames a second of one session. Those beyond are dropped, and a session that floods is closed.",
    )
    max_session_texts_per_second: float = Field(
        default=_LIMITS.max_texts_per_second,
        gt=0,
        le=10_000,
        description="The most texts a second of one session, such as settings. One that sends more is closed.",
    )
    max_requests_per_second: float = Field(
        default=50,
        gt=0,
        le=1e6,
        description="The most new connections a second, and the most requests, from all addresses. More are refused.",
    )
    max_requests_per_second_by_address: float = Field(
        default=20, gt=0, le=1e6, description="The same from one address, beyond ten seconds' worth of them at once."
    )
    max_waiting_connections: int = Field(
        default=256,
        ge=1,
        le=100_000,
        description="The most connections without a session. One more ends the one that has waited longest.",
    )
    handshake_timeout_s: float = Field(
        default=10,
        gt=0,
        le=3600,
        description="How long a client may take for a request, the TLS handshake included, and for its first message, in seconds.",
    )
    idle_timeout_s: float = Field(
        default=300,
        gt=0,
        le=1e6,
        description="How long a session may send no frame before it is closed, in seconds. It can be resumed for a while.",
    )
    connection_lifetime_s: float = Field(
        default=86_400, gt=0, le=1e7, description="How long a connection may last, in seconds. Its session can be resumed on another."
    )
    min_session_frames_per_second: float = Field(
        default=5,
        ge=0,
        description="The least frames a second that each session is sure of. One that would take that from the others is not let in.",
    )
    resume_within_s: float = Field(
        default=30, ge=0, le=3600, description="How long a session whose connection was lost can be resumed, in seconds."
    )
    max_parked_sessions: int = Field(default=100, ge=0, description="The most sessions that are kept to be resumed.")
    reader_timeout_s: float = Field(
        default=10, gt=0, le=3600, description="How long a client may take to take one message before it is closed, in seconds."
    )
    frame_deadline_s: float = Field(
        default=10, gt=0, le=3600, description="How long one frame may take before its process counts as stuck, in seconds."
    )
    stop_within_s: float = Field(
        default=5, gt=0, le=3600, description="How long the server may take to end when it is told to stop, in seconds."
    )
    metrics: bool = Field(default=True, description="Tell Prometheus at /metrics how the server fares.")
    trace_sample_ratio: float = Field(
        default=0, ge=0, le=1, description="The part of the frames that become OpenTelemetry spans, 0..1. Needs the extra telemetry."
    )
    log_level: LogLevel = Field(default="info", description="The least severe messages that are logged.")
    log_format: LogFormat = Field(
        default="auto", description="How the log is written: json is one object a line, auto is text with colours on a terminal."
    )

    @model_validator(mode="after")
    def _lists_can_be_read(self) -> Self:
        """What is wrong in a list is told at the start, not when somebody connects."""
        _ = self.trusted_networks, self.allowed_origins
        return self

    @property
    def session_settings(self) -> SessionSettings:
        """What a session begins with."""
        return SessionSettings(
            output=self.output,
            jpeg_quality=self.jpeg_quality,
            max_hands=self.max_hands,
            model_complexity=self.model_complexity,
            min_detection_confidence=self.min_detection_confidence,
            min_tracking_confidence=self.min_tracking_confidence,
        )

    @property
    def limits(self) -> Limits:
        """What a session may ask for at most. The server's own default number of hands is always allowed."""
        return Limits(
            max_message_bytes=self.max_message_bytes,
            max_frame_pixels=self.max_frame_pixels,
            max_hands=max(self.max_hands, self.max_hands_limit),
            max_frames_per_second=self.max_session_frames_per_second,
            max_texts_per_second=self.max_session_texts_per_second,
        )

    @property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of the proxies whose word is believed."""
        return tuple(map(_network, _listed(self.trusted_proxies)))

    @property
    def allowed_origins(self) -> frozenset[str]:
        """The origins whose pages may connect besides the server's own."""
        return frozenset(map(_origin, _listed(self.allow_origins)))

    def environment(self) -> dict[str, str]:
        """These settings as variables of the environment, for a process that is to have the same."""
        values = self.model_dump(mode="json", exclude_none=True)
        return {f"{ENVIRONMENT_PREFIX}{name.upper()}": str(value) for name, value in values.items()}


def _listed(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise HandstreamError(
            f"--trusted-proxies takes networks or addresses, as in 10.0.0.0/8 or ::1, not {text!r}: {error}", code="bad_option"
        ) from error


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if text != "null" and (parts.scheme not in ("http", "https") or text != f"{parts.scheme}://{parts.netloc}"):
        raise HandstreamError(f"--allow-origins takes scheme, host and port, as in https://example.org, not {text!r}.", code="bad_option")
    return text.lower()
