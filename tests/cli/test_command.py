"""The command as a whole: its version, its help, and how it shows an error."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from handstream import __version__
from handstream.cli.app import _COMMANDS, app


def handstream(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "handstream", *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_version() -> None:
    done = handstream("--version")
    assert (done.returncode, done.stdout) == (0, f"handstream {__version__}\n")


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_help_names_every_command(arguments: tuple[str, ...]) -> None:
    done = handstream(*arguments)
    shown = done.stdout + done.stderr
    assert all(f" {name} " in shown for name in _COMMANDS), shown


def test_an_error_is_one_message_without_a_traceback() -> None:
    done = handstream("track", "nowhere.mp4", "--landmarks", "out.jsonl")
    assert done.returncode == 1
    assert "nowhere.mp4" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    context = group.make_context("handstream", [], resilient_parsing=True)
    for name, text in _COMMANDS.items():
        command = group.get_command(context, name)
        assert command is not None
        assert command.help is not None
        assert command.help.startswith(text.removesuffix(".")), name


def test_help_imports_no_command() -> None:
    program = "import sys, contextlib\nfrom handstream.cli.app import app\nwith contextlib.suppress(SystemExit): app(['--help'])\n"
    program += "sys.exit(any(name in sys.modules for name in ('numpy', 'cv2', 'fastapi', 'openvino', 'pydantic')))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False).returncode == 0


def test_ctrl_c_while_a_command_is_imported_prints_nothing() -> None:
    program = "import os, signal\nfrom handstream.cli import app, main\n"
    program += "app.import_module = lambda name: os.kill(os.getpid(), signal.SIGINT)\nmain()"
    done = subprocess.run([sys.executable, "-c", program, "serve"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
