from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from handstream.files.ahead import run_ahead

if TYPE_CHECKING:
    from collections.abc import Generator


def test_gives_the_same_items_in_order() -> None:
    assert list(run_ahead((number for number in range(1000)), depth=3)) == list(range(1000))


def test_runs_in_another_thread() -> None:
    threads = set(run_ahead((threading.get_ident() for _ in range(3)), depth=1))
    assert threads != {threading.get_ident()}


def test_an_error_comes_after_the_items_before_it() -> None:
    def broken() -> Generator[int, None, None]:
        yield 1
        raise OSError("the disk is gone")

    items = run_ahead(broken(), depth=1)
    assert next(items) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(items)


def test_makes_only_a_few_items_ahead_and_none_once_closed() -> None:
    made: list[int] = []
    is_closed = threading.Event()
    has_made_four = threading.Event()

    def count() -> Generator[int, None, None]:
        try:
            for number in range(1000):
                made.append(number)
                if number == 3:
                    has_made_four.set()
                yield number
        finally:
            is_closed.set()

    items = run_ahead(count(), depth=2)
    assert next(items) == 0
    assert has_made_four.wait(60)
    items.close()
    assert is_closed.is_set()
    # The item that was taken, two that waited, and one for which there was no room.
    assert made == [0, 1, 2, 3]
