"""What a benchmark leaves behind: a `Report`, as JSON for programs and as one HTML page for people.

The page is built from `web/src/report` into the package, with all its code and style inside. The figures are put into it as JSON in a
script element that is data, not code; there every character that could end the element or begin markup is written as an escape, so that no
name and no error text can become code. The page asks for nothing, from nowhere, and its own policy forbids it to.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from handstream.bench.machine import describe_machine
from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from pathlib import Path

    from handstream.bench.options import BenchOptions

__all__ = ["Kind", "Report", "check_outputs", "escaped_json"]

Kind = Literal["latency", "capacity", "ablation", "soak"]

FORMAT = 1

_DECIMALS = 4
_PLACEHOLDER = '{"handstream":"report"}'
"""What the built page holds where the figures go."""

_ESCAPES = {character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
"""JSON means the same with these written as escapes, and HTML sees nothing in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One benchmark's figures and how they came about: `begin` before it, `finished` after.

    Attributes:
        kind: Which benchmark.
        machine: What it ran on, as `describe_machine` has it.
        options: What it was told.
        is_complete: Whether it came to its end.
        results: Its rows, as dataclasses.
        began: When, in UTC, as in ISO 8601.
    """

    kind: Kind
    machine: dict[str, str]
    options: dict[str, object]
    is_complete: bool
    results: list[Any]
    began: str

    @classmethod
    def begin(cls, kind: Kind, options: BenchOptions, **more: object) -> Report:
        """The report of a benchmark that is about to begin on this machine, with more options that are its own.

        Afterwards would be too late: the load would be the benchmark's own, and the checkout may have moved on.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        chosen = {name: value for name, value in asdict(options).items() if name != "token"} | more
        return cls(kind=kind, machine=describe_machine(), options=chosen, is_complete=False, results=[], began=now)

    def finished(self, results: list[Any], *, is_complete: bool) -> Report:
        """The same with what was found out."""
        return replace(self, results=results, is_complete=is_complete)

    def as_json(self) -> dict[str, object]:
        """The report in values that JSON has. What is not a number is null; numbers have four decimals."""
        value = _plain(asdict(self))
        assert isinstance(value, dict)
        return {"format": FORMAT, **value}

    def write_json(self, path: Path) -> None:
        """Writes it, for programs and for `benchmarks/results`."""
        path.write_text(json.dumps(self.as_json(), indent=1) + "\n", encoding="utf-8")

    def write_html(self, path: Path) -> None:
        """Writes it as a page.

        Raises:
            HandstreamError: The page was not built.
        """
        path.write_text(self.html(), encoding="utf-8")

    def html(self) -> str:
        """The page, with everything inside.

        Raises:
            HandstreamError: The page was not built.
        """
        before, found, after = _page().partition(_PLACEHOLDER)
        assert found, "the page was built from another version"
        return before + escaped_json(self.as_json()) + after


def check_outputs(json_file: Path | None, html_file: Path | None) -> None:
    """Whether reports can be written there: better before minutes of measuring than after.

    Raises:
        HandstreamError: One cannot; the text says why.
    """
    for path in (json_file, html_file):
        if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
            raise HandstreamError(f"No report can be written to {path}: its folder must exist.", code="cannot_write")
    if html_file is not None:
        _page()


def _page() -> str:
    page = files("handstream").joinpath("page", "report.html")
    if not page.is_file():
        raise HandstreamError("The report's page is not built in this checkout. make run builds it; a wheel has it inside.")
    return page.read_text(encoding="utf-8")


def escaped_json(value: object) -> str:
    """JSON that is safe inside a script element of an HTML page."""
    text = json.dumps(value, separators=(",", ":"))
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return text


def _plain(value: object) -> object:
    match value:
        case float():
            return round(value, _DECIMALS) if math.isfinite(value) else None
        case Enum():
            return value.value
        case dict():
            return {str(name): _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case _:
            return value
