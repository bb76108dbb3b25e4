"""The ASGI application: `create_app` puts the endpoints, the engine and the executor together.

| path | what it is |
|---|---|
| `/ws/video` | the WebSocket of docs/protocol.md |
| `/healthz`, `/readyz` | whether the process is alive, and whether it can track |
| `/demo/...`, `/` | the demo clip, and the page |
| `/docs` | these endpoints, described (OpenAPI) |
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from fastapi import FastAPI, WebSocket
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from handstream import __version__
from handstream.executor import Executor
from handstream.pipeline import tracker_options
from handstream.server.page import page_routes
from handstream.server.readiness import EngineLoader, NotReadyError
from handstream.server.sessions import Sessions
from handstream.server.settings import ServerSettings
from handstream.server.websocket import serve_video
from handstream.vision.engines import open_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from handstream.vision.engines import Engine

__all__ = ["create_app"]


class Health(BaseModel):
    """The process is alive."""

    status: str = "alive"
    version: str = __version__


class Readiness(BaseModel):
    """Whether sessions are taken, and if not, why."""

    status: str
    reason: str | None = None


def create_app(
    settings: ServerSettings | None = None,
    *,
    engine: Callable[[], Engine] | None = None,
    on_loaded: Callable[[EngineLoader], None] | None = None,
) -> FastAPI:
    """The application. Nothing is opened before its lifespan begins.

    Args:
        settings: Its settings; None takes those of the environment.
        engine: Opens the engine; None opens the one that the settings name.
        on_loaded: Called on the event loop once the engine is loaded, or could not be.
    """
    settings = settings or ServerSettings()
    open_it = engine or partial(open_engine, settings.engine, models=settings.models, precision=settings.precision)
    loader = EngineLoader(open_it, tracker_options(settings.session_settings))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        executor = Executor(settings.threads or None)
        app.state.executor = executor
        app.state.sessions = Sessions(settings, executor)
        loading = asyncio.create_task(_load(loader, on_loaded))
        try:
            yield
        finally:
            loading.cancel()
            await asyncio.to_thread(executor.close)
            loader.close()

    app = FastAPI(title="handstream", summary="Real-time hand tracking over a WebSocket", version=__version__, lifespan=lifespan)

    @app.websocket("/ws/video")
    async def video(websocket: WebSocket) -> None:
        await serve_video(websocket, sessions=app.state.sessions, loader=loader, reader_timeout_s=settings.reader_timeout_s)

    @app.get("/healthz", tags=["health"])
    async def healthz() -> Health:
        """Whether the process is alive."""
        return Health()

    @app.get("/readyz", tags=["health"], responses={503: {"model": Readiness}})
    async def readyz() -> JSONResponse:
        """Whether the models are loaded, so that sessions are taken. HTTP 503 with the reason until then."""
        try:
            loader.engine()
        except NotReadyError as error:
            return JSONResponse(Readiness(status="not_ready", reason=str(error)).model_dump(), 503)
        return JSONResponse(Readiness(status="ready").model_dump())

    app.router.routes.extend(page_routes())
    return app


async def _load(loader: EngineLoader, on_loaded: Callable[[EngineLoader], None] | None) -> None:
    await loader.load()
    if on_loaded is not None:
        on_loaded(loader)
