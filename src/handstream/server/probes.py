"""What load balancers ask, by `probe_router`: `/healthz`, whether the process does its work, and `/readyz`, whether it can track."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from handstream import __version__
from handstream.server.readiness import NotReadyError

if TYPE_CHECKING:
    from handstream.server.readiness import EngineLoader

__all__ = ["probe_router"]


class Health(BaseModel):
    """Whether the process is alive and does its work, and if not, what is stuck."""

    status: str = "alive"
    version: str = __version__
    reason: str | None = None


class Readiness(BaseModel):
    """Whether sessions are taken, and if not, why."""

    status: str
    reason: str | None = None


def probe_router(loader: EngineLoader) -> APIRouter:
    """The routes of both. The watchdog is in the application's state.

    Args:
        loader: Has the engine, once it is loaded.
    """
    router = APIRouter(tags=["health"])

    @router.head("/healthz", include_in_schema=False)
    @router.get("/healthz", responses={503: {"model": Health}})
    async def healthz(request: Request) -> JSONResponse:
        """Whether the process is alive and does its work. HTTP 503 with the reason when it is stuck and should be started anew."""
        problem = request.app.state.watchdog.problem()
        health = Health() if problem is None else Health(status="stuck", reason=problem)
        return JSONResponse(health.model_dump(exclude_none=True), 200 if problem is None else 503)

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", responses={503: {"model": Readiness}})
    async def readyz() -> JSONResponse:
        """Whether the models are loaded, so that sessions are taken. HTTP 503 with the reason until then."""
        try:
            loader.engine()
        except NotReadyError as error:
            return JSONResponse(Readiness(status="not_ready", reason=str(error)).model_dump(), 503)
        return JSONResponse(Readiness(status="ready").model_dump())

    return router
