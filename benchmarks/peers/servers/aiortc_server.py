"""The server of aiortc's example: a track that transforms the frames of the track that it reads. Its cure is `--latest`.

As in the example MediaPipe runs inside `recv`, on the event loop, on every frame. With `--latest` it runs on a thread of the connection's
own, on the newest frame: the source goes through `MediaRelay` without its buffer. The first line printed is `listening on` and the address.
"""

from __future__ import annotations

import argparse
import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from aiohttp import web
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay
from av import VideoFrame
from benchmarks.peers.loopback import NO_ICE_SERVERS, stay_on_loopback
from benchmarks.peers.servers.mediapipe_hands import HandAnnotator, warm_up


class _HandTrack(MediaStreamTrack):  # type: ignore[misc]  # aiortc is not in the environment of the checks
    """The skeleton drawn over another track."""

    kind = "video"

    def __init__(self, source: MediaStreamTrack, annotator: HandAnnotator, pool: ThreadPoolExecutor | None) -> None:
        super().__init__()
        self._source, self._annotator, self._pool = source, annotator, pool

    async def recv(self) -> VideoFrame:
        frame = await self._source.recv()
        if self._pool is None:
            return self._annotated(frame)
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._annotated, frame)

    def _annotated(self, frame: VideoFrame) -> VideoFrame:
        bgr = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
        self._annotator.annotate(bgr)
        annotated = VideoFrame.from_ndarray(bgr, format="bgr24")
        annotated.pts, annotated.time_base = frame.pts, frame.time_base
        return annotated


def _application(*, latest: bool) -> web.Application:
    connections: set[RTCPeerConnection] = set()

    async def offer(request: web.Request) -> web.Response:
        body = await request.json()
        connection = RTCPeerConnection(NO_ICE_SERVERS)
        connections.add(connection)
        annotator, pool = HandAnnotator(), ThreadPoolExecutor(1) if latest else None

        def on_track(source: MediaStreamTrack) -> None:
            source = MediaRelay().subscribe(source, buffered=False) if latest else source
            connection.addTrack(_HandTrack(source, annotator, pool))

        async def on_state() -> None:
            if connection.connectionState in {"failed", "closed"} and connection in connections:
                connections.discard(connection)
                await connection.close()
                if pool is not None:
                    pool.shutdown()
                annotator.close()

        connection.on("track", on_track)
        connection.on("connectionstatechange", on_state)
        await connection.setRemoteDescription(RTCSessionDescription(body["sdp"], body["type"]))
        await connection.setLocalDescription(await connection.createAnswer())
        return web.json_response({"sdp": connection.localDescription.sdp, "type": connection.localDescription.type})

    application = web.Application()
    application.router.add_post("/offer", offer)
    return application


async def _serve(*, latest: bool) -> None:
    runner = web.AppRunner(_application(latest=latest))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"listening on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latest", action="store_true")
    options = parser.parse_args()
    stay_on_loopback()
    warm_up()
    asyncio.run(_serve(latest=options.latest))
