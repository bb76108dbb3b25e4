"""The HTTP side under schemathesis: whatever is asked, the answer is one that the description of the API allows, and never a 5xx."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis import Case
from schemathesis.core.result import Ok

from tests.server.serving import serving


@pytest.mark.slow
def test_the_http_side_keeps_its_word() -> None:
    with serving() as server:
        description = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
        operations = [result.ok() for result in description.get_all_operations() if isinstance(result, Ok)]
        assert {operation.path for operation in operations} >= {"/healthz", "/readyz"}
        for operation in operations:

            @settings(max_examples=50, deadline=None)
            @given(case=operation.as_strategy())
            def ask(case: Case[Any]) -> None:
                case.call_and_validate()

            ask()
