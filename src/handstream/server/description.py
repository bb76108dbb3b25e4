"""The page `/docs`, by `description_route`: the endpoints as OpenAPI describes them, without a script and without anybody else's files."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["description_route"]

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<h1>{title} {version}</h1>
<p>{summary}. For programs: <a href="/openapi.json">openapi.json</a>.
What travels over <code>/ws/video</code> stands in docs/protocol.md.</p>
{endpoints}
</html>
"""

_ENDPOINT = "<h2><code>{method} {path}</code></h2>\n<p>{summary}. {description}</p>\n<ul>{answers}</ul>"


def description_route(openapi: Callable[[], dict[str, Any]]) -> Route:
    """The route of the page.

    Args:
        openapi: Gives the description of the application.
    """

    async def docs(_: Request) -> Response:
        return HTMLResponse(_page(openapi()))

    return Route("/docs", docs)


def _page(description: dict[str, Any]) -> str:
    info = {name: escape(str(value)) for name, value in description["info"].items()}
    endpoints = [
        _ENDPOINT.format(
            method=method.upper(),
            path=escape(path),
            summary=escape(operation.get("summary", "")),
            description=escape(operation.get("description", "")),
            answers="".join(f"<li>{code}: {escape(answer['description'])}</li>" for code, answer in operation["responses"].items()),
        )
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    ]
    return _PAGE.format(title=info["title"], version=info["version"], summary=info["summary"], endpoints="\n".join(endpoints))
