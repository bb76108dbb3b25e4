"""How many processors this process may use: `usable_cpus`."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["usable_cpus"]

_CGROUP_LIMIT = Path("/sys/fs/cgroup/cpu.max")
"""Where Linux (cgroup v2) tells a container how much processor time it may use: two numbers, quota and period in microseconds."""


def usable_cpus() -> int:
    """How many processors this process may use: at most those it is bound to, and those that its container is granted."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = _CGROUP_LIMIT.read_text().split()
        granted = round(int(quota) / int(period))
    except (OSError, ValueError):  # no Linux, no cgroup v2, or "max": there is no limit
        return bound
    return max(1, min(bound, granted))
