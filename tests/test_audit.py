"""`make audit` tells apart that nothing is known, that something is, and that nobody could be asked."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CLEAN = ("No known vulnerabilities found", 0)
FOUND = ("Found 2 known vulnerabilities in 1 package", 1)
UNKNOWN = ("Dependency not found on PyPI and could not be audited", 1)
NPM_CLEAN = ("found 0 vulnerabilities", 0)
NPM_FOUND = ("1 high severity vulnerability", 1)
NPM_REFUSED = ("npm error audit endpoint returned an error", 1)


def fake(path: Path, said: str, status: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit {status}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("python", "page", "status", "told"),
    [
        (CLEAN, NPM_CLEAN, 0, "runtime.txt: no known vulnerability"),
        (FOUND, NPM_CLEAN, 1, "runtime.txt: vulnerabilities are known"),
        (CLEAN, NPM_FOUND, 1, "package-lock.json: vulnerabilities are known"),
        (UNKNOWN, NPM_CLEAN, 2, "runtime.txt: NOT LOOKED UP"),
        (FOUND, NPM_REFUSED, 2, "package-lock.json: NOT LOOKED UP"),
        (UNKNOWN, NPM_FOUND, 2, "package-lock.json: vulnerabilities are known"),
    ],
)
def test_what_came_of_it(tmp_path: Path, python: tuple[str, int], page: tuple[str, int], status: int, told: str) -> None:
    fake(tmp_path / ".venv/supply/bin/pip-audit", *python)
    fake(tmp_path / "bin/npm", *page)
    environment = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
    done = subprocess.run(
        [ROOT / "requirements/audit.sh"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, told in done.stdout) == (status, True), done.stdout
    assert ("Run make audit where" in done.stderr) == (status == 2)
