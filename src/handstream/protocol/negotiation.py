"""How a session begins: `negotiate` turns what a client asks for in its upgrade request into a session, or refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handstream.errors import MessageError
from handstream.protocol.plain import PlainSession
from handstream.protocol.v1 import V1Session
from handstream.protocol.wire import SUBPROTOCOL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handstream.protocol.session import Session, SessionIdentity
    from handstream.protocol.settings import Limits, SessionSettings

__all__ = ["BEARER_PREFIX", "PLAIN_SUBPROTOCOL", "negotiate"]

BEARER_PREFIX = "handstream.bearer."
"""What stands before a token that a page offers as a subprotocol. It is never chosen, as the answer would repeat the token."""

PLAIN_SUBPROTOCOL = "handstream.plain"
"""The plain way by name, for a page that offers a token: a browser wants one of the subprotocols that it offered."""

_QUERY_PARAMETERS = ("output", "jpeg_quality", "resume")


def negotiate(
    offered: Sequence[str],
    query: Sequence[tuple[str, str]],
    *,
    identity: SessionIdentity,
    settings: SessionSettings,
    limits: Limits,
) -> Session:
    """A new session for a client.

    Args:
        offered: The subprotocols that the client offers; none is the plain way.
        query: The parameters of the URL's query, which change the settings that the session begins with.
        identity: Who speaks.
        settings: The server's defaults.
        limits: What the server takes.

    Raises:
        MessageError: `unknown_subprotocol` or `bad_query`: the upgrade is to be refused.
    """
    spoken = [name for name in offered if not name.startswith(BEARER_PREFIX)]
    settings = _with_query(settings, query, limits)
    if SUBPROTOCOL in spoken:
        return V1Session(identity, settings, limits)
    if spoken and PLAIN_SUBPROTOCOL not in spoken:
        raise MessageError(
            f'None of these subprotocols is spoken here: {", ".join(spoken)[:80]}. Offer "{SUBPROTOCOL}", or none for the plain way.',
            code="unknown_subprotocol",
        )
    return PlainSession(identity, settings, limits, subprotocol=PLAIN_SUBPROTOCOL if spoken else None)


def _with_query(settings: SessionSettings, query: Sequence[tuple[str, str]], limits: Limits) -> SessionSettings:
    changes: dict[str, object] = {}
    for name, value in query:
        if name not in _QUERY_PARAMETERS or name in changes:
            raise MessageError(
                f"{name[:40]!r} is not expected here. The query takes {' and '.join(_QUERY_PARAMETERS)}, once.", code="bad_query"
            )
        if name == "resume" and value != "true":
            raise MessageError(f'resume is "true" where it is given at all, not {value[:40]!r}.', code="bad_query")
        changes[name] = int(value) if name == "jpeg_quality" and value.isdecimal() and len(value) <= len("100") else value
    changes.pop("resume", None)
    try:
        return settings.changed(changes, limits)
    except MessageError as error:
        raise MessageError(str(error), code="bad_query") from error
