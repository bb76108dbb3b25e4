"""The endpoint `/access`, by `access_router`: whether a request may connect, and a cookie for who may.

A browser does not tell a page why a WebSocket was refused. Here it can ask, as it would connect.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from handstream.protocol.control import ErrorMessage, error_object
from handstream.server.access import TOKEN_COOKIE, AccessError, shown_token

if TYPE_CHECKING:
    from handstream.server.access import Access

__all__ = ["access_router", "refused"]

_COOKIE_LASTS_S = 30 * 24 * 3600
"""A month, for a token that does not expire by itself."""

_REFUSALS: dict[int | str, dict[str, object]] = {
    401: {"description": "The token is missing, wrong or expired."},
    403: {"description": "The request comes from a page that may not connect."},
}


def access_router(access: Access) -> APIRouter:
    """The routes of `/access`.

    Args:
        access: Who may connect.
    """
    router = APIRouter(prefix="/access", tags=["access"], responses=_REFUSALS)

    @router.get("", status_code=204, summary="Whether this request may connect")
    async def may_connect(request: Request) -> Response:
        """Answers as the WebSocket would, before its upgrade."""
        access.check(request.url.scheme, request.headers)
        return Response(status_code=204)

    @router.post("", status_code=204, summary="Put the token into a cookie")
    async def keep_token(request: Request) -> Response:
        """Puts the token of this request into a cookie that no script can read, so that a browser need not show it again."""
        expires_s = access.check(request.url.scheme, request.headers)
        response = Response(status_code=204)
        token = shown_token(request.headers, ())
        if token is not None:
            response.set_cookie(
                TOKEN_COOKIE,
                token,
                max_age=_COOKIE_LASTS_S if expires_s is None else max(0, int(expires_s - time.time())),
                secure=request.url.scheme == "https",
                httponly=True,
                samesite="strict",
            )
        return response

    return router


async def refused(request: Request, error: Exception) -> JSONResponse:
    """The answer to a request that is refused; counts it."""
    assert isinstance(error, AccessError)
    request.state.gate.refusals.count(error.code, request.client.host if request.client is not None else None)
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}  # noqa: PLR2004 - the status's number
    return JSONResponse(error_object(ErrorMessage.of(error)), error.status, headers)
