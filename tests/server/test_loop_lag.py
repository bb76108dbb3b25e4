"""The event loop's lag: seen when the loop is blocked, small when it is not."""

from __future__ import annotations

import asyncio
import time

from handstream.server.loop_lag import LoopLag

BLOCKED_S = 0.3


async def test_a_loop_that_is_blocked_is_seen() -> None:
    ticks_s: list[float] = []
    lag = LoopLag(ticks_s.append)
    while len(ticks_s) < 5:  # noqa: ASYNC110 - it announces nothing
        await asyncio.sleep(0.01)
    time.sleep(BLOCKED_S)  # noqa: ASYNC251 - what no code of ours may do
    await asyncio.sleep(0.1)
    lag.close()
    recent_s = lag.recent_s()
    assert recent_s.count == len(ticks_s)
    greatest_s, median_s = recent_s.at(100), recent_s.at(50)
    assert greatest_s is not None
    assert median_s is not None
    assert greatest_s > BLOCKED_S * 0.8, "a tick was due at most 50 ms after the block began"
    assert median_s < greatest_s / 2, "the other ticks were not held up"


async def test_once_closed_it_ticks_no_more() -> None:
    ticks_s: list[float] = []
    lag = LoopLag(ticks_s.append)
    await asyncio.sleep(0.15)
    lag.close()
    lag.close()
    count = len(ticks_s)
    await asyncio.sleep(0.15)
    assert count == len(ticks_s) > 0
