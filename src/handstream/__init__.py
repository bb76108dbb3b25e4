"""Real-time hand tracking for web applications, judged by latency."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handstream import solutions
    from handstream.tracking import HandTracker

    __version__: str

__all__ = ["HandTracker", "__version__", "solutions"]


def __getattr__(name: str) -> object:
    """Imports the parts that bring OpenCV and the networks, and reads the version, when they are first asked for.

    So `import handstream` is quick.
    """
    if name == "__version__":
        return import_module("importlib.metadata").version("handstream")
    if name == "HandTracker":
        return import_module("handstream.tracking").HandTracker
    if name == "solutions":
        return import_module("handstream.solutions")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
