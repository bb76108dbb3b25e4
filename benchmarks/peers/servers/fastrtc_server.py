"""FastRTC as its documentation shows it: a `Stream` with a send-receive video handler, mounted on FastAPI.

The first line printed is `listening on` and the address.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before gradio is imported: it calls home otherwise

import uvicorn
from benchmarks.peers.loopback import stay_on_loopback
from benchmarks.peers.servers.mediapipe_hands import HandAnnotator, warm_up
from fastapi import FastAPI
from fastrtc import Stream
from fastrtc.utils import get_current_context
from pydantic import BaseModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CONNECTIONS = 64
"""FastRTC takes one unless told otherwise."""


class _Input(BaseModel):
    webrtc_id: str


def _application() -> FastAPI:
    application = FastAPI()
    annotators: dict[str, HandAnnotator] = {}

    def track(bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
        webrtc_id = get_current_context().webrtc_id
        if webrtc_id not in annotators:
            annotators[webrtc_id] = HandAnnotator()
        annotators[webrtc_id].annotate(bgr)
        return bgr

    stream = Stream(
        handler=track,
        modality="video",
        mode="send-receive",
        concurrency_limit=_CONNECTIONS,
        server_rtc_configuration={"iceServers": []},
        verbose=False,
    )
    stream.mount(application)

    @application.post("/input")
    def give_input(body: _Input) -> dict[str, bool]:
        # Until a connection's input is set, FastRTC sends its frames back without calling the handler.
        stream.set_input(body.webrtc_id, None)
        return {"known": body.webrtc_id in stream.connections}

    return application


def _serve() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(_application(), log_level="warning"))
        print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        server.run(sockets=[listener])


if __name__ == "__main__":
    stay_on_loopback()
    warm_up()
    _serve()
