"""The original's environment fits the project's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from benchmarks.environments import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_the_original_has_all_that_handstream_requires() -> None:
    def names(file: Path) -> set[str]:
        return set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", file.read_text(), re.MULTILINE))

    original = names(ROOT / "benchmarks" / "peers" / "requirements" / "original.txt")
    missing = names(ROOT / "requirements" / "runtime.txt") - original
    assert not missing, f"run make lock: original.txt lacks {missing}"
