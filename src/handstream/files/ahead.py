"""Runs an iterator in a thread of its own, a few items ahead of whoever uses them: `run_ahead`."""

from __future__ import annotations

import queue
import threading
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["run_ahead"]

T = TypeVar("T")

_POLL_S = 0.1
"""How often a thread that waits for room looks whether its items are still wanted."""


class _End:
    """Stands in the queue after the last item, with the error that ended the iterator, if one did."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def run_ahead(items: Generator[T, None, None], *, depth: int) -> Generator[T, None, None]:
    """The same items in the same order, made in a thread of their own while the caller works on those before.

    Args:
        items: What to iterate over, and to close, in the thread. Its error is raised here, after the items before it.
        depth: How many finished items may wait, 1 or more; the thread stops making more until there is room.

    Yields:
        The items. When the generator is closed early, the thread ends after the item that it is making, and is waited for.
    """
    finished: queue.Queue[T | _End] = queue.Queue(depth)
    unwanted = threading.Event()
    thread = threading.Thread(target=_make, args=(items, finished, unwanted), name="run-ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := finished.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        unwanted.set()
        thread.join()


def _make(items: Generator[T, None, None], finished: queue.Queue[T | _End], unwanted: threading.Event) -> None:
    end = _End(None)
    try:
        with closing(items):
            for item in items:
                if not _put(finished, item, unwanted):
                    return
    except BaseException as error:  # noqa: BLE001 - it is raised again where the items are used
        end = _End(error)
    _put(finished, end, unwanted)


def _put(finished: queue.Queue[T], item: T, unwanted: threading.Event) -> bool:
    """Waits for room; False once nobody wants the item."""
    while not unwanted.is_set():
        try:
            finished.put(item, timeout=_POLL_S)
        except queue.Full:
            continue
        return True
    return False
