"""Spans of sampled frames for OpenTelemetry: `FrameTelemetry`, with one span a frame and a child for each stage.

The spans are made when the frame has left, from the stamps that were taken anyway, so a frame that is not sampled costs an addition. They
hold numbers alone. A client that sends a W3C `traceparent` with its upgrade request finds them in its own trace, unless it says there that
the trace is not recorded. Where they go is told by OpenTelemetry's own variables, such as `OTEL_EXPORTER_OTLP_ENDPOINT`.
"""

from __future__ import annotations

import os
import random
import threading
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING

from handstream import __version__
from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import SpanProcessor

    from handstream.server.figures import AnsweredFrame

__all__ = ["FrameTelemetry", "check_telemetry"]

_CLOSE_WITHIN_S = 2.0
"""How long the last spans may take to be sent: a collector that does not answer shall not hold up the server's end."""


def check_telemetry() -> None:
    """Whether spans can be made here.

    Raises:
        HandstreamError: They cannot, as the extra is not installed.
    """
    for module in ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"):
        try:
            found = find_spec(module)
        except ModuleNotFoundError:  # one of the packages above it is not there
            found = None
        if found is None:
            raise HandstreamError("--trace-sample-ratio needs OpenTelemetry. Install it with: pip install 'handstream[telemetry]'")


class FrameTelemetry:
    """Makes spans of the frames of one application. Belongs to the event loop's thread; another one sends the spans."""

    def __init__(self, ratio: float, processor: SpanProcessor | None = None) -> None:
        """Begins.

        Args:
            ratio: The part of the frames that is sampled, 0..1.
            processor: Where the spans go; None sends them to the collector that the environment names.

        Raises:
            HandstreamError: The extra is not installed.
        """
        processor = processor or _to_collector()
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased  # noqa: PLC0415

        self._ratio = ratio
        resource = Resource.create({SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME", "handstream")})
        self._provider = TracerProvider(sampler=ParentBased(ALWAYS_ON), resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("handstream", __version__)

    def observer(self, headers: Mapping[str, str]) -> Callable[[AnsweredFrame], None]:
        """What is to be called with each frame that a connection answered, whose upgrade request had those headers."""
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        context = TraceContextTextMapPropagator().extract(dict(headers))
        share = random.random()  # noqa: S311 - so that of short sessions too the right part is sampled

        def answered(frame: AnsweredFrame) -> None:
            nonlocal share
            share += self._ratio
            if share >= 1:
                share -= 1
                self._record(frame, context)

        return answered

    def close(self) -> None:
        """Sends what is left. It blocks for 2 s at most."""
        closing = threading.Thread(target=self._provider.shutdown, name="handstream-telemetry", daemon=True)
        closing.start()
        closing.join(_CLOSE_WITHIN_S)

    def _record(self, frame: AnsweredFrame, context: Context) -> None:
        from opentelemetry.trace import SpanKind, set_span_in_context  # noqa: PLC0415

        time_ns = frame.receive_time_ns + time.time_ns() - time.monotonic_ns()  # spans have the time of day
        attributes: dict[str, str | int] = {
            "handstream.session": frame.session,
            "handstream.frame_id": frame.frame_id,
            "handstream.hands": frame.hands,
            "handstream.received_bytes": frame.received_bytes,
            "handstream.sent_bytes": frame.sent_bytes,
        }
        parent = self._tracer.start_span("frame", context, SpanKind.SERVER, attributes, start_time=time_ns)
        below = set_span_in_context(parent, context)
        for stage, span_ns in frame.spans_ns.items():
            child = self._tracer.start_span(stage.value, below, start_time=time_ns)
            time_ns += span_ns
            child.end(time_ns)
        parent.end(time_ns)


def _to_collector() -> SpanProcessor:
    check_telemetry()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    return BatchSpanProcessor(OTLPSpanExporter())
