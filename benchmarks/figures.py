"""Writes the figures in README and docs from the benchmarks' results, so that neither can drift. `python -m benchmarks.figures`.

A place for figures is marked in a page by a pair of comments, which nobody sees who reads it rendered:

    <!-- figures: peers --> … <!-- end -->
    … an age of <!-- figures: peers-figure v1 1 screen_age_p50_ms -->28<!-- end --> ms …

The words after the colon name one of `figure_blocks.BLOCKS` and its arguments, in quotation marks where they hold a space. What a block
gives goes between the comments: on lines of its own where the page has a line break after the first comment, else within the sentence.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Annotated, Final

import typer
from benchmarks.figure_blocks import BLOCKS, Measured

from handstream.errors import HandstreamError

__all__ = ["filled", "out_of_step", "pages"]

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = ROOT / "benchmarks" / "results"

_PLACE = re.compile(r"(?P<begin><!-- figures: (?P<words>[^\n]*?) -->)(?P<old>.*?)(?P<end><!-- end -->)", re.DOTALL)
_COMMENT = re.compile(r"<!-- (?:figures\b|end\b)[^\n]*?-->")


def main(
    *,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if a page is not in step with the results.")] = False,
) -> None:
    """Fills the marked places of README.md and docs/ from benchmarks/results."""
    try:
        stale = out_of_step(Measured(RESULTS))
    except HandstreamError as error:
        typer.echo(f"benchmarks.figures: {error}", err=True)
        raise typer.Exit(1) from error
    for page, text in stale.items():
        if not check:
            page.write_text(text, encoding="utf-8")
        typer.echo(f"{page.relative_to(ROOT)}: {'not in step with the results; run python -m benchmarks.figures' if check else 'written'}")
    if check and stale:
        raise typer.Exit(1)


def pages() -> list[Path]:
    """The README and all pages of the docs."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def out_of_step(measured: Measured) -> dict[Path, str]:
    """The pages whose figures are not those of the results, with the text that they should have.

    Raises:
        HandstreamError: A place cannot be filled; the text names page and place.
    """
    stale: dict[Path, str] = {}
    for page in pages():
        text = page.read_text(encoding="utf-8")
        try:
            new = filled(text, measured)
        except HandstreamError as error:
            raise HandstreamError(f"{page.relative_to(ROOT)}: {error}") from error
        if new != text:
            stale[page] = new
    return stale


def filled(text: str, measured: Measured) -> str:
    """A page's text with all its places filled. What is filled already stays as it is.

    Raises:
        HandstreamError: A place is unknown or open, its arguments are wrong, or its results are missing.
    """
    places = list(_PLACE.finditer(text))
    if len(_COMMENT.findall(text)) != 2 * len(places):
        raise HandstreamError("a place for figures has no end, or an end no place: each is <!-- figures: NAME --> … <!-- end -->")
    return _PLACE.sub(lambda place: _filled_place(place, measured), text)


def _filled_place(place: re.Match[str], measured: Measured) -> str:
    content = _content(place["words"], measured)
    return place["begin"] + (f"\n{content}\n" if place["old"].startswith("\n") else content) + place["end"]


def _content(words: str, measured: Measured) -> str:
    """What belongs into a place."""
    name, *arguments = shlex.split(words)
    block = BLOCKS.get(name)
    if block is None:
        raise HandstreamError(f"there are no figures called {name}; there are {', '.join(sorted(BLOCKS))}")
    try:
        return block(measured, *arguments)
    except (KeyError, TypeError, ValueError) as error:
        raise HandstreamError(f"the figures {words} cannot be had from the results: {type(error).__name__}: {error}") from error


if __name__ == "__main__":
    typer.run(main)
