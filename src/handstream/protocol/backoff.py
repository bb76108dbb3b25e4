"""How long a client waits before it tries to connect again: `backoff_s`, exponential with full jitter.

Full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015) waits a random part of the whole bound, so that the
clients of a server that restarts come back evenly spread, whatever their number.
"""

from __future__ import annotations

__all__ = ["FIRST_BOUND_S", "LONGEST_BOUND_S", "backoff_s"]

FIRST_BOUND_S = 0.25
"""The bound of the first wait: a cut of the network is often over at once."""

LONGEST_BOUND_S = 8.0
"""The bound grows no further: a server that is back is found within this."""


def backoff_s(failures: int, random: float) -> float:
    """How long to wait, in seconds.

    Args:
        failures: How many tries have failed since the connection was lost, from 0.
        random: A random number in 0..1.
    """
    return random * min(FIRST_BOUND_S * 2.0 ** min(failures, 16), LONGEST_BOUND_S)
