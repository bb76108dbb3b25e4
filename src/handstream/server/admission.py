"""What every request passes first: `Admission` finds out whose it is, and refuses it where too many came from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket

from handstream.errors import HandstreamError
from handstream.protocol.control import ErrorMessage, error_object
from handstream.server.proxies import client_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from handstream.server.gate import Gate
    from handstream.server.proxies import Client, Networks

__all__ = ["Admission"]

_RETRY_AFTER_S = "5"


class Admission:
    """ASGI middleware. The `Gate` is in the state that the lifespan gave the server."""

    def __init__(self, app: ASGIApp, trusted: Networks) -> None:
        """Wraps an application.

        Args:
            app: The application.
            trusted: The networks of our proxies.
        """
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on a request as its client meant it, or refuses it."""
        if scope["type"] == "lifespan" or scope.get("client") is None:
            await self._app(scope, receive, send)
            return
        client = client_of(scope["client"][0], Headers(scope=scope), self._trusted)
        scope = _as_seen(scope, client)
        gate = cast("Gate", scope["state"]["gate"])
        if gate.take_request(client.address):
            await self._app(scope, receive, send)
            return
        error = HandstreamError("Too many requests came from your address. Wait a little, then try again.", code="too_many_requests")
        gate.refusals.count(error.code, client.address)
        await _refuse(error, scope, receive, send)


def _as_seen(scope: Scope, client: Client) -> Scope:
    """The request as the outermost trusted proxy saw it."""
    seen = dict(scope) | {"client": (client.address, 0 if client.address != scope["client"][0] else scope["client"][1])}
    if client.scheme is not None:
        seen["scheme"] = client.scheme.replace("http", "ws") if scope["type"] == "websocket" else client.scheme
    if client.host is not None:
        others = [(name, value) for name, value in scope["headers"] if name != b"host"]
        seen["headers"] = [*others, (b"host", client.host.encode("latin-1", "replace"))]
    return seen


async def _refuse(error: HandstreamError, scope: Scope, receive: Receive, send: Send) -> None:
    """Refuses that request, and ends its connection: another one is refused for less."""
    headers = {"Retry-After": _RETRY_AFTER_S, "Connection": "close"}
    response = JSONResponse(error_object(ErrorMessage.of(error)), 429, headers)
    if scope["type"] == "websocket":
        await WebSocket(scope, receive, send).send_denial_response(response)
    else:
        await response(scope, receive, send)
