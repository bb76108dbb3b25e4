"""The command `handstream`. Each subcommand is a module beside this one; what they do lives in the rooms that they call."""

from __future__ import annotations

import sys
from typing import Annotated

import cv2
import typer
from rich.console import Console
from rich.markup import escape

from handstream import __version__
from handstream.cli import demo, doctor, models, relay, serve, track
from handstream.errors import HandstreamError

__all__ = ["app", "main"]

app = typer.Typer(
    help="Real-time hand tracking for web applications.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # its tables cut the names of options and variables where the terminal is narrow
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.command("track")(track.track)
app.command("relay")(relay.relay)
app.command("doctor")(doctor.doctor)
app.add_typer(models.app, name="models")
app.add_typer(demo.app, name="demo")


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"handstream {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_print_version)] = False,
) -> None:
    del version  # its callback has run


def main() -> None:
    """Runs the command. An error that a person can mend is printed as one message, without a traceback, and the exit code is 1."""
    # OpenCV would share each warp of a hand's 224x224 pixels out to all cores: 3 ms of processor time a frame more, and no frame sooner. As
    # a setting of the whole process it is the command's to make; a library that is imported leaves it alone.
    cv2.setNumThreads(1)
    try:
        app()
    except HandstreamError as error:
        Console(stderr=True).print(f"[bold red]handstream:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(1)
