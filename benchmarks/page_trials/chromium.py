"""Carries trials out in a Chromium, by Playwright with the parts of the page's tests: `carry_out`.

The plan goes to Playwright as a file, and what each trial measured comes back as one, all in `artifacts/page`.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from benchmarks.environments import ROOT

from handstream.bench.processes import end, last_words, start
from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.page_trials.plan import Trial

__all__ = ["carry_out"]

_FOLDER = ROOT / "artifacts" / "page"
_WEB = ROOT / "web"
_PLAYWRIGHT = _WEB / "node_modules" / "@playwright" / "test" / "cli.js"
_PAGE = ROOT / "src" / "handstream" / "page" / "index.html"
_LOOK_INTERVAL_S = 0.5


def carry_out(trials: Sequence[Trial], on_progress: Callable[[int], object]) -> list[dict[str, Any] | None]:
    """What each trial measured; None for one that failed. Blocks until all have been run.

    Args:
        trials: In the order in which they are run.
        on_progress: Is told how many have succeeded so far, twice a second.

    Raises:
        HandstreamError: The page is not built, or nothing could be measured; the text says why.
    """
    node = shutil.which("node")
    if node is None or not _PLAYWRIGHT.exists() or not _PAGE.exists():
        raise HandstreamError("the page is not built, or Node or Playwright are missing: run make src/handstream/page/index.html chromium")
    shutil.rmtree(_FOLDER, ignore_errors=True)
    _FOLDER.mkdir(parents=True)
    (_FOLDER / "plan.json").write_text(json.dumps([asdict(trial) for trial in trials]))
    files = [_FOLDER / f"{number}.json" for number in range(len(trials))]
    log = _FOLDER / "playwright.log"
    process = start([node, str(_PLAYWRIGHT), "test", "--config", str(_WEB / "playwright.bench.config.ts")], log)
    try:
        while process.poll() is None:
            on_progress(sum(file.exists() for file in files))
            time.sleep(_LOOK_INTERVAL_S)
    finally:
        end(process)
    if not any(file.exists() for file in files):
        raise HandstreamError(f"nothing could be measured in Chromium: {last_words(log)}")
    return [json.loads(file.read_text()) if file.exists() else None for file in files]
