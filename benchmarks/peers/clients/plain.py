"""A client of the plain way: a binary JPEG up, JSON with a base64 JPEG down.

It stands in for a page: frames are captured at a steady pace, and what the socket cannot take waits in the client, as in a browser's
`bufferedAmount`. With `--wait-for-answer` a frame that finds another one unanswered is not captured.
"""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from handstream.opencv import set_up_opencv

if __name__ == "__main__":
    set_up_opencv()  # before OpenCV is imported

from benchmarks.peers.clients.course import arguments_parser, camera_ticks, stay_for_the_window
from benchmarks.peers.clients.jpeg import number_of, packed
from benchmarks.peers.numbered import NumberedClip
from benchmarks.peers.recording import Recorder
from websockets.asyncio.client import ClientConnection, connect

if TYPE_CHECKING:
    import argparse


@dataclass
class _Session:
    """One connection's tasks and what they share."""

    options: argparse.Namespace
    clip: NumberedClip
    websocket: ClientConnection
    recorder: Recorder = field(default_factory=Recorder)
    outbox: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)  # what comes in the seconds of a run
    unanswered: int = 0

    async def capture(self) -> None:
        async for number in camera_ticks(self.options.frames_per_second):
            if self.options.wait_for_answer and self.unanswered:
                continue
            self.recorder.capture(number)
            self.outbox.put_nowait(packed(self.clip, number))
            self.unanswered += 1

    async def send(self) -> None:
        while True:
            await self.websocket.send(await self.outbox.get())

    async def receive(self) -> None:
        async for message in self.websocket:
            answer = json.loads(message)
            self.unanswered -= 1
            if "image" in answer:
                self.recorder.come_back(number_of(base64.b64decode(answer["image"])))
            else:
                self.recorder.errors.append(str(answer.get("error")))


async def _run(options: argparse.Namespace) -> None:
    clip = NumberedClip(options.clip, options.first)
    # handstream prints the address of its page, the original that of its endpoint.
    url = options.url if options.url.startswith("ws") else f"ws{options.url.removeprefix('http')}/ws/video"
    async with connect(url, max_size=None, compression=None) as websocket:
        session = _Session(options, clip, websocket)
        await stay_for_the_window(session.recorder, options, session.capture(), session.send(), session.receive())
        session.recorder.write(options.out)
        # As a closed tab: a polite close would wait behind all that has queued.
        websocket.transport.abort()


if __name__ == "__main__":
    parser = arguments_parser(__doc__)
    parser.add_argument("--wait-for-answer", action="store_true")
    asyncio.run(_run(parser.parse_args()))
