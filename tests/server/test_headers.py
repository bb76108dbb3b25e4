"""What browsers are told besides the content, on every answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.server.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.server.serving import Serving


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as running:
        yield running


@pytest.mark.parametrize("path", ["/", "/healthz", "/docs", "/openapi.json", "/demo/hands.webm", "/none", "/access", "/ws/video"])
def test_every_answer_has_them(server: Serving, path: str) -> None:
    headers = httpx.get(server.url + path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Permissions-Policy"].startswith("camera=(self), microphone=()")
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Server" not in headers


def test_the_description_has_no_script_and_nothing_of_others(server: Serving) -> None:
    page = httpx.get(f"{server.url}/docs").text
    assert "GET /healthz" in page
    assert "POST /access" in page
    assert not re.search(r"<script|style=|https?://", page)
