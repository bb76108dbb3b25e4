"""Real-time hand tracking for web applications, judged by latency."""

from __future__ import annotations

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("handstream")
