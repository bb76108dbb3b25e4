"""How the log is written: `configure_logs` makes one line of each event, for people or for programs.

Every module logs through `logging`, as the libraries do, with what happened as the message and the details as `extra`; structlog writes
them. uvicorn's own messages go the same way. No record ever holds a picture, a landmark or a token: nothing that a client sent is logged
but the code of what was wrong with it and, at `debug`, the path that it asked for.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from typing import TYPE_CHECKING

from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import JSONRenderer, TimeStamper, format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

if TYPE_CHECKING:
    from typing import TextIO

    from structlog.typing import EventDict, Processor, WrappedLogger

    from handstream.server.settings import LogFormat, LogLevel

__all__ = ["configure_logs"]

_EVENT_WIDTH = 26
"""The details of most events begin in one column."""

_QUERY = re.compile(r"\?[^\s\"]+")


def configure_logs(level: LogLevel, log_format: LogFormat = "auto", stream: TextIO | None = None) -> None:
    """Writes the log of this process, from that level on, to a stream; None is standard error. What was configured before is replaced."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(log_format, is_terminal=stream.isatty()))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def _formatter(log_format: LogFormat, *, is_terminal: bool) -> ProcessorFormatter:
    details: list[Processor] = [add_log_level, ExtraAdder(), _without_copies, _without_queries]
    if log_format == "json":
        details += [add_logger_name, TimeStamper(fmt="iso", utc=True), format_exc_info]
        renderer: Processor = JSONRenderer()
    else:
        details += [TimeStamper(fmt="%H:%M:%S" if is_terminal else "iso", utc=not is_terminal), _on_one_line]
        renderer = ConsoleRenderer(
            colors=is_terminal and log_format == "auto" and not os.environ.get("NO_COLOR"),
            pad_event_to=_EVENT_WIDTH,
            pad_level=False,
            sort_keys=False,
            exception_formatter=plain_traceback,
        )
    return ProcessorFormatter(foreign_pre_chain=details, processors=[ProcessorFormatter.remove_processors_meta, renderer])


def _without_copies(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Uvicorn gives each message once more, with the colours of its own formatter."""
    event.pop("color_message", None)
    return event


def _without_queries(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """At `debug` uvicorn tells what each request asked for. No token is taken from a query, and still some client will put one there."""
    if event["_record"].name.startswith("uvicorn."):
        event["event"] = _QUERY.sub("?...", event["event"])
    return event


def _on_one_line(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A text with a line break would look like two events, of which the second is whatever its author likes."""
    for name, value in event.items():
        if name != "exception" and isinstance(value, str) and not value.isprintable():
            event[name] = value.encode("unicode_escape").decode("ascii")
    return event
