"""Where a compiled network infers."""

from __future__ import annotations

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from handstream.vision.background import threads_named
from handstream.vision.engines import compiled
from handstream.vision.engines.compiled import CompiledNetwork, Layout, Request, compile_yielding, open_core
from handstream.vision.engines.networks import LANDMARK_SHAPE, PALM_SHAPE
from handstream.vision.models import find_models
from tests.processors import binds_threads, on_processor

if TYPE_CHECKING:
    from collections.abc import Callable


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
    alone, narrow = (CompiledNetwork(core, model, LANDMARK_SHAPE, Layout(streams, 1)) for streams in (1, 2))
    with alone.request() as only, narrow.request() as first, narrow.request() as second:
        least_s = own_time_s(only) / 3
        assert own_time_s(first) > least_s
        assert own_time_s(second) > least_s


def test_what_the_inferences_need_is_there_before_the_first() -> None:
    """A model takes memory when it first runs, 5 MB of it: a server would grow on the day when all cores are first in use at once."""
    network = CompiledNetwork(open_core(), find_models(0).landmark, LANDMARK_SHAPE, Layout(4, 1))
    before_bytes = psutil.Process().memory_info().rss
    with ExitStack() as lent:
        for request in [lent.enter_context(network.request()) for _ in range(4)]:
            request.run()
    assert psutil.Process().memory_info().rss - before_bytes < 5e6


def helpers_may_run_on() -> set[int]:
    """The processors of the threads that OpenVINO has started for inferences."""
    return set[int]().union(*(os.sched_getaffinity(thread) for thread in threads_named("hs-inference")))


@binds_threads
@pytest.mark.parametrize(
    ("layout", "infer", "makes_them_leave"),
    [
        (Layout(1, 2), Request.run, True),
        (Layout(2, 1), Request.run, False),
        (Layout(2, 1), Request.start, True),
    ],
)
def test_threads_that_are_to_help_leave_the_processor_of_the_one_that_asks(
    layout: Layout, infer: Callable[[Request], None], *, makes_them_leave: bool
) -> None:
    """Woken, they would wait for it where a kernel keeps the others for a heavier load."""
    first, second, *_ = sorted(os.sched_getaffinity(0))
    network = CompiledNetwork(open_core(), find_models(0).landmark, LANDMARK_SHAPE, layout)
    with network.request() as request:
        for processor, another in ((first, second), (second, first)):
            for at, ask in ((another, Request.start), (processor, infer)):
                with on_processor(at):
                    ask(request)
                    request.wait()
                time.sleep(0.02)  # As long as TBB's threads are awake, they may run where TBB lets them.
            assert (processor not in helpers_may_run_on()) == makes_them_leave


def compiled_by_and_helpers(_: int) -> tuple[int, list[int]]:
    """Compiles a network; gives the number of the thread that did, and those of the threads that were then found to help."""
    CompiledNetwork(open_core(), find_models(0).palm, PALM_SHAPE, Layout(1, 2))
    return threading.get_native_id(), list(compiled._helpers._threads)


@binds_threads
def test_a_thread_that_compiles_is_none_of_those_that_help() -> None:
    """It bears their name meanwhile. Kept off a processor, it would hand that down to all that it starts."""
    with ThreadPoolExecutor(2) as pool:
        compilers, helpers = zip(*pool.map(compiled_by_and_helpers, range(4)), strict=True)
    assert all(helpers)
    assert not any(set(compilers) & set(found) for found in helpers)


def yielding_threads() -> dict[int, int]:
    """How long each thread of this process that has the lowest priority has run, in ns."""
    threads = [int(task.name) for task in Path("/proc/self/task").iterdir()]
    return {
        thread: int(Path(f"/proc/self/task/{thread}/schedstat").read_text().split()[0])
        for thread in threads
        if os.sched_getscheduler(thread) == os.SCHED_IDLE
    }


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has SCHED_IDLE")
def test_what_no_picture_waits_for_is_inferred_on_threads_that_yield() -> None:
    others = yielding_threads()
    requests = compile_yielding(open_core(), find_models(0).palm, PALM_SHAPE, streams=2, requests_each=2)
    before_ns = yielding_threads()
    assert len(before_ns) == len(others) + 2
    for request in requests[:2]:
        request.start()
        request.wait()
    worked = {thread for thread, run_ns in yielding_threads().items() if run_ns - before_ns[thread] > 1e6}
    assert worked == before_ns.keys() - others.keys()
    assert all(request.is_done() for request in requests)
