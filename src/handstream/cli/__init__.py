"""The command `handstream`: `main`. `app` lists its subcommands, each a module beside it; what they do lives in the rooms they call."""

from __future__ import annotations

import os
import signal
import sys

__all__ = ["main"]


def main() -> None:
    """Runs the command. An error that a person can mend is printed as one message, without a traceback, and the exit code is 1."""
    # While a command is imported there is nothing to close, so Ctrl-C ends the process at once, as it would a shell's own command.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # OpenCV would share each warp of a hand's 224x224 pixels out to all cores: 3 ms of processor time a frame more, and no frame sooner. As
    # a setting of the whole process it is the command's to make; a library that is imported leaves it alone.
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")
    # It would write of each damaged picture to stderr; whoever sent it is told, and nobody else needs to know.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
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
