"""The command `handstream`: `main`. `app` lists its subcommands, each a module beside it; what they do lives in the rooms they call."""

from __future__ import annotations

import signal
import sys

from handstream.opencv import set_up_opencv

__all__ = ["main"]


def main() -> None:
    """Runs the command. An error that a person can mend is printed as one message, without a traceback, and the exit code is 1."""
    # While a command is imported there is nothing to close, so Ctrl-C ends the process at once, as it would a shell's own command.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    set_up_opencv()
    from handstream.cli.app import app  # noqa: PLC0415 - what is imported from here on, Ctrl-C may end
    from handstream.errors import HandstreamError  # noqa: PLC0415

    try:
        app()
    except HandstreamError as error:
        _print_error(str(error))
        sys.exit(1)


def _print_error(text: str) -> None:
    from rich.console import Console  # noqa: PLC0415 - not every command prints in colour
    from rich.markup import escape  # noqa: PLC0415

    Console(stderr=True).print(f"[bold red]handstream:[/] {escape(text)}", highlight=False, soft_wrap=True)
