"""What every client does alike: its options, a camera's pace, and the measured window."""

from __future__ import annotations

import argparse
import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from benchmarks.peers.recording import Recorder

__all__ = ["arguments_parser", "camera_ticks", "stay_for_the_window"]


def arguments_parser(description: str | None) -> argparse.ArgumentParser:
    """The options of all clients."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--url", required=True, help="the address that the server printed")
    parser.add_argument("--clip", type=Path, required=True, help="the prepared pictures")
    parser.add_argument("--first", type=int, required=True, help="the picture to begin with")
    parser.add_argument("--frames-per-second", type=float, required=True)
    parser.add_argument("--warm-up-s", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="the measured window")
    parser.add_argument("--out", type=Path, required=True, help="where to write the recording")
    return parser


async def camera_ticks(frames_per_second: float) -> AsyncIterator[int]:
    """The number of each frame when it is due. Those that come while the caller is busy are never captured, as with a camera."""
    began_s, number = time.perf_counter(), 0
    while True:
        await asyncio.sleep(max(0.0, began_s + number / frames_per_second - time.perf_counter()))
        yield number
        number = max(number + 1, int((time.perf_counter() - began_s) * frames_per_second))


async def stay_for_the_window(recorder: Recorder, options: argparse.Namespace, *jobs: Coroutine[object, object, None]) -> None:
    """Runs the jobs through warm-up and window, then ends them. One that ends or fails before is noted as an error."""
    tasks = [asyncio.ensure_future(job) for job in jobs]
    await asyncio.sleep(options.warm_up_s)
    recorder.mark()
    await asyncio.sleep(options.seconds)
    recorder.mark()
    for task in tasks:
        if task.done():
            recorder.errors.append(f"ended early: {task.exception()!r}")
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task
