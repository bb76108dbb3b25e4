"""The threads that help leave the processor of the thread that asks, and no other one."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from handstream.vision.affinity import HelperThreads
from handstream.vision.background import naming_threads
from tests.processors import binds_threads, on_processor

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

pytestmark = binds_threads


@contextmanager
def started(name: str) -> Iterator[tuple[ThreadPoolExecutor, int]]:
    """A thread that bears that name, and its number."""
    with ThreadPoolExecutor(1) as pool:
        with naming_threads(name):
            number = pool.submit(threading.get_native_id).result()
        yield pool, number


def test_those_of_that_name_leave_the_processor_of_the_thread_that_asks() -> None:
    processors = os.sched_getaffinity(0)
    with started("hs-test-5") as (_, helper), started("hs-test-6") as (_, other):
        helpers = HelperThreads("hs-test-5")
        helpers.find()
        for processor in sorted(processors)[:2]:
            with on_processor(processor):
                helpers.leave_this_processor()
            assert os.sched_getaffinity(helper) == processors - {processor}
        assert os.sched_getaffinity(other) == processors
    assert os.sched_getaffinity(0) == processors


def test_threads_that_are_started_later_are_found_then() -> None:
    first = min(os.sched_getaffinity(0))
    helpers = HelperThreads("hs-test-7")
    with on_processor(first):
        helpers.leave_this_processor()
    with started("hs-test-7") as (_, helper):
        helpers.find()
        with on_processor(first):
            helpers.leave_this_processor()
        assert first not in os.sched_getaffinity(helper)


def test_what_somebody_else_allows_them_again_is_forbidden_again_a_moment_later() -> None:
    """TBB does that to a thread that was told while it worked."""
    time_ns = iter((0, 99_000_000, 100_000_000, 199_000_000, 200_000_000))
    processors = os.sched_getaffinity(0)
    first = min(processors)
    with started("hs-test-10") as (_, helper):
        helpers = HelperThreads("hs-test-10", time_ns.__next__)
        helpers.find()
        for is_told in (True, False, True, False, True):
            os.sched_setaffinity(helper, processors)
            with on_processor(first):
                helpers.leave_this_processor()
            assert (first not in os.sched_getaffinity(helper)) == is_told


def test_where_there_is_one_processor_alone_they_stay_there() -> None:
    first = min(os.sched_getaffinity(0))
    with started("hs-test-8") as (_, helper), on_processor(first):
        helpers = HelperThreads("hs-test-8")
        helpers.find()
        helpers.leave_this_processor()
        assert os.sched_getaffinity(helper) == {first}


def test_those_that_have_ended_or_may_not_be_bound_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    helpers = HelperThreads("hs-test-9")
    with started("hs-test-9"):
        helpers.find()
    first, second, *_ = sorted(os.sched_getaffinity(0))
    with on_processor(first):
        helpers.leave_this_processor()

    def forbid(*_: object) -> None:
        raise PermissionError("a sandbox")

    with started("hs-test-9") as (_, helper):
        helpers.find()
        with on_processor(second), monkeypatch.context() as sandbox:
            sandbox.setattr(os, "sched_setaffinity", forbid)
            helpers.leave_this_processor()
        assert second in os.sched_getaffinity(helper)
