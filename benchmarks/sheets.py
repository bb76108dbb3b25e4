"""What a benchmark shows, as text: `Sheet` is a table for the terminal and for Markdown alike, `Bar` what is to be reached."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Bar", "Sheet", "as_json", "as_markdown", "as_rich", "bars_sheet", "number"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: a title, the columns' names, the rows' cells as text."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Bar:
    """What is to be reached; `value` is not a number where this run did not measure it."""

    name: str
    limit: float
    value: float
    is_upper: bool = True

    @property
    def verdict(self) -> str:
        """`reached`, `not reached` or `not measured`."""
        if math.isnan(self.value):
            return "not measured"
        return "reached" if (self.value <= self.limit if self.is_upper else self.value >= self.limit) else "not reached"


def bars_sheet(bars: Sequence[Bar]) -> Sheet:
    """The bars with what was measured."""
    rows = [(bar.name, f"{'at most' if bar.is_upper else 'at least'} {bar.limit:g}", number(bar.value, 3), bar.verdict) for bar in bars]
    return Sheet("Bars", ("bar", "limit", "measured", "verdict"), rows)


def as_rich(sheet: Sheet) -> Table:
    """The table for a terminal."""
    table = Table(*sheet.columns, title=sheet.title, title_justify="left")
    for row in sheet.rows:
        table.add_row(*row)
    return table


def as_markdown(sheet: Sheet) -> str:
    """The table under its title."""
    rule = ("---",) * len(sheet.columns)
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in [sheet.columns, rule, *sheet.rows])
    return f"## {sheet.title}\n\n{table}"


def as_json(bars: Sequence[Bar], measured: Mapping[str, object]) -> str:
    """The bars with their verdicts, then what was measured: numbers to four decimals, and null for one that is none."""
    report = {"bars": [asdict(bar) | {"verdict": bar.verdict} for bar in bars], **measured}
    return json.dumps(_rounded(report), indent=1) + "\n"


def number(value: float, decimals: int) -> str:
    """With so many decimals; a dash for what is no number."""
    return "-" if math.isnan(value) else f"{value:.{decimals}f}"


def _rounded(value: object) -> object:
    """Numbers to four decimals and none that JSON does not know, all else as it is."""
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value
