"""Plots the times a frame of every scene: `plot_times`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

mpl.use("agg")
from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.engine_comparison.results import TimingRow
    from matplotlib.axes import Axes

__all__ = ["plot_times"]


def plot_times(rows: Sequence[TimingRow], file: Path) -> None:
    """A PNG with one panel a model and maximum of hands: for each scene and engine a bar to p50 and a whisker to p99, in milliseconds."""
    panels = sorted({(row.complexity, row.max_hands) for row in rows})
    figure, axes = plt.subplots(len(panels), 1, figsize=(10, 3.2 * len(panels)), layout="constrained", squeeze=False)
    for (complexity, max_hands), panel in zip(panels, axes[:, 0], strict=True):
        _draw_panel(panel, [row for row in rows if (row.complexity, row.max_hands) == (complexity, max_hands)])
        panel.set_title(f"{('lite', 'full')[complexity]} model, at most {max_hands} hand{'s' * (max_hands > 1)}", loc="left")
        panel.set_ylabel("ms a frame: p50, whisker p99")
    axes[0, 0].legend(frameon=False)
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _draw_panel(panel: Axes, rows: Sequence[TimingRow]) -> None:
    scenes = list(dict.fromkeys(row.scene for row in rows))
    contenders = list(dict.fromkeys(row.contender for row in rows))
    width = 0.8 / len(contenders)
    for index, contender in enumerate(contenders):
        found = {row.scene: row for row in rows if row.contender == contender}
        places = [place + (index - (len(contenders) - 1) / 2) * width for place, scene in enumerate(scenes) if scene in found]
        p50, p99 = (np.array([getattr(row, name) for row in found.values()]) for name in ("p50_ms", "p99_ms"))
        panel.bar(places, p50, width, yerr=[np.zeros_like(p50), p99 - p50], label=contender, capsize=2, error_kw={"linewidth": 0.8})
    # A scene's name stands on two lines, so that ten of them fit side by side.
    panel.set_xticks(range(len(scenes)), [scene.replace(", ", ",\n").replace("_", "_\n", 1) for scene in scenes], fontsize=8)
    panel.spines[["top", "right"]].set_visible(False)
