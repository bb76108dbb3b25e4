"""What the allocator keeps of pictures that are gone: `give_back_large_blocks` bounds it, where the C library is glibc.

glibc takes large blocks from the system one by one and gives each back when it is freed, but learns: the first that is freed raises the
size from which on it does so to that block's own, up to 32 MB, and lets each thread's heap keep twice as much. One picture of 3840x2160
from a stranger is enough for every thread to keep some 50 MB to the end of the process. With fixed thresholds glibc learns nothing.

Other C libraries and allocators keep what they keep: musl has no `mallopt`, and where another allocator is preloaded it changes nothing.
"""

from __future__ import annotations

import ctypes
import os
import sys

__all__ = ["give_back_large_blocks"]

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
"""The numbers of `mallopt`'s parameters, from glibc's malloc.h."""

_MMAP_THRESHOLD_BYTES = 8 << 20
"""An RGB picture of 1920x1080 has 6.2 MB and shall come from the heap, as fresh pages would cost time with each frame."""

_TRIM_THRESHOLD_BYTES = 16 << 20
"""A PNG or a progressive JPEG of 1920x1080 takes two such blocks, which would otherwise be given back and fetched anew each
time. A PNG with 16 bits takes three: no camera's client sends that, and each thread would keep 8 MB more for it."""

_CHOSEN_BY = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")
_TUNABLES = ("glibc.malloc.mmap_threshold", "glibc.malloc.trim_threshold")
"""How the environment sets the same thresholds: in variables of their own, and within GLIBC_TUNABLES."""


def give_back_large_blocks() -> None:
    """Has the process give the memory of large pictures back to the system when they are freed.

    It is for a process that serves and does nothing else. Thresholds that the environment sets stay as they are.
    """
    if sys.platform != "linux" or _are_chosen():
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _MMAP_THRESHOLD_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD_BYTES)


def _are_chosen() -> bool:
    tunables = os.environ.get("GLIBC_TUNABLES", "")
    return any(name in os.environ for name in _CHOSEN_BY) or any(name in tunables for name in _TUNABLES)
