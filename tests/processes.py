"""Whether a process that a test saw has ended: `has_ended`."""

from __future__ import annotations

import psutil


def has_ended(process: psutil.Process) -> bool:
    """Also of one that is still in the system's table, as nobody has asked for its exit code yet."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
