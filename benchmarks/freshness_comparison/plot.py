"""Plots the age on screen over time, a panel a scenario: `plot_ages`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("agg")
from matplotlib import pyplot as plt
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.freshness_comparison.results import Row
    from matplotlib.axes import Axes

__all__ = ["plot_ages"]

_COLUMNS = 3
_LEAST_MS = 10.0
_ROOM = 1.3
"""Above the greatest age, as a factor."""

_LINE_WIDTH = 1.3


def plot_ages(rows: Sequence[Row], file: Path) -> None:
    """A PNG with a panel for each scenario: the age on screen of each contender over time, on a logarithmic scale."""
    scenarios = list(dict.fromkeys(row.scenario for row in rows))
    contenders = list(dict.fromkeys(row.contender for row in rows))
    lines = -(-len(scenarios) // _COLUMNS)
    figure, axes = plt.subplots(lines, _COLUMNS, figsize=(13, 2.7 * lines), layout="constrained", squeeze=False, sharey=True)
    for panel in axes.flat[len(scenarios) :]:
        panel.set_visible(False)
    most_ms = max((age_ms for row in rows for _, age_ms in row.timeline_ms), default=_LEAST_MS)
    for scenario, panel in zip(scenarios, axes.flat, strict=False):
        _draw_panel(panel, [row for row in rows if row.scenario == scenario], contenders)
        panel.set_ylim(_LEAST_MS, _ROOM * most_ms)
        panel.set_title(scenario, loc="left", fontsize=10)
    for panel in axes[:, 0]:
        panel.set_ylabel("age on screen, ms")
    handles = [Line2D([], [], color=_colour(contenders, name), linewidth=2 * _LINE_WIDTH, label=name) for name in contenders]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(contenders), frameon=False)
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _draw_panel(panel: Axes, rows: Sequence[Row], contenders: Sequence[str]) -> None:
    for row in rows:
        times_s, ages_ms = zip(*row.timeline_ms, strict=True) if row.timeline_ms else ((), ())
        panel.plot(times_s, ages_ms, color=_colour(contenders, row.contender), linewidth=_LINE_WIDTH)
    panel.set_yscale("log")
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.yaxis.set_minor_formatter(NullFormatter())
    panel.set_xlabel("s", fontsize=8)
    panel.grid(axis="y", linewidth=0.4, alpha=0.6)
    panel.spines[["top", "right"]].set_visible(False)


def _colour(contenders: Sequence[str], name: str) -> str:
    return f"C{list(contenders).index(name)}"
