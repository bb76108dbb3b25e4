"""A client of `handstream.v1`: `handstream.client` with its defaults.

With `--output landmarks` no picture comes back: the client has it already, and the hands belong to the frame whose number the result has.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from handstream.opencv import set_up_opencv

if __name__ == "__main__":
    set_up_opencv()  # before OpenCV is imported

from benchmarks.peers.clients.course import arguments_parser, camera_ticks, stay_for_the_window
from benchmarks.peers.clients.jpeg import number_of, packed
from benchmarks.peers.numbered import NumberedClip
from benchmarks.peers.recording import Recorder

from handstream.client import Answered, ClientSession, connect

if TYPE_CHECKING:
    import argparse


async def _run(options: argparse.Namespace) -> None:
    clip, recorder = NumberedClip(options.clip, options.first), Recorder()
    numbers: list[int] = []  # of the frames, in the order of their ids, which count from 0

    async def capture(session: ClientSession) -> None:
        async for number in camera_ticks(options.frames_per_second):
            recorder.capture(number)
            numbers.append(number)
            await session.send(packed(clip, number))

    async def receive(session: ClientSession) -> None:
        async for outcome in session:
            if isinstance(outcome, Answered):
                image = outcome.result.image
                recorder.come_back(numbers[outcome.frame_id] if image is None else number_of(image))

    async with connect(options.url, settings={"output": options.output}) as session:
        await stay_for_the_window(recorder, options, capture(session), receive(session))
        recorder.write(options.out)


if __name__ == "__main__":
    parser = arguments_parser(__doc__)
    parser.add_argument("--output", choices=("annotated", "landmarks"), default="annotated")
    asyncio.run(_run(parser.parse_args()))
