"""The machine's description for a benchmark's results, as the command `handstream bench` writes it too."""

from handstream.bench.machine import describe_machine

__all__ = ["describe_machine"]
