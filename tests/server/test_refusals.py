"""All refusals are counted, and few are logged."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from handstream.server.refusals import Refusals

if TYPE_CHECKING:
    import pytest

SECOND_NS = 10**9


def test_a_flood_is_counted_and_logged_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    counts: Counter[str] = Counter()
    now_ns = [0]
    refusals = Refusals(lambda reason: counts.update([reason]), lambda: now_ns[0])
    for now_ns[0] in range(0, 21 * SECOND_NS, SECOND_NS // 100):
        refusals.count("too_many_connections", "192.0.2.1")
    now_ns[0] = 0
    refusals.count("token_invalid", None)
    assert counts == {"too_many_connections": 2100, "token_invalid": 1}
    logged = [(record.__dict__["reason"], record.__dict__["count"]) for record in caplog.records]
    assert logged == [("too_many_connections", 1), ("too_many_connections", 1000), ("too_many_connections", 1000), ("token_invalid", 1)]
    assert caplog.records[0].__dict__["last_address"] == "192.0.2.1"
