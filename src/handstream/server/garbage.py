"""When Python collects garbage: `set_start_apart` keeps collections short, and what only they can free from piling up.

A full collection visits every object of the process, some hundred thousand after the imports, while all sessions wait; and CPython begins
one only when the objects that survived younger collections have grown by a quarter of all. So what is left in reference cycles (an
exception that a failed session caught in its own frames) stays for long, and then everybody waits at once. With what the start has made
out of the collector's sight, the rest is so small that it is visited briefly, though seldom where there is little to do.

That is too seldom for what each session leaves, so sessions that end leave no cycles: they are gone at once, without a collection.
"""

from __future__ import annotations

import gc

__all__ = ["set_start_apart"]


def set_start_apart() -> None:
    """Takes every object that there is now out of all later collections. Blocks for some 50 ms.

    It is for a process that serves and does nothing else, once it can track and before it takes sessions: what is then alive is needed to
    the end.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # The collector counts what is left from its last full collection, which is next to nothing now.
