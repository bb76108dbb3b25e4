"""Processes that compute for a benchmark, and their ends."""

from __future__ import annotations

import operator
import os
import signal
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from handstream.bench.worker import Worker
from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Iterator


def nothing() -> None:
    """What there is to prepare here."""


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(nothing) as worker:
        worker.result(60)
        yield worker


def test_calls_one_after_another(worker: Worker) -> None:
    for number in range(3):
        worker.start(operator.add, number, 1)
        assert worker.result(60) == number + 1


def test_what_a_call_raises_is_raised_here(worker: Worker) -> None:
    worker.start(operator.truediv, 1, 0)
    with pytest.raises(ZeroDivisionError):
        worker.result(60)


def test_ctrl_c_is_not_for_the_worker_and_its_death_is_told() -> None:
    with Worker(os.getpid) as worker:
        pid = worker.result(60)
        os.kill(pid, signal.SIGINT)
        worker.start(operator.add, 1, 1)
        assert worker.result(60) == 2
        os.kill(pid, signal.SIGTERM)
        psutil.Process(pid).wait(60)
        worker.start(operator.add, 1, 1)
        with pytest.raises(HandstreamError, match="was ended"):
            worker.result(60)


def test_the_end_does_not_wait_for_a_call() -> None:
    worker = Worker(os.getpid)
    pid = worker.result(60)
    worker.start(time.sleep, 60)
    with pytest.raises(HandstreamError, match="did not answer"):
        worker.result(0.01)
    worker.close()
    worker.close()
    assert not psutil.pid_exists(pid)
