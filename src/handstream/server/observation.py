"""What watches the server while it runs: `Observation` has the event loop's lag, the metrics and the telemetry."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from handstream.server.loop_lag import LoopLag
from handstream.server.metrics import ServerMetrics
from handstream.server.telemetry import FrameTelemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from handstream.executor import Executor
    from handstream.server.figures import AnsweredFrame
    from handstream.server.readiness import EngineLoader
    from handstream.server.sessions import Sessions
    from handstream.server.settings import ServerSettings

__all__ = ["Observation"]

_REFRESH_INTERVAL_S = 1.0


class Observation:
    """Watches one application, from its start to its end. All of it belongs to the event loop.

    Attributes:
        loop_lag: How late the event loop is.
        metrics: What `/metrics` tells; None where that is switched off.
        telemetry: What makes spans of frames; None where none is sampled.
    """

    def __init__(self, settings: ServerSettings, sessions: Sessions, executor: Executor) -> None:
        """Begins to watch.

        Raises:
            HandstreamError: Spans are wanted and OpenTelemetry is not installed.
        """
        self._sessions = sessions
        self._executor = executor
        self.metrics = ServerMetrics(engine=settings.engine, precision=settings.precision) if settings.metrics else None
        self.telemetry = FrameTelemetry(settings.trace_sample_ratio) if settings.trace_sample_ratio else None
        self.loop_lag = LoopLag(None if self.metrics is None else self.metrics.tick)
        self._timer: asyncio.TimerHandle | None = None
        self._refresh_for_ever()

    def observers(self, headers: Mapping[str, str]) -> list[Callable[[AnsweredFrame], None]]:
        """What is to be called with each frame that a connection answered, whose upgrade request had those headers."""
        observers: list[Callable[[AnsweredFrame], None]] = [] if self.metrics is None else [self.metrics.answered]
        if self.telemetry is not None:
            observers.append(self.telemetry.observer(headers))
        return observers

    def loaded(self, loader: EngineLoader) -> None:
        """The engine is loaded, or could not be."""
        if self.metrics is not None and loader.load_s is not None:
            self.metrics.loaded(loader.load_s)

    async def render_metrics(self, accept: str) -> tuple[bytes, str]:
        """The metrics as they are now, in the format that such an `Accept` header asks for, and the content type."""
        assert self.metrics is not None
        self._refresh(self.metrics)
        return await asyncio.to_thread(self.metrics.render, accept)  # 2 ms, and with many processes more: not for the loop

    async def close(self) -> None:
        """Watches no more, and tells what is left to tell: of several processes, another one may be asked for it."""
        self.loop_lag.close()
        if self._timer is not None:
            self._timer.cancel()
        if self.metrics is not None:
            self._refresh(self.metrics)
        if self.telemetry is not None:
            await asyncio.to_thread(self.telemetry.close)

    def _refresh_for_ever(self) -> None:
        """Once a second, since with several processes another one may be asked for the metrics of this one."""
        if self.metrics is not None:
            self._refresh(self.metrics)
            self._timer = asyncio.get_running_loop().call_later(_REFRESH_INTERVAL_S, self._refresh_for_ever)

    def _refresh(self, metrics: ServerMetrics) -> None:
        metrics.refresh(self._sessions.statistics(), self._executor.statistics(), self.loop_lag.recent_s())
