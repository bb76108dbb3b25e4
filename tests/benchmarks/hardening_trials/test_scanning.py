"""What wrk says is read, with and without errors."""

from __future__ import annotations

import pytest
from benchmarks.hardening_trials.scanning import Asked, _asked

from handstream.errors import HandstreamError

SAID = """Running 3s test @ http://127.0.0.1:1/healthz
  1 threads and 4 connections
  640 requests in 3.10s, 291.18KB read
  {}
Requests/sec:    206.50
Transfer/sec:     93.88KB
"""


def test_what_went_wrong_is_read() -> None:
    said = SAID.format("Socket errors: connect 1, read 20, write 300, timeout 4000\n  Non-2xx or 3xx responses: 320")
    assert _asked("/healthz", said) == Asked("/healthz", 206.5, refused=0.5, broken=4321)


def test_what_went_well_is_read() -> None:
    assert _asked("/", SAID.format("")) == Asked("/", 206.5, refused=0.0, broken=0)


def test_a_wrk_that_does_not_run_is_told() -> None:
    with pytest.raises(HandstreamError, match="wrk did not run: unable to connect"):
        _asked("/", "unable to connect to 127.0.0.1:1 Connection refused\n")
