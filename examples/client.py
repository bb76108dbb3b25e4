"""The fast way in Python: plays a video to the server and prints each hand as it is found.

python client.py VIDEO [SERVER]
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress
from itertools import count

import cv2
import numpy as np

from handstream.client import Answered, ClientSession, SessionClosedError, connect


async def play(session: ClientSession, path: str) -> None:
    """Sends the video's pictures at its own speed. The client keeps one on its way and drops what comes too soon."""
    video = cv2.VideoCapture(path)
    frame_s = 1 / (video.get(cv2.CAP_PROP_FPS) or 30)
    begin_s = time.monotonic()
    for number in count(1):
        found, bgr = await asyncio.to_thread(video.read)
        if not found:
            return
        await session.send(np.asarray(bgr[..., ::-1], np.uint8))  # OpenCV gives BGR
        await asyncio.sleep(max(0, begin_s + number * frame_s - time.monotonic()))


async def show(session: ClientSession) -> None:
    """Prints what becomes of each picture."""
    async for outcome in session:
        if isinstance(outcome, Answered):
            tips = ", ".join(f"{hand.handedness} {hand.landmarks[8, 0]:.2f} {hand.landmarks[8, 1]:.2f}" for hand in outcome.result.hands)
            print(f"frame {outcome.frame_id}: {tips or 'no hand'} ({outcome.round_trip_ns / 1e6:.1f} ms)")
        else:
            print(outcome)


async def main(path: str, server: str = "http://127.0.0.1:8000") -> None:
    """Plays and shows side by side, until the video ends."""
    async with connect(server, settings={"output": "landmarks"}) as session:
        showing = asyncio.create_task(show(session))
        await play(session, path)
        showing.cancel()
        with suppress(asyncio.CancelledError, SessionClosedError):
            await showing
        print(session.statistics())


asyncio.run(main(*sys.argv[1:]))
