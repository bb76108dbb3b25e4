"""How old the picture on a screen is, at any moment: `screen_ages_ms`, the one way in which benchmarks read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["screen_ages_ms"]

_LOOK_S = 0.001


def screen_ages_ms(captured_s: NDArray[np.float64], shown_s: NDArray[np.float64], begin_s: float, end_s: float) -> NDArray[np.float64]:
    """The age of the picture that is shown, at every millisecond of a window; those before the first picture are left out.

    That is what a screen shows at its refreshes, all phases alike. A camera of 30 and a screen of 60 a second keep one phase throughout a
    run, and which one it is would decide on up to 17 ms.

    Args:
        captured_s: `(n,)`: when each picture was captured.
        shown_s: `(n,)`: from when on it was shown, in order.
        begin_s: The window's begin.
        end_s: The window's end.
    """
    moments_s = np.arange(begin_s, end_s, _LOOK_S)
    shown = np.searchsorted(shown_s, moments_s, side="right") - 1
    return np.asarray((moments_s[shown >= 0] - captured_s[shown[shown >= 0]]) * 1e3, np.float64)
