"""Who may connect: `Access` judges an upgrade request by the page that it comes from and the token that it shows.

Theory of operation
-------------------

A browser lets any page open a WebSocket to any server, and says which page it was (`Origin`). So a request with an `Origin` must come from
the server's own page or one that the settings name. A request without one comes from no browser, and no page can make it so.

Where tokens are asked for, one is shown in the header `Authorization`, as a subprotocol (a page can set no header), or in a cookie; never
in the query, which ends up in logs. The first that is there counts.

A server that asks for no token listens on this machine alone. Still, a page of a stranger could reach it under its own name, once its name
leads to this machine (DNS rebinding): page and server would then have the same origin. So such a server answers to no name but `localhost`,
besides addresses and the names of allowed origins.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from handstream.errors import HandstreamError
from handstream.protocol.negotiation import BEARER_PREFIX
from handstream.server.tokens import TokenError, tokens_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.datastructures import Headers

    from handstream.server.settings import ServerSettings
    from handstream.server.tokens import Tokens

__all__ = ["TOKEN_COOKIE", "Access", "AccessError", "check_exposure", "is_loopback"]

TOKEN_COOKIE = "handstream_token"  # noqa: S105 - the cookie's name
"""The cookie that may carry a token."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


class AccessError(HandstreamError):
    """A request is refused.

    Attributes:
        status: The HTTP status to refuse it with.
    """

    def __init__(self, message: str, *, code: str, status: int) -> None:
        super().__init__(message, code=code)
        self.status = status


@dataclass(frozen=True, slots=True)
class Access:
    """Judges requests. It holds no state.

    Attributes:
        origins: The origins that may connect besides the server's own.
        tokens: The tokens that are taken; None where none is asked for.
        answers_to_any_name: Whether the server may be reached under any name.
    """

    origins: frozenset[str]
    tokens: Tokens | None
    answers_to_any_name: bool

    @classmethod
    def of(cls, settings: ServerSettings) -> Access:
        """What those settings allow. Reads the files that they name.

        Raises:
            HandstreamError: A token or a key is not usable.
        """
        tokens = tokens_of(settings)
        return cls(settings.allowed_origins, tokens, answers_to_any_name=tokens is not None or settings.allow_anyone)

    def check(self, scheme: str, headers: Headers, subprotocols: Sequence[str] = ()) -> float | None:
        """Judges a request.

        Args:
            scheme: What the client used: `http`, `https`, `ws` or `wss`.
            headers: Those of the request.
            subprotocols: Those that it offers.

        Returns:
            When its token expires, in seconds since 1970; None if it has none that does.

        Raises:
            AccessError: It is refused.
        """
        self._check_origin(scheme, headers)
        return self.check_token(headers, subprotocols)

    def check_token(self, headers: Headers, subprotocols: Sequence[str] = ()) -> float | None:
        """Judges the token alone, as for a request that no page has a reason to make.

        Returns:
            When the token expires, in seconds since 1970; None if there is none that does.

        Raises:
            AccessError: It is refused.
        """
        if self.tokens is None:
            return None
        token = shown_token(headers, subprotocols)
        if token is None:
            text = 'This server asks for a token: in the header "Authorization: Bearer ...", or as docs/protocol.md says.'
            raise AccessError(text, code="token_missing", status=401)
        try:
            return self.tokens.check(token)
        except TokenError as error:
            raise AccessError(str(error), code=error.code, status=401) from error

    def _check_origin(self, scheme: str, headers: Headers) -> None:
        origin, host = headers.get("origin"), headers.get("host", "")
        if origin is None or origin.lower() in self.origins:
            return
        if not _is_own(origin, scheme, host):
            text = f"Pages of {origin[:80]!r} may not connect here. To allow them, start the server with --allow-origins {origin[:80]}"
            raise AccessError(text, code="origin_not_allowed", status=403)
        if not (self.answers_to_any_name or _is_local_name(host)):
            text = (
                f"A server without a token answers to addresses and localhost, not to {host[:80]!r}."
                f" To allow it, start the server with --allow-origins {origin[:80]}"
            )
            raise AccessError(text, code="origin_not_allowed", status=403)


def shown_token(headers: Headers, subprotocols: Sequence[str]) -> str | None:
    """The token that a request shows; None if it shows none."""
    authorization = headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None
    for subprotocol in subprotocols:
        if subprotocol.startswith(BEARER_PREFIX):
            return subprotocol.removeprefix(BEARER_PREFIX)
    return _cookie(headers)


def check_exposure(settings: ServerSettings) -> None:
    """Refuses to listen where strangers could use the server.

    Raises:
        HandstreamError: Anyone could connect from beyond this machine; the text says what to do.
    """
    if settings.allow_anyone or is_loopback(settings.host) or tokens_of(settings) is not None:
        return
    raise HandstreamError(
        f"On {settings.host} others than this machine reach the server, and anyone who does could use it. Let it ask for a token"
        " (--token auto makes one; HANDSTREAM_TOKEN, --token-file and --jwt-public-key-file take yours), or say --allow-anyone where"
        " something else keeps strangers out. Without --host it listens on this machine alone.",
        code="open_to_anyone",
    )


def is_loopback(host: str) -> bool:
    """Whether all addresses of that name are this machine's own. One that cannot be resolved cannot be listened on either."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return True
    return all(ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)


def _is_own(origin: str, scheme: str, host: str) -> bool:
    """Whether that is the origin of the server's own page. Behind a proxy that says nothing of it, an https page may reach us by http."""
    try:
        page, server = urlsplit(origin.lower()), urlsplit(f"//{host.lower()}")
        if page.scheme not in _DEFAULT_PORTS or page.hostname is None or (scheme in ("https", "wss") and page.scheme != "https"):
            return False
        return (page.hostname, _port(page, page.scheme)) == (server.hostname, _port(server, page.scheme))
    except ValueError:
        return False


def _port(parts: SplitResult, scheme: str) -> int:
    return parts.port if parts.port is not None else _DEFAULT_PORTS[scheme]


def _is_local_name(host: str) -> bool:
    """Whether no name server has a say in where that leads."""
    name = urlsplit(f"//{host.lower()}").hostname or ""
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, section 6.3
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _cookie(headers: Headers) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(TOKEN_COOKIE)
    except CookieError:
        return None
    return None if morsel is None else morsel.value
