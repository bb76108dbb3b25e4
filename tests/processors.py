"""Where threads run: `on_processor`, and `binds_threads` for tests that need to say so."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

binds_threads = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="only Linux binds threads to processors, of which it takes two"
)


@contextmanager
def on_processor(processor: int) -> Iterator[None]:
    """The calling thread runs there, and nowhere else."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {processor})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
