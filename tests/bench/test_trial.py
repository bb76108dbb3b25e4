"""What is measured beside the sessions of a trial."""

from __future__ import annotations

import http.client

import pytest

from handstream.bench import trial
from handstream.bench.servers import Server
from tests.server.serving import until


@pytest.mark.parametrize(
    ("failure", "counts"), [(ConnectionRefusedError, False), (http.client.RemoteDisconnected, False), (TimeoutError, True)]
)
def test_a_request_counts_when_it_is_answered_or_waits_too_long(
    failure: type[Exception], counts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def fail(_: http.client.HTTPConnection, method: str, path: str) -> None:
        asked.append(f"{method} {path}")
        raise failure

    monkeypatch.setattr(http.client.HTTPConnection, "request", fail)
    monkeypatch.setattr(trial, "PROBE_INTERVAL_S", 0.001)
    with trial._Probe(Server("ws://127.0.0.1:1")) as probe:
        until(lambda: len(asked) > 1)
        assert bool(probe.end()) is counts
    assert set(asked) == {"GET /healthz"}
