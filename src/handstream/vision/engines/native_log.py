"""Keeps known, meaningless lines of a native library off standard error: `without_lines`.

Such a library writes to file descriptor 2 itself, where Python's logging and warnings have no say.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["without_lines"]

_STANDARD_ERROR = 2
_redirection = threading.Lock()


@contextmanager
def without_lines(*noise: bytes) -> Iterator[None]:
    """Drops each line with one of those words from what is written to file descriptor 2 inside the `with` block.

    The descriptor belongs to the whole process, so every other line, from whichever thread, is written when the block ends, in its order.
    Keep the block short. A block in another thread waits for this one.
    """
    with _redirection, tempfile.TemporaryFile() as held:
        original = _point_standard_error_at(held)
        if original is None:
            yield
            return
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(original, _STANDARD_ERROR)
            os.close(original)
            _write_without(held, noise)


def _point_standard_error_at(held: IO[bytes]) -> int | None:
    """Redirects standard error into that file; a copy of the descriptor as it was, or None where a process has no standard error."""
    try:
        sys.stderr.flush()
        original = os.dup(_STANDARD_ERROR)
    except (AttributeError, OSError):
        return None
    os.dup2(held.fileno(), _STANDARD_ERROR)
    return original


def _write_without(held: IO[bytes], noise: tuple[bytes, ...]) -> None:
    held.seek(0)
    kept = b"".join(line for line in held if not any(words in line for words in noise))
    if kept:
        os.write(_STANDARD_ERROR, kept)
