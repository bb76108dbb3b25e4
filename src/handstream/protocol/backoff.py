"""Whether a client connects again, `comes_again`, and how long it waits before it tries: `backoff_s`, exponential with full jitter.

Full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015) waits a random part of the whole bound, so that the
clients of a server that restarts come back evenly spread, whatever their number. The TypeScript twin is web/src/core/backoff.ts;
tests/vectors/backoff.json proves that both decide alike.
"""

from __future__ import annotations

__all__ = ["FIRST_BOUND_S", "LONGEST_BOUND_S", "backoff_s", "comes_again"]

FIRST_BOUND_S = 0.25
"""The bound of the first wait: a cut of the network is often over at once."""

LONGEST_BOUND_S = 8.0
"""The bound grows no further: a server that is back is found within this."""

_FINAL_CODES = frozenset({1000, 1002, 1003, 1007, 1008, 1009, 1010, 4000, 4004})
"""The close codes (RFC 6455, section 7.4.1, and docs/protocol.md) after which the same client would only be refused again, or is done."""


def comes_again(close_code: int) -> bool:
    """Whether another connection may fare better than one that was closed with that code, 1006 for one that broke without."""
    return close_code not in _FINAL_CODES


def backoff_s(failures: int, random: float) -> float:
    """How long to wait, in seconds.

    Args:
        failures: How many connections were lost, or could not be made, since a frame was answered, from 0.
        random: A random number in 0..1.
    """
    return random * min(FIRST_BOUND_S * 2.0 ** min(failures, 16), LONGEST_BOUND_S)
