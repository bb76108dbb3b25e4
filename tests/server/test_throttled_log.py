"""A flood of one kind of event is logged now and then."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from handstream.server.throttled_log import ThrottledLog

if TYPE_CHECKING:
    import pytest

SECOND_NS = 10**9


def test_a_flood_is_logged_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    now_ns = [0]
    log = ThrottledLog("refused", logging.getLogger("anything").info, lambda: now_ns[0])
    for now_ns[0] in range(0, 21 * SECOND_NS, SECOND_NS // 100):
        log.add("too_many_connections", last_address="192.0.2.1")
    now_ns[0] = 0
    log.add("token_invalid", last_address=None)
    logged = [(record.__dict__["reason"], record.__dict__["count"]) for record in caplog.records]
    assert logged == [("too_many_connections", 1), ("too_many_connections", 1000), ("too_many_connections", 1000), ("token_invalid", 1)]
    assert {record.message for record in caplog.records} == {"refused"}
    assert caplog.records[0].__dict__["last_address"] == "192.0.2.1"
