"""The endpoint `/ws/video`: `VideoEndpoint` lets a connection in or refuses it, and serves it to its end.

Who asks for it without an upgrade is told by `upgrade_required` what it is.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, PlainTextResponse

from handstream.errors import HandstreamError, MessageError
from handstream.protocol.control import ErrorMessage, error_object
from handstream.server.access import AccessError
from handstream.server.deadlines import Deadlines
from handstream.server.neighbours import PassedOn
from handstream.server.readiness import NotReadyError
from handstream.server.sessions import AddressFullError, ServerFullError
from handstream.server.websocket import Connection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Message
    from starlette.websockets import WebSocket

    from handstream.protocol.session import Session
    from handstream.server.access import Access
    from handstream.server.deadlines import Timeouts
    from handstream.server.neighbours import Forwarded, Neighbours
    from handstream.server.observation import Observation
    from handstream.server.readiness import EngineLoader
    from handstream.server.refusals import Refusals
    from handstream.server.sessions import Sessions
    from handstream.server.websocket import Socket

__all__ = ["VideoEndpoint", "upgrade_required"]

_FULL_RETRY_AFTER_S = "5"

_NO_UPGRADE = (
    "This is a WebSocket for programs: they send camera frames and are answered with the hands in them, as docs/protocol.md says."
    " The page for people is at /. If you came by WebSocket, a proxy in between has not passed on the upgrade.\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoEndpoint:
    """What serves the connections of one process. All of it runs on the event loop.

    Attributes:
        access: Who may connect.
        sessions: The sessions.
        loader: Has the engine, once it is loaded.
        observation: Watches what is answered.
        refusals: Where refusals are counted.
        timeouts: How long a client may take.
        reader_timeout_s: How long it may take to take one message.
        neighbours: The other processes of the server; None if there are none.
    """

    access: Access
    sessions: Sessions
    loader: EngineLoader
    observation: Observation
    refusals: Refusals
    timeouts: Timeouts
    reader_timeout_s: float
    neighbours: Neighbours | None

    async def serve(self, websocket: WebSocket) -> None:
        """Serves one connection from its upgrade request to its end, or refuses it with an HTTP error."""
        offered, query = websocket.scope["subprotocols"], websocket.query_params
        address = websocket.client.host if websocket.client is not None else ""
        try:
            token_expires_s = self.access.check(websocket.scope["scheme"], websocket.headers, offered)
            self.loader.engine()
            session = self._negotiate(offered, query.multi_items())
            may_resume = session.can_resume and "resume" in query
            self.sessions.check_room(address, may_resume=may_resume)
        except AccessError as error:
            await self._deny(
                websocket, error.status, error, {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else {}
            )
        except NotReadyError as error:
            await self._deny(websocket, 503, error, {"Retry-After": "1"})
        except ServerFullError as error:
            await self._deny(websocket, 503, error, {"Retry-After": _FULL_RETRY_AFTER_S})
        except AddressFullError as error:
            await self._deny(websocket, 429, error, {"Retry-After": _FULL_RETRY_AFTER_S})
        except MessageError as error:
            await self._deny(websocket, 400, error, {})
        else:
            await websocket.accept(session.subprotocol)
            asked = PassedOn(
                address=address,
                subprotocol=session.subprotocol or "",
                query=tuple(query.multi_items()),
                traceparent=websocket.headers.get("traceparent", ""),
                token_expires_s=token_expires_s,
            )
            first = None
            if may_resume and self.neighbours is not None:
                with self.sessions.asking(address):
                    first = await self._first_message(websocket)
                if first is not None and await self.neighbours.forward(websocket, first, asked, self.reader_timeout_s):
                    return
            await self._converse(websocket, session, asked, may_resume=may_resume, first=first)

    async def serve_forwarded(self, forwarded: Forwarded) -> None:
        """Serves a connection that another process let in, from its first message to its end."""
        asked = forwarded.passed_on
        session = self._negotiate([asked.subprotocol], asked.query)
        await self._converse(forwarded, session, asked, may_resume=True, first=None)

    def _negotiate(self, offered: list[str], query: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> Session:
        return self.sessions.negotiate(offered, query, self.loader.engine())

    async def _first_message(self, websocket: WebSocket) -> Message | None:
        """The hello of a client that resumes; None if it does not say one soon, which the connection's own deadline then sees to."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.timeouts.hello_s):
                return await websocket.receive()
        return None

    async def _converse(self, websocket: Socket, session: Session, asked: PassedOn, *, may_resume: bool, first: Message | None) -> None:
        connection = Connection(
            websocket,
            self.sessions,
            self.sessions.begin(session, self.loader.engine(), asked.address, may_resume=may_resume),
            observers=self.observation.observers({"traceparent": asked.traceparent} if asked.traceparent else {}),
            refusals=self.refusals,
            reader_timeout_s=self.reader_timeout_s,
            first=first,
        )
        deadlines = Deadlines(
            self.timeouts, connection.interrupt, token_expires_s=asked.token_expires_s, owes_hello=lambda: connection.owes_hello
        )
        await connection.run(deadlines)

    async def _deny(self, websocket: WebSocket, status_code: int, error: HandstreamError, headers: Mapping[str, str]) -> None:
        """Answers the upgrade request with an HTTP error instead."""
        self.refusals.count(error.code, websocket.client.host if websocket.client is not None else None)
        await websocket.send_denial_response(JSONResponse(error_object(ErrorMessage.of(error)), status_code, headers))


async def upgrade_required(_: Request) -> Response:
    """The answer to a request that asks for no upgrade, as a browser's does that was led here (RFC 9110, section 15.5.22)."""
    return PlainTextResponse(_NO_UPGRADE, HTTPStatus.UPGRADE_REQUIRED, {"Upgrade": "websocket", "Connection": "Upgrade"})
