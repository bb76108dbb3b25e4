"""How many processors a container leaves to the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handstream import processors
from handstream.processors import usable_cpus

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("limit", "expected"), [("max 100000", 8), ("200000 100000", 2), ("50000 100000", 1), ("1600000 100000", 8), ("", 8)]
)
def test_usable_cpus_heeds_the_container(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: str, expected: int) -> None:
    (tmp_path / "cpu.max").write_text(limit)
    monkeypatch.setattr(processors, "_CGROUP_LIMIT", tmp_path / "cpu.max")
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert usable_cpus() == expected
