"""Where a compiled network infers."""

from __future__ import annotations

import time

from handstream.vision.engines.compiled import CompiledNetwork, Layout, Request, open_core
from handstream.vision.engines.networks import LANDMARK_SHAPE
from handstream.vision.models import find_models


def own_time_s(request: Request) -> float:
    """The processor time that the asking thread itself spends on some inferences."""
    request.run()
    began_s = time.thread_time()
    for _ in range(5):
        request.run()
    return time.thread_time() - began_s


def test_an_inference_on_one_thread_runs_on_the_thread_that_asks() -> None:
    """Handed over to a thread of OpenVINO's, it would cost the asking one a twentieth."""
    core, model = open_core(), find_models(0).landmark
    alone, narrow = (CompiledNetwork(core, model, LANDMARK_SHAPE, Layout(streams, 1), "f32") for streams in (1, 2))
    with alone.request() as only, narrow.request() as first, narrow.request() as second:
        least_s = own_time_s(only) / 3
        assert own_time_s(first) > least_s
        assert own_time_s(second) > least_s
