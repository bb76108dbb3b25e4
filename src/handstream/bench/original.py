"""The system that handstream replaces, plainly written, to compare with: `python -m handstream.bench.original --port 0`.

A FastAPI endpoint gets a JPEG, runs `mp.solutions.hands`, draws the hands into the picture and answers with JSON that holds it in base64.
Every frame is answered, in order; whatever comes too fast waits in the sockets' buffers, without a bound that this program sets. As first
written it calls MediaPipe on the event loop, with the full model, and encodes at JPEG quality 95: those are the defaults. Its three cures
are options, and `--mailbox` is the first of handstream's own steps: only the newest frame waits.

It needs mediapipe (docs/how-to/mediapipe-engine.md). Its first line on standard output is `listening on ws://127.0.0.1:PORT/ws/video`.
"""

from __future__ import annotations

import asyncio
import base64
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import cv2
import numpy as np
import typer
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from handstream.errors import FrameError, HandstreamError
from handstream.protocol.flow import LatestSlot
from handstream.server.run import bind
from handstream.vision.engines.mediapipe import import_solution

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

__all__ = ["EngineCall", "OriginalOptions", "create_original_app"]

_MIN_DETECTION_CONFIDENCE = 0.7
_MIN_TRACKING_CONFIDENCE = 0.5
"""The original's, which are handstream's defaults too."""


class EngineCall(StrEnum):
    """Where MediaPipe is called."""

    BLOCKING = "blocking"
    """On the event loop, which does nothing else meanwhile."""
    EXECUTOR = "executor"
    """On a thread of a pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginalOptions:
    """The original as first written; each field that differs is a cure.

    Attributes:
        engine_call: Where MediaPipe is called.
        model_complexity: 0 is the lite model, 1 the full one.
        jpeg_quality: Of the annotated picture, 1..100.
        max_hands: The most hands reported in one picture.
        mailbox: Whether only the newest frame waits, where a newer one replaces it.
    """

    engine_call: EngineCall = EngineCall.BLOCKING
    model_complexity: int = 1
    jpeg_quality: int = 95
    max_hands: int = 2
    mailbox: bool = False


class _Annotator:
    """One session's MediaPipe graph."""

    def __init__(self, options: OriginalOptions) -> None:
        self._solution = import_solution("hands")
        self._drawing = import_solution("drawing_utils")
        self._jpeg_quality = options.jpeg_quality
        self._lock = threading.Lock()
        self._hands = self._solution.Hands(
            max_num_hands=options.max_hands,
            model_complexity=options.model_complexity,
            min_detection_confidence=_MIN_DETECTION_CONFIDENCE,
            min_tracking_confidence=_MIN_TRACKING_CONFIDENCE,
        )

    def answer(self, frame_id: int, image: bytes) -> dict[str, Any]:
        """The JSON answer to one frame. Blocks for tens of milliseconds.

        Raises:
            FrameError: It is no image, which ends this session.
        """
        bgr = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
        if bgr is None:
            raise FrameError("The message is no image.", code="not_an_image")
        with self._lock:
            found = self._hands.process(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
        for landmarks in found.multi_hand_landmarks or ():
            self._drawing.draw_landmarks(bgr, landmarks, self._solution.HAND_CONNECTIONS)
        _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, self._jpeg_quality])
        return {"frame_id": frame_id, "image": base64.b64encode(jpeg.tobytes()).decode("ascii"), "hands": _hand_objects(found)}

    def close(self) -> None:
        """Frees the graph, when the frame that it works on is done."""
        with self._lock:
            self._hands.close()


def create_original_app(options: OriginalOptions) -> FastAPI:
    """The application, with MediaPipe imported and warm: the first graph of a process takes a second or more.

    Raises:
        HandstreamError: mediapipe 0.10.21 is not installed; the text says what to do.
    """
    _warm_up(options)
    app = FastAPI()
    pool = ThreadPoolExecutor()

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.websocket("/ws/video")
    async def video(ws: WebSocket) -> None:
        await ws.accept()
        annotator = _Annotator(options)
        with suppress(WebSocketDisconnect):
            try:
                await _converse(ws, annotator.answer, options, pool)
            finally:
                await asyncio.shield(asyncio.get_running_loop().run_in_executor(pool, annotator.close))

    return app


