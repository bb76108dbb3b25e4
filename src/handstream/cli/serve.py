"""`handstream serve`: the server. Its options are the fields of `ServerSettings`, so that each is written once."""

from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING, Annotated, Any

import typer
from annotated_types import Ge, Le
from rich.console import Console
from rich.logging import RichHandler
from rich.style import Style
from rich.text import Text

from handstream.server.run import run, run_reloading
from handstream.server.settings import ENVIRONMENT_PREFIX, ServerSettings

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

__all__ = ["serve"]

_RELOAD = Annotated[bool, typer.Option(help="Start anew when a file of handstream changes; for its developers.")]


def serve(*, reload: bool = False, **options: Any) -> None:
    """Serve the page and the tracker until Ctrl-C."""
    settings = ServerSettings(**options)
    console = Console(stderr=True)
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(message)s", datefmt="[%X]", handlers=[RichHandler(console=console, show_path=False)]
    )
    if reload:
        run_reloading(settings, on_listening=lambda url: console.print("handstream reloads itself at", _link(url)))
        return
    urls: list[str] = []

    def listening(url: str) -> None:
        urls.append(url)
        console.print(f"handstream loads the models for [bold]{settings.engine}[/] ...")

    run(
        settings,
        on_listening=listening,
        on_ready=lambda: console.print("Open", _link(urls[0]), "(Ctrl-C stops the server)"),
    )


def _link(url: str) -> Text:
    """Not by markup: the brackets of an IPv6 address would be taken for a tag."""
    return Text(url, Style(bold=True, link=url))


def _parameter(name: str, field: FieldInfo) -> inspect.Parameter:
    """One setting as a typed parameter of the command."""
    limits: dict[str, Any] = {}
    for constraint in field.metadata:
        match constraint:
            case Ge(least):
                limits["min"] = least
            case Le(most):
                limits["max"] = most
    option = typer.Option(help=field.description, envvar=f"{ENVIRONMENT_PREFIX}{name.upper()}", **limits)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=Annotated[field.rebuild_annotation(), option]
    )


# typer makes a command's options from the function's signature, so the settings are put there.
serve.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [
        *(_parameter(name, field) for name, field in ServerSettings.model_fields.items()),
        inspect.Parameter("reload", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=_RELOAD),
    ]
)
