"""What the default installation takes on the disk: `environment_mib`."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

__all__ = ["environment_mib"]


def environment_mib(package: str = "handstream") -> float:
    """The files of a package and of all that it requires without extras, as they are installed here, in MiB."""
    seen: set[str] = set()
    waiting, total_bytes = [package], 0
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue  # required on other systems only
        waiting += [_name(requirement) for requirement in installed.requires or () if "extra ==" not in requirement]
        files = (Path(str(file.locate())) for file in installed.files or ())
        total_bytes += sum(file.stat().st_size for file in files if file.is_file())
    return total_bytes / 2**20


def _name(requirement: str) -> str:
    """The normalised package name at the beginning of a requirement."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found[0]).lower()
