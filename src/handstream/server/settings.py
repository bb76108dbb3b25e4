"""The server's settings: `ServerSettings`. This is the only place where they are written; the command line is made from it.

Each is also a variable of the environment: its name in capitals after `HANDSTREAM_`, as in `HANDSTREAM_JPEG_QUALITY=80`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from handstream.frames import Output
from handstream.protocol.settings import Limits, SessionSettings
from handstream.vision.engines import DEFAULT_ENGINE, EngineName, Precision

__all__ = ["ENVIRONMENT_PREFIX", "LogLevel", "ServerSettings"]

ENVIRONMENT_PREFIX = "HANDSTREAM_"
"""What the settings' names begin with in the environment."""

LogLevel = Literal["critical", "error", "warning", "info", "debug"]

_SESSION = SessionSettings()
_LIMITS = Limits()


class ServerSettings(BaseSettings):
    """What `handstream serve` can be told. Every field is an option, with its description as the help."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="Address to listen on. 0.0.0.0 is every address of this machine.")
    port: int = Field(default=8000, ge=0, le=65535, description="TCP port to listen on. 0 takes any that is free.")
    engine: EngineName = Field(default=DEFAULT_ENGINE, description="What finds the hands. mediapipe is the reference, an extra.")
    models: Path | None = Field(
        default=None, description="Folder or .task bundle that holds the models. Without it they are fetched once and kept in the cache."
    )
    precision: Precision = Field(
        default="f32", description="What the networks compute in. auto takes less where the processor can and parity holds."
    )
    threads: int = Field(
        default=0, ge=0, le=256, description="Threads that process frames. 0 is one for each processor that this process may use."
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
    log_level: LogLevel = Field(default="info", description="The least severe messages that are logged.")

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
        )

    def environment(self) -> dict[str, str]:
        """These settings as variables of the environment, for a process that is to have the same."""
        values = self.model_dump(mode="json", exclude_none=True)
        return {f"{ENVIRONMENT_PREFIX}{name.upper()}": str(value) for name, value in values.items()}
