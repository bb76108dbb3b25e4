"""What all tests share: how hypothesis draws, the event loop's flavour, and the folder of real hands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"

# The same examples in every run, and as much time for each as the machine needs: a run fails for a change of the code alone.
# `pytest --hypothesis-profile=default` looks for new ones.
settings.register_profile("handstream", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("handstream")


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
