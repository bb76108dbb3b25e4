"""How long a frame usually takes: `UsualWork` tells those that take far longer, whoever sends them.

It follows the lower quartile of all frames' work: with each frame it steps up a little if the frame took longer and down by three times as
much if not, so that the two balance where one frame in four takes less. A mean would be drawn up by the very frames that are to be told
apart; the quartile stands as long as two frames in five are ordinary ones. Where all frames take long, that is usual before long.
"""

from __future__ import annotations

import math

__all__ = ["UsualWork"]

_QUARTILE = 0.25

_STEP = 0.05
"""In natural logarithms: some eighty frames make it e times larger, some thirty e times less."""

_FAR_LONGER = 4.0

_LEAST_FAR_NS = 66_000_000
"""Two intervals of a camera at 30 frames/s: what takes less disturbs nobody, though an empty picture take a tenth of it."""


class UsualWork:
    """The usual work of one executor's frames. Not thread-safe."""

    def __init__(self) -> None:
        """Nothing is known: the first frame is taken for usual."""
        self._log_work: float | None = None

    def update(self, work_ns: int) -> bool:
        """Learns from how long one frame took.

        Returns:
            Whether that is far longer than it was usual before: more than four times as long, and more than 66 ms.
        """
        log_work = math.log(max(1, work_ns))
        usual = log_work if self._log_work is None else self._log_work
        took_more, took_less = log_work > usual, log_work < usual
        self._log_work = usual + _STEP * (_QUARTILE * took_more - (1 - _QUARTILE) * took_less)
        return work_ns > max(_LEAST_FAR_NS, _FAR_LONGER * math.exp(usual))
