"""All refusals are counted, and few are logged."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from handstream.server.refusals import Refusals

if TYPE_CHECKING:
    import pytest


def test_a_flood_is_counted_whole_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    counts: Counter[str] = Counter()
    refusals = Refusals(lambda reason: counts.update([reason]))
    for _ in range(2100):
        refusals.count("too_many_connections", "192.0.2.1")
    refusals.count("token_invalid", None)
    assert counts == {"too_many_connections": 2100, "token_invalid": 1}
    assert [(record.levelname, record.message, record.__dict__["reason"]) for record in caplog.records] == [
        ("WARNING", "refused", "too_many_connections"),
        ("WARNING", "refused", "token_invalid"),
    ]
