"""The ASGI application: `create_app` puts the endpoints, the engine and the executor together.

| path | what it is |
|---|---|
| `/ws/video` | the WebSocket of docs/protocol.md |
| `/healthz`, `/readyz` | whether the process is alive and does its work, and whether it can track |
| `/access` | whether a request may connect, and a cookie for who may |
| `/metrics` | what Prometheus reads |
| `/demo/...`, `/` | the demo clip, and the page |
| `/docs` | these endpoints, described (OpenAPI) |
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response, WebSocket
from starlette.routing import Route, WebSocketRoute

from handstream import __version__
from handstream.executor import Executor
from handstream.pipeline import tracker_options
from handstream.server.access import Access, AccessError
from handstream.server.access_routes import access_router, refused
from handstream.server.admission import Admission
from handstream.server.deadlines import Timeouts
from handstream.server.description import description_route
from handstream.server.endpoint import VideoEndpoint, upgrade_required
from handstream.server.gate import Gate
from handstream.server.headers import SecurityHeaders
from handstream.server.observation import Observation
from handstream.server.page import page_routes
from handstream.server.probes import probe_router
from handstream.server.readiness import EngineLoader
from handstream.server.refusals import Refusals
from handstream.server.sessions import Sessions
from handstream.server.settings import ServerSettings
from handstream.server.watchdog import Watchdog
from handstream.vision.engines import open_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from handstream.server.neighbours import Neighbours
    from handstream.vision.engines import Engine

__all__ = ["create_app"]

logger = logging.getLogger(__name__)


def create_app(
    settings: ServerSettings | None = None,
    *,
    engine: Callable[[], Engine] | None = None,
    on_loaded: Callable[[EngineLoader], None] | None = None,
    neighbours: Neighbours | None = None,
) -> FastAPI:
    """The application. Nothing is opened before its lifespan begins.

    Args:
        settings: Its settings; None takes those of the environment.
        engine: Opens the engine; None opens the one that the settings name.
        on_loaded: Called on the event loop once the engine is loaded, or could not be.
        neighbours: The other processes of the server; None if there are none.
    """
    settings = settings or ServerSettings()
    open_it = engine or partial(
        open_engine, settings.engine, at_once=settings.threads or None, models=settings.models, precision=settings.precision
    )
    loader = EngineLoader(open_it, tracker_options(settings.session_settings))
    access = Access.of(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Gate]]:
        async with _parts(app, settings, loader, access, neighbours) as gate:
            loading = asyncio.create_task(_load(loader, app.state.observation, neighbours, on_loaded))
            try:
                yield {"gate": gate}
            finally:
                loading.cancel()

    app = FastAPI(
        title="handstream",
        summary="Real-time hand tracking over a WebSocket",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,  # its page takes scripts from others
        redoc_url=None,
    )
    app.add_middleware(SecurityHeaders, is_lasting=not settings.https)
    app.add_middleware(Admission, trusted=settings.trusted_networks)
    app.add_exception_handler(AccessError, refused)
    app.include_router(access_router(access))

    async def video(websocket: WebSocket) -> None:
        await app.state.endpoint.serve(websocket)

    # FastAPI's own route would look for dependencies at each upgrade, and pass each message on through layers of its own.
    app.router.routes.extend([WebSocketRoute("/ws/video", video), Route("/ws/video", upgrade_required)])

    app.include_router(probe_router(loader))
    if settings.metrics:

        @app.get("/metrics", include_in_schema=False)  # Prometheus' formats are not JSON, and it knows the path
        async def metrics(request: Request) -> Response:
            access.check_token(request.headers)
            text, content_type = await app.state.observation.render_metrics(request.headers.get("Accept", ""))
            return Response(text, headers={"Content-Type": content_type})

    app.router.routes.append(description_route(app.openapi))
    app.router.routes.extend(page_routes())
    return app


@asynccontextmanager
async def _parts(
    app: FastAPI, settings: ServerSettings, loader: EngineLoader, access: Access, neighbours: Neighbours | None
) -> AsyncIterator[Gate]:
    """Makes what the endpoints work with, in the application's state, and gives it back at the end."""
    state = app.state
    state.executor = Executor(settings.threads or None)
    state.sessions = Sessions(settings, state.executor, neighbours)
    state.observation = Observation(settings, state.sessions, state.executor)
    state.watchdog = Watchdog(state.executor, settings.frame_deadline_s)
    refusals = Refusals(state.sessions.refuse)
    state.endpoint = VideoEndpoint(
        access=access,
        sessions=state.sessions,
        loader=loader,
        observation=state.observation,
        refusals=refusals,
        timeouts=Timeouts.of(settings),
        reader_timeout_s=settings.reader_timeout_s,
        neighbours=neighbours,
    )
    watching = asyncio.create_task(state.watchdog.run())
    try:
        if neighbours is not None:
            await neighbours.bind(state.endpoint.serve_forwarded)
        yield Gate(settings, refusals)
    finally:
        if neighbours is not None:
            neighbours.close()
        watching.cancel()
        await asyncio.to_thread(state.executor.close, settings.stop_within_s / 2)
        state.sessions.close()
        if state.executor.oldest_start_ns() is None:  # An engine that is stuck could not be closed either.
            loader.close()
        await state.observation.close()


async def _load(
    loader: EngineLoader, observation: Observation, neighbours: Neighbours | None, on_loaded: Callable[[EngineLoader], None] | None
) -> None:
    await loader.load()
    observation.loaded(loader)
    try:
        if neighbours is not None and loader.failure is None:
            await neighbours.listen()
        if on_loaded is not None:
            on_loaded(loader)
    except Exception:  # nobody awaits this task, so an error would be lost
        logger.exception("What was to be done once the engine is loaded failed")
