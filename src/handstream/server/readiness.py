"""The engine, which takes a while to load: `EngineLoader` loads it beside the event loop and says how far it is.

The server listens from its first moment, so that a client or a load balancer can ask. Until the engine is there, sessions are refused with
HTTP 503.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING

import numpy as np

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Callable

    from handstream.vision.engines import Engine, TrackerOptions

__all__ = ["EngineLoader", "NotReadyError"]

logger = logging.getLogger(__name__)


class NotReadyError(HandstreamError):
    """There is no engine yet, or there will be none. The text says which."""

    code = "not_ready"


class EngineLoader:
    """Loads one engine once. Belongs to the event loop's thread; the loading itself runs on another.

    Attributes:
        failure: Why the engine could not be loaded, once that is known.
        load_s: How long loading took, in seconds, once the engine is there.
    """

    def __init__(self, open_engine: Callable[[], Engine], options: TrackerOptions) -> None:
        """Loads nothing yet.

        Args:
            open_engine: Opens the engine; may block for long.
            options: What most sessions will ask for: the models for it are made ready too.
        """
        self.failure: HandstreamError | None = None
        self.load_s: float | None = None
        self._open_engine = open_engine
        self._options = options
        self._engine: Engine | None = None
        self._closed = False

    def engine(self) -> Engine:
        """The engine.

        Raises:
            NotReadyError: It is not loaded.
        """
        if self._engine is not None:
            return self._engine
        if self.failure is not None:
            raise NotReadyError(f"The engine could not be loaded: {self.failure}")
        raise NotReadyError("The models are being loaded. Try again in a second.")

    async def load(self) -> None:
        """Loads the engine. Does not raise: `failure` says what went wrong. It can be cancelled while a model is on its way."""
        loop = asyncio.get_running_loop()
        loaded: asyncio.Future[None] = loop.create_future()
        start_s = time.monotonic()

        def finish(engine: Engine | None, failure: HandstreamError | None) -> None:
            self._engine, self.failure = engine, failure
            self.load_s = None if engine is None else time.monotonic() - start_s
            if self._closed:
                self.close()
            if not loaded.done():
                loaded.set_result(None)

        def load() -> None:
            engine, failure = self._open()
            try:
                loop.call_soon_threadsafe(finish, engine, failure)
            except RuntimeError:  # The loop was closed meanwhile, so nobody wants the engine.
                if engine is not None:
                    engine.close()

        # Not a thread of the loop's own pool: the interpreter would wait for that one, and a download may take minutes.
        threading.Thread(target=load, name="handstream-loader", daemon=True).start()
        await loaded

    def close(self) -> None:
        """Closes the engine, now or as soon as it is loaded."""
        self._closed = True
        if self._engine is not None:
            self._engine.close()

    def _open(self) -> tuple[Engine | None, HandstreamError | None]:
        try:
            return self._open_warm(), None
        except HandstreamError as error:
            return None, error
        except Exception as error:
            logger.exception("The engine could not be loaded")
            return None, HandstreamError(f"{type(error).__name__}: {error}")

    def _open_warm(self) -> Engine:
        """An engine that has seen a picture, so that the first session does not wait for what is done only once."""
        engine = self._open_engine()
        try:
            tracker = engine.open_tracker(self._options)
            tracker.process(np.zeros((480, 640, 3), np.uint8))
            tracker.close()
        except BaseException:
            engine.close()
            raise
        return engine
