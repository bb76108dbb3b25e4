"""Files that appear whole or not at all: `replacing`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["replacing"]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a path beside the asked one to write to; when the block ends well the file takes the asked name, and is removed otherwise.

    So a run that fails leaves an older file of that name as it was, and nothing half-written. A path that is no regular file, such as
    /dev/stdout or a named pipe, is written directly. A symbolic link is followed.

    Raises:
        HandstreamError: The file cannot be written there; told at once, before any work is done for it.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        if path.is_dir():
            raise HandstreamError(f"{path} is a folder. Name a file to write.", code="cannot_write")
        yield path
        return
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        partial.touch()
    except OSError as error:
        raise HandstreamError(f"Cannot write {path}: {error.strerror}. {_cure(path)}", code="cannot_write") from error
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _cure(path: Path) -> str:
    if not path.parent.is_dir():
        return f"Make the folder {path.parent} first, or name another."
    return "Name a file in a folder that you may write to."
