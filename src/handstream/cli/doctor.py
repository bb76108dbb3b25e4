"""`handstream doctor`: what this machine has for handstream, and what to do about what it has not."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path  # noqa: TC003 - typer reads the annotations when the command runs
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from handstream.doctor import Finding, Verdict, examine
from handstream.errors import HandstreamError
from handstream.server.settings import ENVIRONMENT_PREFIX, ServerSettings

__all__ = ["doctor"]

_MARKS: dict[Verdict, tuple[str, str]] = {"good": ("ok", "green"), "note": ("note", "yellow"), "bad": ("BAD", "bold red")}


def doctor(
    *,
    host: Annotated[str | None, typer.Option(help="The address that serve is to listen on; as a rule that of the environment.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="The port that serve is to listen on.")] = None,
    https: Annotated[bool, typer.Option("--https", help="As serve --https.")] = False,
    ssl_certfile: Annotated[Path | None, typer.Option(help="As serve --ssl-certfile.")] = None,
    ssl_keyfile: Annotated[Path | None, typer.Option(help="As serve --ssl-keyfile.")] = None,
    trial: Annotated[bool, typer.Option(help="Try for three seconds what the machine carries.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as a JSON array.")] = False,
) -> None:
    """Look at this machine as handstream would use it. The exit code is 1 if something stands in the way."""
    given: dict[str, Any] = {"host": host, "port": port, "https": https or None, "ssl_certfile": ssl_certfile, "ssl_keyfile": ssl_keyfile}
    settings = _settings({name: value for name, value in given.items() if value is not None})
    console = Console()
    findings = []
    for finding in examine(settings, with_trial=trial):
        findings.append(finding)
        if not as_json:
            console.print(_line(finding), soft_wrap=True)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    if any(finding.verdict == "bad" for finding in findings):
        raise typer.Exit(1)


def _settings(given: dict[str, Any]) -> ServerSettings:
    """These and those of the environment.

    Raises:
        HandstreamError: One cannot be. It is of the environment, since typer has looked at the others.
    """
    try:
        return ServerSettings(**given)
    except ValidationError as error:
        wrong = error.errors()[0]
        name = "_".join((ENVIRONMENT_PREFIX.strip("_"), *map(str, wrong["loc"]))).upper()
        raise HandstreamError(f"{name} cannot be {wrong['input']!r}: {wrong['msg']}.", code="bad_option") from error


def _line(finding: Finding) -> Text:
    mark, style = _MARKS[finding.verdict]
    line = Text.assemble((f"{mark:>4}  ", style), (f"{finding.subject}: ", "bold"), finding.text)
    if finding.advice:
        line.append(f"\n      {finding.advice}", style)
    return line
