"""Files that appear whole or not at all: `replacing`. What the system says against writing is told in words: `unwritable_told`."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["replacing", "unwritable_told"]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a path beside the asked one to write to; when the block ends well the file takes the asked name, and is removed otherwise.

    So a run that fails leaves an older file of that name as it was, and nothing half-written. A path that is no regular file, such as
    /dev/stdout or a named pipe, is written directly. A symbolic link is followed.

    Raises:
        HandstreamError: The file cannot be written there; told at once, before any work is done for it.
    """
    with unwritable_told(path):
        if path.is_dir():
            raise HandstreamError(f"{path} is a folder. Name a file to write.", code="cannot_write")
        # Asked before the path is resolved: behind /dev/stdout there may be a pipe, which has no path that could be opened.
        is_special = path.exists() and not path.is_file()
        if not is_special:
            path = path.resolve()
            partial = path.with_name(f".{path.stem}.partial{path.suffix}")
            partial.touch()
    if is_special:
        yield path
        return
    try:
        yield partial
        with unwritable_told(path):
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def unwritable_told(path: Path) -> Iterator[None]:
    """Around what writes to a path: an OSError becomes a HandstreamError that names the path and says what to do."""
    try:
        yield
    except OSError as error:
        raise HandstreamError(f"Cannot write {path}: {error.strerror}. {_cure(path, error)}", code="cannot_write") from error


def _cure(path: Path, error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return "Make room there, or name a file on another disk."
        case errno.ENAMETOOLONG:
            return "Name it shorter."
    if not path.parent.is_dir():
        return f"Make the folder {path.parent} first, or name another."
    return "Name a file in a folder that you may write to."
