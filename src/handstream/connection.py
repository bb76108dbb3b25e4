"""One connection of a client to a server: `open_connection` opens it and says hello; `how_it_ended` tells why it is no more."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_websocket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.typing import Subprotocol

from handstream.errors import HandstreamError
from handstream.protocol import wire
from handstream.protocol.backoff import comes_again
from handstream.protocol.control import ErrorMessage, Welcome
from handstream.protocol.parsing import parse_server_message

if TYPE_CHECKING:
    import ssl

    from handstream.protocol.control import Hello

__all__ = ["SessionClosedError", "how_it_ended", "open_connection"]

_MAX_RESULT_BYTES = 64 * 1024 * 1024

_WELCOME_TIMEOUT_S = 10.0
"""How long the welcome may take. It needs no tracker, so a server that lets a client in has it at once."""

_PING_S = 5.0
"""How often the server is pinged (RFC 6455, section 5.5.2), and how long its pong may take: a path that is gone without a word, as when a
machine changes its network, is known to be after 10 s at most, and one that stalls for a few seconds is kept."""

_IDLE_TIMEOUT = 4002


class SessionClosedError(HandstreamError):
    """The session ended otherwise than by both sides being done.

    Attributes:
        close_code: The WebSocket close code; 1006 where the connection broke without one. 1001 asks to connect again.
    """

    code = "session_closed"

    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__(f"The session ended with close code {close_code}{f': {reason}' if reason else ''}.")
        self.close_code = close_code

    @property
    def may_come_again(self) -> bool:
        """Whether another connection may fare better."""
        return comes_again(self.close_code)

    @property
    def is_idle(self) -> bool:
        """Whether the server wants the place for others until there is a frame."""
        return self.close_code == _IDLE_TIMEOUT


async def open_connection(
    url: str, hello: Hello, *, token: str | None = None, tls: ssl.SSLContext | None = None
) -> tuple[ClientConnection, Welcome]:
    """Opens a connection and says hello. The caller closes it.

    Args:
        url: The server, as in `ws://127.0.0.1:8000`, `http://127.0.0.1:8000` or with a path other than `/ws/video`.
        hello: What to say; where it resumes a session, the server lets it in though it is full.
        token: What the server asks for, if it does.
        tls: How to judge the certificate of a `wss` or `https` server; None trusts the authorities that this machine trusts.

    Raises:
        HandstreamError: There is no server, it refuses the session, or it does not take the hello; the code says which.
    """
    websocket = await _open(url, token, tls, is_resuming=hello.resume is not None)
    try:
        async with asyncio.timeout(_WELCOME_TIMEOUT_S):
            await websocket.send(hello.text())
            return websocket, _welcome(await websocket.recv(decode=True))
    except BaseException as error:
        await websocket.close()
        if isinstance(error, ConnectionClosed):
            raise how_it_ended(error) from error
        if isinstance(error, TimeoutError):
            raise HandstreamError(f"The server at {url} does not welcome a session.", code="cannot_connect") from error
        raise


def how_it_ended(error: ConnectionClosed) -> SessionClosedError:
    """The error that a user is told."""
    if error.rcvd is None:
        return SessionClosedError(1006, "the connection broke")
    return SessionClosedError(error.rcvd.code, error.rcvd.reason)


class _Connection(ClientConnection):
    """A connection that breaks where its path is gone without a word."""

    async def keepalive(self) -> None:
        """Pings until the connection is lost, which ends this.

        Unlike that of `websockets` it says no goodbye: a close frame that comes through after all would end the session on the server,
        which is to be resumed. And a ping that the path does not even take is not waited for either.
        """
        try:
            while True:
                await asyncio.sleep(_PING_S)
                async with asyncio.timeout(_PING_S):
                    await (await self.ping())
        except TimeoutError:
            self.transport.abort()


async def _open(url: str, token: str | None, tls: ssl.SSLContext | None, *, is_resuming: bool) -> ClientConnection:
    try:
        endpoint = _endpoint(url, is_resuming=is_resuming)
        return await connect_websocket(
            endpoint,
            subprotocols=[Subprotocol(wire.SUBPROTOCOL)],
            compression=None,
            max_size=_MAX_RESULT_BYTES,
            create_connection=_Connection,
            additional_headers=None if token is None else {"Authorization": f"Bearer {token}"},
            ssl=tls or (True if endpoint.startswith("wss:") else None),
        )
    except InvalidStatus as refusal:
        raise _refused(url, refusal) from refusal
    except (OSError, TimeoutError, ValueError, InvalidHandshake, InvalidURI) as error:  # ValueError: the address is none
        raise HandstreamError(f"There is no handstream server at {url}: {error}", code="cannot_connect") from error


def _endpoint(url: str, *, is_resuming: bool) -> str:
    """The WebSocket's address: `http` becomes `ws`, and a bare server gets the path."""
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    path = parts.path if parts.path.strip("/") else "/ws/video"
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("resume", "true")]) if is_resuming else parts.query
    return parts._replace(scheme=scheme, path=path, query=query).geturl()


def _refused(url: str, refusal: InvalidStatus) -> HandstreamError:
    """The error in the server's HTTP answer, or one that names its status."""
    try:
        error = json.loads(refusal.response.body)["error"]
        return HandstreamError(error["message"], code=error["code"])
    except (ValueError, TypeError, KeyError):
        return HandstreamError(f"{url} refuses a session with HTTP {refusal.response.status_code}.", code="cannot_connect")


def _welcome(text: str) -> Welcome:
    match parse_server_message(text):
        case Welcome() as welcome:
            return welcome
        case ErrorMessage() as error:
            raise HandstreamError(error.message, code=error.code)
        case other:
            raise HandstreamError(f"The server's first message is no welcome: {other}", code="bad_json")
