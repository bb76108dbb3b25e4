"""The list of subcommands: `app`. A subcommand is imported when it is asked for, so that the others need not wait for its libraries."""

from __future__ import annotations

import signal
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

__all__ = ["app"]

_COMMANDS = {
    "serve": "Serve the page and the tracker until Ctrl-C.",
    "track": "Find the hands in a video, an image or a folder of images.",
    "relay": "Stand between a client and a server as a slow or broken network would.",
    "doctor": "Look at this machine as handstream would use it.",
    "bench": "Measure handstream on this machine.",
    "models": "The networks' weights: list them, fetch them, say where they are.",
    "demo": "The demo clip: synthetic hands whose joints are known.",
}
"""Each is a module beside this one, with the beginning of what its own help says."""


class _Subcommands(TyperGroup):
    """Imports a subcommand's module when it is to run. It has an `app` of several commands, or a function of its name."""

    def list_commands(self, ctx: Context) -> list[str]:
        """The names, in the order in which they are shown."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """The subcommand of that name; None if there is none."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"handstream.cli.{cmd_name}")
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # `main` let Ctrl-C end the imports; from here on the command answers it
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return _command_of(module, cmd_name)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Writes the list for `--help`, without importing what is in it."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _command_of(module: Any, name: str) -> Command:
    """The command that typer makes of the module's `app`, or of its function of that name, below another that gives it its style."""
    above = typer.Typer(add_completion=False, callback=lambda: None, **_STYLE)
    if hasattr(module, "app"):
        above.add_typer(module.app, name=name)
    else:
        above.command(name)(getattr(module, name))
    group = get_command(above)
    assert isinstance(group, TyperGroup)
    return group.commands[name]


_STYLE: dict[str, Any] = {
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,  # its tables cut the names of options and variables where the terminal is narrow
    "context_settings": {"help_option_names": ["-h", "--help"]},
}

app = typer.Typer(cls=_Subcommands, help="Real-time hand tracking for web applications.", no_args_is_help=True, **_STYLE)


def _print_version(*, wanted: bool) -> None:
    if wanted:
        from handstream import __version__  # noqa: PLC0415 - to read it takes longer than all the rest of the help

        typer.echo(f"handstream {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_print_version)] = False,
) -> None:
    del version  # its callback has run
