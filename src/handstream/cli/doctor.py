"""`handstream doctor`: what this machine has for handstream, and what to do about what it has not."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.text import Text

from handstream.doctor import Finding, Verdict, examine

__all__ = ["doctor"]

_MARKS: dict[Verdict, tuple[str, str]] = {"good": ("ok", "green"), "note": ("note", "yellow"), "bad": ("BAD", "bold red")}


def doctor() -> None:
    """Look at this machine as handstream would use it. The exit code is 1 if something stands in the way."""
    console = Console()
    stands_in_the_way = False
    for finding in examine():
        console.print(_line(finding), soft_wrap=True)
        stands_in_the_way |= finding.verdict == "bad"
    if stands_in_the_way:
        raise typer.Exit(1)


def _line(finding: Finding) -> Text:
    mark, style = _MARKS[finding.verdict]
    line = Text.assemble((f"{mark:>4}  ", style), (f"{finding.subject}: ", "bold"), finding.text)
    if finding.advice:
        line.append(f"\n      {finding.advice}", style)
    return line
