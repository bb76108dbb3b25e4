"""What the machine carries, tried for three seconds: `try_capacity`."""

from __future__ import annotations

import threading
import time
from itertools import cycle
from typing import TYPE_CHECKING

from handstream.demo import frames, truth
from handstream.doctor.finding import Finding
from handstream.errors import HandstreamError
from handstream.pipeline import FramePipeline
from handstream.processors import usable_cpus
from handstream.vision.codec import encode_jpeg
from handstream.vision.engines import open_engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handstream.server.settings import ServerSettings

__all__ = ["try_capacity"]

SECONDS = 3.0
_WARM_UP_S = 0.5
_PICTURES = 60
_JPEG_QUALITY = 80
_CAMERA_FPS = 30
_USABLE = 0.6
"""The part of the frames that sessions can have: one that is filled to its brim makes them wait, and clients may share it."""

_ADVICE = "handstream bench capacity measures it: as many sessions as are answered within 33 ms."


def try_capacity(settings: ServerSettings) -> Finding:
    """Processes the demo clip on all threads of a server at once, as fast as they can. Blocks for some five seconds.

    What a server adds, and what its clients take where they share the machine, is allowed for by a share of the frames.
    """
    subject = "capacity"
    try:
        frames_per_second = _frames_per_second(settings)
    except HandstreamError as error:
        return Finding("bad", subject, f"the trial failed: {error}", "Mend what stands in the way above, then try again.")
    sessions = int(frames_per_second * _USABLE / _CAMERA_FPS)
    tried = f"{frames_per_second:.0f} annotated frames of 640x480 a second in a trial of {SECONDS:.0f} s"
    text = f"{tried}, of which sessions can have {100 * _USABLE:.0f} %"
    if sessions == 0:
        advice = f"Send fewer frames, smaller pictures or --output landmarks, or use a faster machine. {_ADVICE}"
        return Finding("note", subject, f"{text}: not enough for one session at {_CAMERA_FPS} frames/s", advice)
    return Finding("good", subject, f"{text}: about {sessions} session{'s' * (sessions > 1)} at {_CAMERA_FPS} frames/s", _ADVICE)


def _frames_per_second(settings: ServerSettings) -> float:
    start = truth().frames_of("gestures").start
    pictures = [encode_jpeg(rgb, _JPEG_QUALITY) for rgb in frames(start, start + _PICTURES)]
    with open_engine(settings.engine, models=settings.models, precision=settings.precision) as engine:
        pipelines = [FramePipeline(engine) for _ in range(settings.threads or usable_cpus())]
        for pipeline in pipelines:
            pipeline.process_frame(pictures[0], settings.session_settings)
        return _flat_out(pipelines, pictures, settings)


def _flat_out(pipelines: Sequence[FramePipeline], pictures: Sequence[bytes], settings: ServerSettings) -> float:
    """Frames a second, of all pipelines together, each on a thread of its own."""
    counts = [0] * len(pipelines)
    begin_s = time.monotonic() + _WARM_UP_S
    end_s = begin_s + SECONDS

    def work(index: int) -> None:
        for picture in cycle(pictures):
            pipelines[index].process_frame(picture, settings.session_settings)
            now_s = time.monotonic()
            if now_s >= end_s:
                break
            counts[index] += now_s >= begin_s

    threads = [threading.Thread(target=work, args=(index,), name=f"handstream-trial-{index}") for index in range(len(pipelines))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for pipeline in pipelines:
        pipeline.close()
    return sum(counts) / SECONDS
