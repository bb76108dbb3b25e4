"""What an operator loads from deploy/grafana: the rules and the dashboard, before a real Prometheus that reads a real server."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.conftest import ROOT
from tests.server.serving import WAIT_S, Serving, jpeg, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

GRAFANA = ROOT / "deploy" / "grafana"
DASHBOARD = json.loads((GRAFANA / "handstream.json").read_text())


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"needs {program} (Debian's package prometheus)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the configuration, with the rules' own tests beside it."""
    shutil.copytree(GRAFANA, tmp_path, dirs_exist_ok=True)
    shutil.copy(Path(__file__).parent / "alerts.test.yml", tmp_path)
    return tmp_path


def expressions() -> list[str]:
    """What the dashboard asks for, as Grafana does for one job and all of its servers."""
    targets = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
    return [text.replace("$__rate_interval", "10s").replace("$job", "handstream").replace("$instance", ".*") for text in targets]


def test_the_dashboard_can_be_loaded() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] and (panel["type"] == "row" or panel["description"]) for panel in panels)
    edges = [(panel["gridPos"]["x"] + panel["gridPos"]["w"]) for panel in panels]
    assert max(edges) == 24, "the width of Grafana's grid"
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {"datasource", "job", "instance"}


@needs("promtool")
@pytest.mark.parametrize(
    "arguments", [("check", "config", "prometheus.yml"), ("check", "rules", "alerts.yml"), ("test", "rules", "alerts.test.yml")]
)
def test_promtool_accepts_the_rules(folder: Path, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def prometheus(folder: Path, server: Serving) -> Iterator[str]:
    """The address of a Prometheus that reads that server every second."""
    config = folder / "prometheus.yml"
    text = config.read_text().replace("127.0.0.1:8000", server.url.removeprefix("http://"))
    config.write_text(re.sub(r"(scrape|evaluation)_interval: \d+s", r"\1_interval: 1s", text))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    storage = folder / "data"
    command = ["prometheus", "--config.file=prometheus.yml", f"--storage.tsdb.path={storage}", f"--web.listen-address=127.0.0.1:{port}"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}/api/v1"
    finally:
        process.terminate()
        process.wait(WAIT_S)


def ask(api: str, path: str, **parameters: str) -> Any:
    return httpx.get(f"{api}/{path}", params=parameters).raise_for_status().json()["data"]


def use(server: Serving) -> None:
    """Everything that the dashboard counts: an answered frame, a session that ends, a refusal."""
    with server.plain() as websocket:
        websocket.send(jpeg())
        websocket.recv(WAIT_S)
    with pytest.raises(InvalidStatus), server.plain("?output=nonsense"):
        pass


def without_series(api: str) -> list[str]:
    """The dashboard's expressions that have no series yet, or only such without a number."""

    def has_numbers(expression: str) -> bool:
        return any(series["value"][1] != "NaN" for series in ask(api, "query", query=expression)["result"])

    return [expression for expression in expressions() if not has_numbers(expression)]


@needs("prometheus")
@pytest.mark.slow
def test_every_panel_shows_what_a_live_server_tells(folder: Path) -> None:
    with serving() as server, prometheus(folder, server) as api:
        deadline_s = time.monotonic() + WAIT_S
        missing = expressions()
        while missing and time.monotonic() < deadline_s:
            use(server)
            time.sleep(0.5)
            try:
                missing = without_series(api)
            except httpx.HTTPError:  # it has just been started
                continue
        assert missing == []
        (target,) = ask(api, "targets")["activeTargets"]
        assert (target["health"], target["lastError"]) == ("up", "")
        rules = [rule for group in ask(api, "rules")["groups"] for rule in group["rules"]]
        assert {rule["health"] for rule in rules} == {"ok"}
        known = {
            metric.removesuffix(suffix) for metric in ask(api, "label/__name__/values") for suffix in ("", "_bucket", "_sum", "_count")
        }
    named = set(re.findall(r"\bhandstream_[a-z_]+", (GRAFANA / "alerts.yml").read_text() + json.dumps(DASHBOARD)))
    assert named <= known
