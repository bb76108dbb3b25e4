"""Runs the soak beside all the other tests: it takes minutes and little else, and looks at nothing that they could disturb."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

MINUTES = float(os.environ.get("HANDSTREAM_SOAK_MINUTES", "0"))
"""How long; without any it is left out. `make test` gives it five."""

LOAD = ("--sessions", "2", "--rate", "10", "--size", "320x240", "--seconds", "10")
"""About a sixth of a processor core, which the other tests do not miss. Twelve sessions come and go in a minute."""

MORE_S = 120
"""How much longer it may take than it soaks: each segment has a beginning and an end, and the machine is busy."""


class RunningSoak:
    """The soak's process."""

    def __init__(self) -> None:
        """Starts it."""
        self.said = ""
        self._folder = TemporaryDirectory(prefix="handstream-soak-")
        self._figures = Path(self._folder.name, "soak.json")
        command = [sys.executable, "-m", "handstream", "bench", "soak", "--minutes", str(MINUTES), *LOAD, "--json", str(self._figures)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def result(self) -> dict[str, Any]:
        """Waits for its end: a `SoakResult`, as the report has it."""
        self.said, _ = self._process.communicate(timeout=MINUTES * 60 * 1.5 + MORE_S)
        assert self._process.returncode == 0, self.said
        result: dict[str, Any] = json.loads(self._figures.read_text())["results"][0]
        return result

    def end(self) -> None:
        """Ends it, with its server and its clients. A second call does nothing."""
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()


RUNNING = pytest.StashKey[RunningSoak]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The soak's test comes last, when it has run beside the others."""
    soaks = [item for item in items if item.get_closest_marker("soak")]
    items[:] = [item for item in items if item not in soaks]
    if MINUTES:
        items.extend(soaks)
    else:
        config.hook.pytest_deselected(items=soaks)


def pytest_collection_finish(session: pytest.Session) -> None:
    """It begins before the first test, if its own test is to run at all."""
    if not session.config.option.collectonly and any(item.get_closest_marker("soak") for item in session.items):
        session.config.stash[RUNNING] = RunningSoak()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """It ends with the tests, whatever ended those."""
    if RUNNING in session.config.stash:
        session.config.stash[RUNNING].end()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What is measured and not judged: no test asserts a time."""
    if RUNNING in config.stash and config.stash[RUNNING].said:
        terminalreporter.section("soak")
        terminalreporter.write(config.stash[RUNNING].said)


@pytest.fixture
def soak(request: pytest.FixtureRequest) -> RunningSoak:
    """The soak that runs."""
    return request.config.stash[RUNNING]
