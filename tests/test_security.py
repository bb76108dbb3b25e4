"""SECURITY.md names tests; they exist."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

TEXT = (ROOT / "SECURITY.md").read_text()
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", TEXT)))


def test_there_are_some() -> None:
    assert len(NAMED) > 20


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    assert re.search(rf"^\s*(async )?def {name}\(", (ROOT / "tests" / file).read_text(), re.MULTILINE)


def test_every_page_test_that_is_named_exists() -> None:
    for file in set(re.findall(r"`(\w+\.spec\.ts)`", TEXT)):
        assert (ROOT / "web" / "e2e" / file).is_file()


def test_every_row_of_a_threat_names_a_test() -> None:
    threats = TEXT.partition("## Threats")[2].partition("## What is not stopped")[0]
    rows = [row for row in threats.splitlines() if row.startswith("| ") and not row.startswith("| who, what")]
    assert rows
    assert [row for row in rows if not re.search(r"::test_\w+`|\.spec\.ts`", row.rsplit("|", 2)[1])] == []
