"""A process that computes for a benchmark: `Worker` calls functions there, one after another.

It is used where `multiprocessing.Pool` would hang: whatever signal ends whichever process, and at whatever moment, `close` ends, and a
worker whose owner is gone ends by itself.
"""

from __future__ import annotations

import multiprocessing
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from handstream.errors import HandstreamError

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

__all__ = ["Worker"]

_END_TIMEOUT_S = 5.0


class Worker:
    """One process, from its making to `close`. Used by one thread. Functions, arguments and results must be such that pickle takes them."""

    def __init__(self, prepare: Callable[..., object], *arguments: object) -> None:
        """Starts the process and lets it call `prepare`; does not wait for it."""
        context = multiprocessing.get_context("spawn")
        self._connection, far_end = context.Pipe()
        self._process = context.Process(target=_work, args=(far_end,), daemon=True)
        self._process.start()
        far_end.close()
        self.start(prepare, *arguments)

    def start(self, function: Callable[..., object], *arguments: object) -> None:
        """Begins a call; its result must be taken before the next."""
        with suppress(OSError):  # `result` says that the process is gone
            self._connection.send((function, arguments))

    def result(self, timeout_s: float) -> Any:
        """Waits for what the call returns.

        Raises:
            HandstreamError: The process is gone, or does not answer in time.
            Exception: What the call raised.
        """
        try:
            if not self._connection.poll(timeout_s):
                raise HandstreamError(f"A process of the benchmark did not answer within {timeout_s:.0f} s.", code="bench_failed")
            value, error = self._connection.recv()
        except (EOFError, OSError) as lost:
            raise HandstreamError("A process of the benchmark was ended.", code="bench_failed") from lost
        if error is not None:
            raise error
        return value

    def close(self) -> None:
        """Ends the process, whatever it does. A second call does nothing."""
        self._connection.close()
        self._process.kill()
        self._process.join(_END_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _work(connection: Connection) -> None:
    """In the process: calls what it is told, until its owner is gone. Ctrl-C is for the owner, which ends this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        while True:
            function, arguments = connection.recv()
            try:
                value, failure = function(*arguments), None
            except Exception as error:  # noqa: BLE001 - the owner raises it
                value, failure = None, error
            connection.send((value, failure))
