"""OpenCV in a process that is handstream's own: `set_up_opencv`."""

from __future__ import annotations

import os

__all__ = ["SETTINGS", "set_up_opencv"]

SETTINGS = {
    # It would share each warp of a hand's 224x224 pixels out to all cores: 3 ms of processor time a frame more, and no frame sooner.
    "OPENCV_FOR_THREADS_NUM": "1",
    # It would write of each damaged picture to stderr; whoever sent it is told, and nobody else needs to know.
    "OPENCV_LOG_LEVEL": "OFF",
}
"""What OpenCV reads in the environment when it is imported."""


def set_up_opencv() -> None:
    """Has OpenCV work on the thread that calls it and write nothing, in this process and in those that it starts.

    What the environment says already stays as it is. OpenCV looks there when it is imported, so this comes first. These are settings of the
    whole process; a library that is imported leaves them alone.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
