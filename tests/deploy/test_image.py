"""What an operator builds and applies from deploy/container and deploy/kubernetes, as far as it shows without a cluster."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess

import pytest

from handstream.server.settings import ENVIRONMENT_PREFIX, ServerSettings
from handstream.server.tokens import tokens_of
from tests.conftest import ROOT

MANIFEST = (ROOT / "deploy" / "kubernetes" / "handstream.yaml").read_text(encoding="utf-8")
TOLD = (MANIFEST, (ROOT / "docs" / "how-to" / "serve-beyond-this-machine.md").read_text(encoding="utf-8"))


def test_a_build_takes_nothing_that_make_has_made() -> None:
    """A copy of another machine's node_modules would replace what the build has just installed."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    cleaned = re.search(r"^clean:.*\n\trm -rf (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert cleaned is not None
    assert set(cleaned.group(1).split()) <= set(ignored)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
@pytest.mark.parametrize("command", sorted({found for text in TOLD for found in re.findall(r"openssl rand [^`)]+", text)}))
def test_a_token_that_is_made_as_told_is_taken(command: str) -> None:
    made = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    assert tokens_of(ServerSettings(token=made)) is not None


def test_the_user_of_the_pod_may_read_its_token() -> None:
    """A secret's files are root's, and of the group that fsGroup names."""
    group = re.search(r"runAsGroup: (\d+)", MANIFEST)
    assert group is not None
    assert re.search(rf"fsGroup: {group.group(1)}\b", MANIFEST)
    assert "defaultMode: 0440" in MANIFEST


def test_kubernetes_sets_no_variable_that_is_taken_for_a_setting() -> None:
    """For a service named handstream it sets HANDSTREAM_PORT in each pod, to tcp://…, unless it is told not to."""
    assert f"name: {ENVIRONMENT_PREFIX.lower().rstrip('_')}\n" in MANIFEST
    assert "enableServiceLinks: false" in MANIFEST
