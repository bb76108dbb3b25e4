"""What the server gives as files, by `page_routes`: the page, built into `handstream/page`, and the demo clip with its truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

import handstream

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import Scope

__all__ = ["page_routes"]

_PACKAGE = Path(handstream.__file__).parent
_PAGE = _PACKAGE / "page"
_DEMO = _PACKAGE / "demo"
_DEMO_TYPES = {"hands.webm": "video/webm", "hands.truth.json": "application/json"}

_NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>handstream</title>
<h1>The page has not been built</h1>
<p>The server is running and clients can connect to <code>/ws/video</code>. To build the page, run <code>make run</code> in the checkout,
or <code>npm ci &amp;&amp; npm run build</code> in its folder <code>web</code>, and load this again.</p>
</html>
"""


def page_routes(page: Path = _PAGE, demo: Path = _DEMO) -> list[BaseRoute]:
    """The routes of the page and the demo clip. The last takes every path, so they come after all others.

    Args:
        page: The folder with the built page. It may appear while the server runs.
        demo: The folder with the demo clip.
    """

    async def demo_file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _DEMO_TYPES or not (demo / name).is_file():
            raise HTTPException(404, f"There is no {name} here.")
        return FileResponse(demo / name, media_type=_DEMO_TYPES[name], headers={"Cache-Control": "no-cache"})

    async def index(_: Request) -> Response:
        if not (page / "index.html").is_file():
            return HTMLResponse(_NOT_BUILT, 503, headers={"Cache-Control": "no-store"})
        return FileResponse(page / "index.html", headers={"Cache-Control": "no-cache"})

    return [
        Route("/demo/{name}", demo_file),
        Route("/", index),
        Mount("/", _PageFiles(directory=page, check_dir=False)),
    ]


class _PageFiles(StaticFiles):
    """Files of the built page. Those under `assets/` carry a hash of their content in their name, so a browser may keep them for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
        return response
