"""What the pages tell people to type exists: commands with their options and values, targets of make, modules, variables. So do links."""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from handstream.cli.app import app
from handstream.server.settings import ENVIRONMENT_PREFIX, ServerSettings
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer._click import Command

PAGES = sorted(
    str(path.relative_to(ROOT)) for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md", "deploy/**/*.md") for path in ROOT.glob(pattern)
)
CONTINUES = {"&&", "|", ";", "&", ">"}

OF_OTHERS = {
    "--require-hashes",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--use-file-for-fake-video-capture",
}
"""Options of pip and Chromium."""

NO_SETTINGS = {"CACHE_DIR", "PORT"}
"""What else is read from the environment: where models are kept, and where the page under development finds its server."""

MADE = {"__pycache__", "artifacts", "build", "dist", "page"}
"""Folders that nobody writes by hand."""


def code(page: str) -> Iterator[str]:
    """The lines of a page's blocks for a shell, and what it sets as code within a sentence."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for block in re.findall(r"```(?:ba)?sh\n(.*?)```", text, re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def calls(program: str) -> list[tuple[str, str]]:
    """What follows each call of that program on any page, after the page's name."""
    found = set()
    for page in PAGES:
        for line in code(page):
            words = re.sub(r"\s#.*", "", line).split()
            names = [word.rpartition("/")[2] for word in words]
            if program in names and all("=" in word for word in words[: names.index(program)]):
                found.add((page, " ".join(takewhile(lambda word: word not in CONTINUES, words[names.index(program) + 1 :]))))
    return sorted(found)


def commands(above: Command, name: str = "handstream") -> Iterator[tuple[str, Command]]:
    """That command and all below it, by what one types."""
    yield name, above
    if isinstance(above, TyperGroup):
        context = above.make_context(name, [], resilient_parsing=True)
        for below in above.list_commands(context):
            command = above.get_command(context, below)
            assert command is not None
            yield from commands(command, f"{name} {below}")


COMMANDS = dict(commands(get_command(app)))


def options(command: Command) -> set[str]:
    return {"-h", "--help", *(option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts))}


def refusal(command: Command, name: str, words: list[str]) -> str | None:
    """Why a command does not take that, but for what a sentence leaves out; None if it does."""
    try:
        command.make_context(name, words)
    except typer.Exit:
        return None  # It showed its help.
    except Exception as error:  # noqa: BLE001 - typer keeps the classes of what is wrong with arguments to itself
        return None if type(error).__name__ == "MissingParameter" else str(error)
    return None


def takes(source: Path, option: str) -> bool:
    """Whether that module has the option, by its name or by that of a function's parameter."""
    text = source.read_text(encoding="utf-8")
    return option in text or f"    {option[2:].replace('-', '_')}: " in text


@pytest.mark.parametrize(("page", "typed"), calls("handstream"))
def test_a_command_is_one_that_handstream_takes(page: str, typed: str) -> None:
    """Also where a sentence only names it. A group's name may stand before an option of its commands."""
    words = shlex.split(typed)
    name = "handstream"
    while words and isinstance(COMMANDS[name], TyperGroup) and not words[0].startswith("-"):
        below = [f"{name} {word}" for word in words.pop(0).split("|")]
        assert set(below) <= set(COMMANDS), f"{page} names a command that is not there: {typed}"
        name = below[0]
    if isinstance(COMMANDS[name], TyperGroup):
        known = set.union(*(options(command) for other, command in COMMANDS.items() if other.startswith(f"{name} ")))
        assert set(words) <= known, f"{page} gives an option that is not there: {typed}"
        return
    assert refusal(COMMANDS[name], name, words) is None, f"{page}: {typed}"


@pytest.mark.parametrize(("page", "typed"), calls("make"))
def test_a_target_is_one_of_makes(page: str, typed: str) -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert typed.split(maxsplit=1)[0] in targets, f"{page}: make {typed}"


@pytest.mark.parametrize(("page", "typed"), [(page, typed) for page, typed in calls("python") if typed.startswith("-m ")])
def test_a_module_can_be_run(page: str, typed: str) -> None:
    module, *arguments = shlex.split(typed)[1:]
    found = find_spec(module)
    assert found is not None, f"{page} runs what is not there: {typed}"
    if module.startswith(("benchmarks", "tests", "handstream")):
        if found.submodule_search_locations is not None:
            found = find_spec(f"{module}.__main__")
        assert found is not None
        assert found.origin is not None
        missing = [argument for argument in arguments if argument.startswith("--") and not takes(Path(found.origin), argument)]
        assert not missing, f"{page} gives an option that is not there: {typed}"


@pytest.mark.parametrize("page", PAGES)
def test_a_variable_is_a_setting(page: str) -> None:
    named = set(re.findall(rf"\b{ENVIRONMENT_PREFIX}([A-Z_]+)\b", (ROOT / page).read_text(encoding="utf-8")))
    assert named <= {name.upper() for name in ServerSettings.model_fields} | NO_SETTINGS


@pytest.mark.parametrize("page", PAGES)
def test_an_option_that_is_named_by_itself_is_there(page: str) -> None:
    known = set.union(*map(options, COMMANDS.values())) | OF_OTHERS
    named = {option for line in code(page) if line.startswith("--") for option in re.findall(r"(?<!\S)--[a-z][a-z-]*", line)}
    benchmarks = list((ROOT / "benchmarks").glob("*.py")) if page.startswith("benchmarks") else []
    assert [option for option in named - known if not any(takes(source, option) for source in benchmarks)] == []


def anchors(page: Path) -> set[str]:
    """What a link can name within a page: its headings, as they are shown in addresses."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    links = re.findall(r"\]\((?!https?:)([^)\s]+)", page.read_text(encoding="utf-8"))
    for target, _, anchor in (link.partition("#") for link in links):
        there = page.parent / target if target else page
        assert there.exists(), f"{name} links to {target}, which is not there"
        assert not anchor or anchor in anchors(there), f"{name} links to #{anchor}, which {target or name} has not"


def test_every_folder_has_its_place_in_the_architecture() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    folders = {path.name for place in (".", "src/handstream", "web/src") for path in (ROOT / place).iterdir() if path.is_dir()}
    assert [name for name in sorted(folders - MADE) if not name.startswith(".") and f"{name}/" not in text] == []
