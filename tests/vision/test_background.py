"""Of the threads that one starts, the one that works yields to all others, and no other."""

from __future__ import annotations

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from handstream.vision.background import naming_threads, yield_to_others

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has SCHED_IDLE, and tells of threads in /proc")


def work() -> int:
    """Takes some processor time; gives the number of the thread that did it."""
    end_s = time.thread_time() + 0.02
    while time.thread_time() < end_s:
        pass
    return threading.get_native_id()


def own_name() -> str:
    return Path("/proc/thread-self/comm").read_text().removesuffix("\n")


@linux_only
def test_the_thread_that_works_yields_and_no_other() -> None:
    with ThreadPoolExecutor(1) as worker, ThreadPoolExecutor(1) as idle, ThreadPoolExecutor(1) as other:
        with naming_threads("hs-test-1"):
            worker.submit(own_name).result()
            idle.submit(own_name).result()
        assert other.submit(own_name).result() != "hs-test-1"
        assert (
            yield_to_others("hs-test-1", lambda: [worker.submit(work).result(), other.submit(work).result()])
            == worker.submit(work).result()
        )
        assert worker.submit(os.sched_getscheduler, 0).result() == os.SCHED_IDLE
        assert idle.submit(os.sched_getscheduler, 0).result() == os.SCHED_OTHER
        assert other.submit(os.sched_getscheduler, 0).result() == os.SCHED_OTHER
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@linux_only
def test_the_starting_thread_gets_its_name_back() -> None:
    before = own_name()
    with naming_threads("hs-test-2"):
        assert own_name() == "hs-test-2"
    assert own_name() == before


def test_no_thread_is_chosen_where_none_worked() -> None:
    assert yield_to_others("hs-test-3", lambda: None) is None


@linux_only
def test_where_it_is_forbidden_the_thread_goes_on_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object) -> None:
        raise PermissionError("a sandbox")

    monkeypatch.setattr(os, "sched_setscheduler", forbid)
    with ThreadPoolExecutor(1) as worker:
        with naming_threads("hs-test-4"):
            worker.submit(own_name).result()
        assert yield_to_others("hs-test-4", lambda: worker.submit(work).result()) is None
        assert worker.submit(os.sched_getscheduler, 0).result() == os.SCHED_OTHER
