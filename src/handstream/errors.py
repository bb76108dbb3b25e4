"""Errors that a person or a client is meant to read: each names what is wrong and what to do."""

from __future__ import annotations

__all__ = ["FrameError", "HandstreamError", "MessageError"]


class HandstreamError(Exception):
    """Something outside the program is not as it must be. Its text is shown as it is, without a traceback.

    Attributes:
        code: A short snake_case word for programs, part of the public interface (`docs/protocol.md` lists those on the wire).
    """

    code: str = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class FrameError(HandstreamError):
    """One frame cannot be used (not a picture, too large, broken). The session goes on."""

    code = "bad_frame"


class MessageError(HandstreamError):
    """One message breaks the protocol. Whether the session goes on is the session's decision (`docs/protocol.md`)."""

    code = "bad_message"
