"""The servers that a benchmark starts, and how their failures are told."""

from __future__ import annotations

import sys
from dataclasses import replace
from subprocess import PIPE

import psutil
import pytest

from handstream.bench.servers import HANDSTREAM, Contender, Server, check_server, serving
from handstream.errors import HandstreamError
from tests.server.serving import serving as serving_here


def test_a_server_that_does_not_start_says_its_last_words() -> None:
    broken = replace(HANDSTREAM, name="broken", arguments=("--engine", "none"))
    with pytest.raises(HandstreamError, match="'broken' did not start") as caught, serving(broken):
        pass
    assert "--engine" in str(caught.value)


def test_a_server_that_says_something_else_is_none() -> None:
    with pytest.raises(HandstreamError, match="did not start"), serving(Contender(name="zen", module="this")):
        pass


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://127.0.0.1:8000", "ws://127.0.0.1:8000/ws/video"),
        ("https://example.org/", "wss://example.org/ws/video"),
        ("ws://[::1]:9000/other", "ws://[::1]:9000/other"),
    ],
)
def test_a_server_elsewhere_is_named_by_its_address(url: str, found: str) -> None:
    with serving(HANDSTREAM, url) as server:
        assert server == Server(found)
        assert server.usage() is None


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://", "", "http://127.0.0.1:99999", "http://127.0.0.1:0", "http://[::1"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(HandstreamError, match="must be like"), serving(HANDSTREAM, url):
        pass


def test_usage_is_that_of_the_process() -> None:
    with psutil.Popen([sys.executable, "-c", "sum(range(5_000_000)); print(flush=True); input()"], stdin=PIPE, stdout=PIPE) as process:
        process.stdout.readline()
        usage, memory_bytes = Server("ws://127.0.0.1:1", process.pid).usage(), process.memory_info().rss
        process.communicate(b"\n")
    assert usage is not None
    assert usage.memory_bytes == pytest.approx(memory_bytes, rel=0.5)
    assert usage.cpu_s > 0
    assert usage.threads >= 1


def test_what_a_process_that_is_gone_used_is_not_known() -> None:
    assert Server("ws://127.0.0.1:1", 2**22 + 1).usage() is None


def test_a_server_elsewhere_is_tried_before_anything_is_measured() -> None:
    with serving_here(token="the-right-token-of-it") as server:
        check_server(server.url, "the-right-token-of-it")
        with pytest.raises(HandstreamError, match="HANDSTREAM_TOKEN"):
            check_server(server.url, None)
        with pytest.raises(HandstreamError) as refused:
            check_server(server.url, "another-token-altogether")
    assert refused.value.code == "token_invalid"
    with pytest.raises(HandstreamError) as gone:
        check_server(server.url, None)
    assert gone.value.code == "cannot_connect"
