"""The endpoints besides the WebSocket: health, readiness, the page, the demo clip, the descriptions."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI
from websockets.exceptions import InvalidStatus

from handstream.errors import HandstreamError
from handstream.server.app import create_app
from handstream.server.page import page_routes
from handstream.server.settings import ServerSettings
from tests.server.fake_engine import FakeEngine
from tests.server.serving import jpeg, serving, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from handstream.server.readiness import EngineLoader
    from tests.server.serving import Serving


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as running:
        yield running


def test_healthz_and_readyz(server: Serving) -> None:
    assert httpx.get(f"{server.url}/healthz").json()["status"] == "alive"
    assert httpx.get(f"{server.url}/readyz").json() == {"status": "ready", "reason": None}
    for probe in ("healthz", "readyz"):  # as some load balancers ask
        assert httpx.head(f"{server.url}/{probe}").status_code == 200


def test_the_endpoints_are_described(server: Serving) -> None:
    assert set(httpx.get(f"{server.url}/openapi.json").json()["paths"]) == {"/healthz", "/readyz", "/access"}
    assert httpx.get(f"{server.url}/docs").status_code == 200


@pytest.mark.parametrize("asked", [{}, {"Upgrade": "h2c", "Connection": "Upgrade"}, {"Upgrade": "websocket"}])
def test_who_asks_for_the_websocket_without_its_upgrade_is_told_what_it_is(server: Serving, asked: dict[str, str]) -> None:
    answer, head = httpx.get(f"{server.url}/ws/video", headers=asked), httpx.head(f"{server.url}/ws/video", headers=asked)
    for one in (answer, head):
        assert (one.status_code, one.headers["Upgrade"], one.headers["Connection"]) == (426, "websocket", "Upgrade")
        assert one.headers["Content-Type"].startswith("text/plain")
    assert "WebSocket" in answer.text
    assert (head.content, head.headers["Content-Length"]) == (b"", str(len(answer.content)))
    with server.plain() as websocket:
        websocket.send(jpeg())
        assert "hands" in json.loads(websocket.recv())


def test_until_the_models_are_loaded_sessions_are_refused_and_the_rest_works() -> None:
    may_load = threading.Event()

    def engine() -> FakeEngine:
        may_load.wait()
        return FakeEngine()

    with serving(engine, wait=False) as server:
        try:
            assert httpx.get(f"{server.url}/healthz").status_code == 200
            readiness = httpx.get(f"{server.url}/readyz")
            assert readiness.status_code == 503
            assert "being loaded" in readiness.json()["reason"]
            with pytest.raises(InvalidStatus) as refusal, server.plain():
                pass
        finally:
            may_load.set()
        assert refusal.value.response.status_code == 503
        assert refusal.value.response.headers["Retry-After"] == "1"
        assert json.loads(refusal.value.response.body)["error"]["code"] == "not_ready"
        until(lambda: httpx.get(f"{server.url}/readyz").status_code == 200)
        with server.plain() as websocket:
            websocket.send(jpeg())
            assert "hands" in json.loads(websocket.recv())


@pytest.mark.parametrize(
    "error", [HandstreamError("the models cannot be had: run X"), ZeroDivisionError("the models cannot be had: run X")]
)
def test_a_failure_to_load_is_told(error: Exception) -> None:
    def engine() -> FakeEngine:
        raise error

    with serving(engine) as server:
        readiness = httpx.get(f"{server.url}/readyz")
        assert readiness.status_code == 503
        assert "the models cannot be had: run X" in readiness.json()["reason"]


def test_a_server_that_loads_can_be_stopped() -> None:
    may_load = threading.Event()

    def engine() -> FakeEngine:
        may_load.wait()
        return late

    late = FakeEngine()
    try:
        with serving(engine, wait=False):
            pass
    finally:
        may_load.set()
    until(lambda: late.closed)


# --- the page and the demo clip


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    page, demo = tmp_path / "page", tmp_path / "demo"
    (page / "assets").mkdir(parents=True)
    demo.mkdir()
    (page / "index.html").write_text("<title>handstream</title>")
    (page / "assets" / "index-1a2b3c.js").write_text("export {}")
    (page / "icon.svg").write_text("<svg/>")
    (demo / "hands.webm").write_bytes(bytes(range(200)))
    (demo / "hands.truth.json").write_text("{}")
    (tmp_path / "secret.txt").write_text("secret")
    return page, demo


@pytest.fixture
async def pages(files: tuple[Path, Path]) -> httpx.AsyncClient:
    app = FastAPI()
    app.router.routes.extend(page_routes(*files))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_the_page_is_revalidated_and_its_assets_are_kept(pages: httpx.AsyncClient) -> None:
    index = await pages.get("/")
    asset = await pages.get("/assets/index-1a2b3c.js")
    icon = await pages.get("/icon.svg")
    assert index.text == "<title>handstream</title>"
    assert index.headers["Cache-Control"] == "no-cache"
    assert asset.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in asset.headers["Cache-Control"]
    assert icon.headers["Cache-Control"] == "no-cache"


async def test_a_page_that_was_not_built_says_what_to_do(pages: httpx.AsyncClient, files: tuple[Path, Path]) -> None:
    (files[0] / "index.html").unlink()
    answer = await pages.get("/")
    assert answer.status_code == 503
    assert "make run" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


async def test_the_demo_clip_can_be_read_in_parts(pages: httpx.AsyncClient) -> None:
    whole = await pages.get("/demo/hands.webm")
    part = await pages.get("/demo/hands.webm", headers={"Range": "bytes=100-109"})
    assert whole.headers["Content-Type"] == "video/webm"
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert part.status_code == 206
    assert part.content == bytes(range(100, 110))
    assert part.headers["Content-Range"] == "bytes 100-109/200"
    assert (await pages.get("/demo/hands.truth.json")).json() == {}


@pytest.mark.parametrize("path", ["/demo/secret.txt", "/demo/..%2fsecret.txt", "/..%2fsecret.txt", "/assets/../../secret.txt", "/none.js"])
async def test_what_is_not_there_is_not_found(pages: httpx.AsyncClient, path: str) -> None:
    answer = await pages.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text.replace("secret.txt", "")


async def test_a_failure_after_loading_is_logged_and_sessions_are_taken(caplog: pytest.LogCaptureFixture) -> None:
    loaders = []

    def fail(loader: EngineLoader) -> None:
        loaders.append(loader)
        raise ZeroDivisionError("nobody listens")

    app = create_app(ServerSettings(threads=1), engine=FakeEngine, on_loaded=fail)
    async with app.router.lifespan_context(app):
        await asyncio.to_thread(until, lambda: "nobody listens" in caplog.text)
        assert loaders[0].engine().name == "fake"
