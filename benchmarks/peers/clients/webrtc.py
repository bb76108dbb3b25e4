"""A WebRTC client (aiortc) that sends the clip as VP8 and reads the numbers in the returned video.

It captures like a camera: a frame for which the encoder has no time is never captured.
"""

from __future__ import annotations

import asyncio
import json
import urllib.request
import uuid
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from av import VideoFrame
from benchmarks.peers.clients.course import arguments_parser, camera_ticks, stay_for_the_window
from benchmarks.peers.loopback import NO_ICE_SERVERS, release_on_marker, stay_on_loopback
from benchmarks.peers.numbered import NumberedClip, read_number
from benchmarks.peers.recording import Recorder

if TYPE_CHECKING:
    import argparse

_CLOCK_RATE = 90_000
"""Of RTP video, RFC 3551 section 4."""

_CONNECT_TIMEOUT_S = 10


class _Camera(MediaStreamTrack):  # type: ignore[misc]  # aiortc is not in the environment of the checks
    """The numbered clip. A frame is captured when the sender is handed it."""

    kind = "video"

    def __init__(self, options: argparse.Namespace, recorder: Recorder) -> None:
        super().__init__()
        self._clip = NumberedClip(options.clip, options.first)
        self._ticks = camera_ticks(options.frames_per_second)
        self._ticks_per_frame = _CLOCK_RATE / options.frames_per_second
        self._recorder = recorder

    async def recv(self) -> VideoFrame:
        number = await anext(self._ticks)
        self._recorder.capture(number)
        frame = VideoFrame.from_ndarray(self._clip.picture(number), format="yuv420p")
        frame.pts, frame.time_base = round(number * self._ticks_per_frame), Fraction(1, _CLOCK_RATE)
        return frame


async def _watch(track: MediaStreamTrack, recorder: Recorder) -> None:
    while True:
        frame = await track.recv()
        luma = np.frombuffer(frame.planes[0], np.uint8).reshape(-1, frame.planes[0].line_size)
        recorder.come_back(read_number(luma[: frame.height, : frame.width]))


async def _run(options: argparse.Namespace) -> None:
    recorder = Recorder()
    connection = RTCPeerConnection(NO_ICE_SERVERS)
    connected, tracks = asyncio.Event(), asyncio.Queue[MediaStreamTrack]()
    connection.on("track", tracks.put_nowait)
    connection.on("connectionstatechange", lambda: connected.set() if connection.connectionState == "connected" else None)
    connection.addTrack(_Camera(options, recorder))
    connection.createDataChannel("text")  # FastRTC processes no frame before its client opens one
    try:
        await _negotiate(connection, options)
        await asyncio.wait_for(connected.wait(), _CONNECT_TIMEOUT_S)
        await stay_for_the_window(recorder, options, _watch(await tracks.get(), recorder))
        recorder.write(options.out)
    finally:
        await connection.close()


async def _negotiate(connection: RTCPeerConnection, options: argparse.Namespace) -> None:
    await connection.setLocalDescription(await connection.createOffer())
    offer = {"sdp": connection.localDescription.sdp, "type": connection.localDescription.type, "webrtc_id": uuid.uuid4().hex}
    answer = await asyncio.to_thread(_post, options.url + options.offer_path, offer)
    if "sdp" not in answer:
        raise ConnectionError(f"the server refused the offer: {answer}")
    await connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
    if options.input_path:
        await asyncio.to_thread(_post, options.url + options.input_path, {"webrtc_id": offer["webrtc_id"]})


def _post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=_CONNECT_TIMEOUT_S) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


if __name__ == "__main__":
    parser = arguments_parser(__doc__)
    parser.add_argument("--offer-path", required=True)
    parser.add_argument("--input-path", help="where FastRTC's application is told a connection's input")
    stay_on_loopback()
    release_on_marker()
    asyncio.run(_run(parser.parse_args()))