async def _converse(
    ws: WebSocket, answer: Callable[[int, bytes], dict[str, Any]], options: OriginalOptions, pool: ThreadPoolExecutor
) -> None:
    """Answers frames, one after another, until the client goes.

    Raises:
        WebSocketDisconnect: It went.
    """
    loop = asyncio.get_running_loop()
    frames = _newest_frames(ws) if options.mailbox else _all_frames(ws)
    async with aclosing(frames):
        async for frame_id, image in frames:
            if options.engine_call is EngineCall.BLOCKING:
                message = answer(frame_id, image)
            else:
                message = await loop.run_in_executor(pool, answer, frame_id, image)
            await ws.send_json(message)


async def _all_frames(ws: WebSocket) -> AsyncGenerator[tuple[int, bytes]]:
    """Every frame with its number, read when the one before it was answered."""
    frame_id = 0
    while True:
        yield frame_id, await ws.receive_bytes()
        frame_id += 1


async def _newest_frames(ws: WebSocket) -> AsyncGenerator[tuple[int, bytes]]:
    """The newest frame each time that one is wanted; frames are read all the while, and those that a newer one replaced are lost."""
    slot: LatestSlot[tuple[int, bytes]] = LatestSlot()
    has_news = asyncio.Event()

    async def read() -> None:
        try:
            async for frame in _all_frames(ws):
                slot.put(frame)
                has_news.set()
        finally:
            has_news.set()

    reading = asyncio.create_task(read())
    try:
        while True:
            await has_news.wait()
            has_news.clear()
            if (frame := slot.take()) is not None:
                yield frame
            elif reading.done():
                await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


def _warm_up(options: OriginalOptions) -> None:
    annotator = _Annotator(options)
    _, jpeg = cv2.imencode(".jpg", np.zeros((480, 640, 3), np.uint8))
    annotator.answer(0, jpeg.tobytes())
    annotator.close()


def _hand_objects(found: Any) -> list[dict[str, Any]]:
    """The hands as the plain way has them (docs/protocol.md)."""
    if found.multi_hand_landmarks is None:
        return []
    return [
        {
            "handedness": handedness.classification[0].label,
            "score": handedness.classification[0].score,
            "landmarks": [[point.x, point.y, point.z] for point in landmarks.landmark],
        }
        for handedness, landmarks in zip(found.multi_handedness, found.multi_hand_landmarks, strict=True)
    ]


def _main(
    *,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 takes any that is free.")] = 0,
    engine_call: Annotated[EngineCall, typer.Option(help="Where MediaPipe is called.")] = EngineCall.BLOCKING,
    model_complexity: Annotated[int, typer.Option(min=0, max=1, help="0 is the lite model, 1 the full one.")] = 1,
    jpeg_quality: Annotated[int, typer.Option(min=1, max=100, help="Of the annotated picture.")] = 95,
    max_hands: Annotated[int, typer.Option(min=1, help="The most hands reported in one picture.")] = 2,
    mailbox: Annotated[bool, typer.Option("--mailbox", help="Let only the newest frame wait.")] = False,
) -> None:
    """Serve the original until Ctrl-C."""
    options = OriginalOptions(
        engine_call=engine_call, model_complexity=model_complexity, jpeg_quality=jpeg_quality, max_hands=max_hands, mailbox=mailbox
    )
    try:
        app = create_original_app(options)
        with bind("127.0.0.1", port) as listener:
            print(f"listening on ws://127.0.0.1:{listener.getsockname()[1]}/ws/video", flush=True)  # noqa: T201 - who starts it reads it
            uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
    except HandstreamError as error:
        sys.exit(f"handstream.bench.original: {error}")


if __name__ == "__main__":
    typer.run(_main)
