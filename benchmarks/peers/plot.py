"""Plots the age on screen of every contender: `plot_ages`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("agg")
from benchmarks.peers.contenders import OURS
from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.peers.results import Row
    from matplotlib.axes import Axes

__all__ = ["plot_ages"]

_OURS_COLOUR, _OTHERS_COLOUR = "#0b7a75", "#7c8594"
_LEAST_MS, _MOST_MS = 10, 20_000
"""Of the axis: below the one no camera and screen come, the other is the age of what queues for all of a run."""


def plot_ages(rows: Sequence[Row], file: Path) -> None:
    """A PNG with a panel for each number of clients: the age on screen, a dot at its p50 and a line to its p95, logarithmic."""
    counts = list(dict.fromkeys(row.clients for row in rows))
    names = list(dict.fromkeys(row.name for row in rows))
    size = (5.2 * len(counts) + 2.6, 0.42 * len(names) + 1.2)
    figure, axes = plt.subplots(1, len(counts), figsize=size, layout="constrained", squeeze=False, sharex=True, sharey=True)
    for count, panel in zip(counts, axes[0], strict=True):
        for place, row in enumerate(row for row in rows if row.clients == count):
            _draw_row(panel, place, row)
        panel.set_title(f"{count} client{'s' * (count > 1)}", loc="left")
        panel.set_xlabel("age on screen, ms: dot p50, line to p95")
        panel.grid(axis="x", color="#e5e7eb")
        panel.tick_params(axis="y", length=0)
        panel.spines[["top", "right", "left"]].set_visible(False)
    axes[0, 0].set_xscale("log")
    axes[0, 0].xaxis.set_major_formatter("{x:g}")
    axes[0, 0].set_xlim(_LEAST_MS, _MOST_MS)
    axes[0, 0].set_yticks(range(len(names)), names)
    axes[0, 0].invert_yaxis()
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _draw_row(panel: Axes, place: int, row: Row) -> None:
    median = row.median
    if median is None:
        panel.text(_LEAST_MS * 1.1, place, "not run", va="center", color="grey", fontsize=9)
        return
    p50, p95 = median.screen_age_p50_ms, median.screen_age_p95_ms
    colour = _OURS_COLOUR if row.key in OURS else _OTHERS_COLOUR
    panel.plot([p50, p95], [place, place], color=colour, linewidth=5, alpha=0.35, solid_capstyle="round")
    panel.plot(p50, place, "o", color=colour, markersize=8)
    panel.text(p95 * 1.25, place, f"{p50:,.0f}", va="center", fontsize=9)
