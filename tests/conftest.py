"""What all tests share: the event loop's flavour, the folder of real hands, and the project's own clip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The server runs on asyncio, so its tests do."""
    return "asyncio"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real hands that lies beside a checkout of the project; its tests skip where it is absent, unless it must be there."""
    if DATA.is_dir():
        return DATA
    if os.environ.get("HANDSTREAM_REQUIRE_DATA"):
        pytest.fail(f"HANDSTREAM_REQUIRE_DATA is set and there is no folder {DATA}")
    pytest.skip(f"needs the clips of real hands in {DATA}, which are not part of the project")
