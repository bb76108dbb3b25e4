"""Several processes on one port: `run_supervised` starts them, replaces one that dies or hangs, and ends them all in a set time.

Theory of operation
-------------------

A crash in native code takes its process with it, and a hang cannot be interrupted. So `workers` processes serve side by side, each with
its own event loop, engine and sessions, and what befalls one ends its sessions alone: their clients connect again, and since all processes
accept from one listening socket, one that lives takes them at once. The supervisor holds that socket too, so the port stays bound whatever
happens, and does nothing else that could fail: it sees no client's byte.

Each worker reports several times a second through a pipe (`server/worker.py`): whether it is ready, and whether its watchdog found
something stuck. The supervisor sleeps until there is a report, a death or a signal.

    a worker has ended                       --> another is started; the more often it dies young, the later
    it reports a problem, or nothing at all  --> it is killed, and so has ended
    the engine could not be loaded           --> if no worker has ever been ready, all end, and the supervisor says why
    SIGTERM, SIGINT                          --> the workers drain; what has not ended within `stop_within_s` is killed
    a second signal                          --> what has not ended is killed now
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import tempfile
import time
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING

from handstream.errors import HandstreamError
from handstream.server.metrics import METRICS_DIRECTORY_VARIABLE
from handstream.server.neighbours import Neighbours
from handstream.server.run import address, bind, prepared
from handstream.server.worker import check_shares, serve_reporting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.context import SpawnProcess

    from handstream.server.settings import ServerSettings
    from handstream.server.worker import Report

__all__ = ["Supervisor", "run_supervised"]

logger = logging.getLogger(__name__)

_TICK_S = 0.25
"""How often silence is looked for. Reports, deaths and signals end the sleep at once."""

_START_WITHIN_S = 60.0
"""How long a worker may take until its first report: it imports its libraries until then, on a machine that may be busy."""

_LIVES_LONG_S = 10.0
"""A worker that lived for so long died of something new, so the next one is started at once."""

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
"""Between these, doubling, lie the pauses after workers that died young: a fault of every start shall not burn the machine."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_supervised(settings: ServerSettings, *, on_listening: Callable[[str], None], on_ready: Callable[[], None]) -> None:
    """Serves with several processes until this one is told to stop (SIGINT, SIGTERM). Blocks.

    Args:
        settings: The server's settings; `workers` says how many processes.
        on_listening: Called with the server's address once its port is bound.
        on_ready: Called once, when every worker takes sessions.

    Raises:
        HandstreamError: The port cannot be bound, a limit is too small for so many processes, or the engine could not be loaded.
    """
    check_shares(settings)
    with (
        prepared(settings) as settings,  # noqa: PLR1704 - the same, with a certificate
        _common_folder() as folder,
        bind(settings.host, settings.port) as listener,
    ):
        on_listening(address(listener, settings))
        Supervisor(settings, listener, folder, on_ready=on_ready).run()


@contextmanager
def _common_folder() -> Iterator[Path]:
    """Where the workers find each other, and add up what they tell Prometheus unless the environment names another place for that."""
    with tempfile.TemporaryDirectory(prefix="handstream-") as folder:
        is_ours = os.environ.setdefault(METRICS_DIRECTORY_VARIABLE, folder) == folder
        try:
            yield Path(folder)
        finally:
            if is_ours:
                del os.environ[METRICS_DIRECTORY_VARIABLE]


class Supervisor:
    """The processes of one server. It belongs to the main thread, as signals do."""

    def __init__(self, settings: ServerSettings, listener: socket.socket, folder: Path, *, on_ready: Callable[[], None]) -> None:
        """Starts nothing yet.

        Args:
            settings: The server's settings; `workers` says how many processes.
            listener: The bound socket that all of them accept from.
            folder: A folder that only this user may enter, where they find each other.
            on_ready: Called once, when every worker takes sessions.
        """
        self._settings = settings
        self._listener = listener
        self._folder = folder
        self._on_ready = on_ready
        self._places = [_Place(index) for index in range(settings.workers)]
        self._was_ready = False
        self._signals = 0

    def run(self) -> None:
        """Serves until the process is told to stop. Blocks.

        Raises:
            HandstreamError: The engine could not be loaded.
        """
        with _told_of_signals(self._signalled) as awakened:
            try:
                while self._signals == 0:
                    self._fill_places()
                    self._sleep(awakened)
                    self._look_after()
            finally:
                self._stop(awakened)

    def _signalled(self) -> None:
        self._signals += 1

    def _fill_places(self) -> None:
        for place in self._places:
            if place.worker is None and time.monotonic() >= place.start_at_s:
                try:
                    place.worker = _Worker(self._settings, self._listener, Neighbours(self._folder, place.index))
                except OSError as error:  # no memory or no more processes for now; those that serve go on
                    pause_s = place.fail()
                    logger.error("worker %d could not be started (%s); another try in %.1f s", place.index, error, pause_s)  # noqa: TRY400
                else:
                    logger.debug("worker %d started as process %d", place.index, place.worker.pid)

    def _sleep(self, awakened: socket.socket) -> None:
        """Until there is something to do, and takes the reports that have come."""
        workers = [place.worker for place in self._places if place.worker is not None]
        wait([awakened, *(worker.reports for worker in workers), *(worker.sentinel for worker in workers)], _TICK_S)
        with suppress(BlockingIOError):
            awakened.recv(64)
        for worker in workers:
            worker.take_reports()

    def _look_after(self) -> None:
        for place in self._places:
            worker = place.worker
            if worker is None:
                continue
            if worker.failure is not None and not self._was_ready:
                raise HandstreamError(worker.failure, code="not_ready")
            if not worker.is_alive:
                self._bury(place, worker)
            elif (problem := worker.problem(self._settings.frame_deadline_s)) is not None:
                logger.error("worker %d (process %d) is killed: %s", place.index, worker.pid, problem)
                worker.kill()
        if not self._was_ready and all(place.worker is not None and place.worker.is_ready for place in self._places):
            self._was_ready = True
            self._on_ready()

    def _bury(self, place: _Place, worker: _Worker) -> None:
        pause_s = place.leave(worker)
        when = f"in {pause_s:.1f} s" if pause_s else "now"
        logger.error("worker %d (process %d) ended with %s; another starts %s", place.index, worker.pid, worker.exit_text, when)

    def _stop(self, awakened: socket.socket) -> None:
        """Ends every worker: by asking, and after the time that is set, or at another signal, by force."""
        workers = [place.worker for place in self._places if place.worker is not None]
        for worker in workers:
            worker.terminate()
        asked = self._signals
        deadline_s = time.monotonic() + self._settings.stop_within_s
        while (alive := [worker for worker in workers if worker.is_alive]) and time.monotonic() < deadline_s and self._signals == asked:
            wait([awakened, *(worker.sentinel for worker in alive)], max(0.0, deadline_s - time.monotonic()))
            with suppress(BlockingIOError):
                awakened.recv(64)
        for worker in alive:
            logger.error("process %d has not ended in time and is killed", worker.pid)
            worker.kill()
        for worker in workers:
            worker.close()


class _Place:
    """Where one worker serves after another."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.worker: _Worker | None = None
        self.start_at_s = 0.0
        self._died_young = 0

    def leave(self, worker: _Worker) -> float:
        """That worker has ended. Returns after what pause the next one starts, in seconds."""
        self._died_young = 0 if worker.age_s >= _LIVES_LONG_S else self._died_young + 1
        self.worker = None
        worker.close()
        return self._pause()

    def fail(self) -> float:
        """No worker could be started. Returns after what pause another try is made, in seconds."""
        self._died_young = max(1, self._died_young) + 1  # a pause in any case
        return self._pause()

    def _pause(self) -> float:
        pause_s = 0.0 if self._died_young <= 1 else min(_FIRST_PAUSE_S * 2.0 ** (self._died_young - 2), _LONGEST_PAUSE_S)
        self.start_at_s = time.monotonic() + pause_s
        return pause_s


class _Worker:
    """One process, and what it has reported."""

    def __init__(self, settings: ServerSettings, listener: socket.socket, neighbours: Neighbours) -> None:
        # A fresh interpreter, since threads and native libraries do not survive a fork.
        spawn = multiprocessing.get_context("spawn")
        self.reports, theirs = spawn.Pipe(duplex=False)
        arguments = (settings, listener, neighbours, theirs)
        self._process: SpawnProcess = spawn.Process(target=serve_reporting, args=arguments, name="handstream-worker")
        self._process.start()
        theirs.close()
        assert self._process.pid is not None
        self.pid = self._process.pid
        self.exit_text = ""
        self._started_s = time.monotonic()
        self._report: Report | None = None
        self._reported_s = self._started_s

    @property
    def sentinel(self) -> int:
        """What is readable once the process has ended."""
        return self._process.sentinel

    @property
    def age_s(self) -> float:
        """For how long it has lived."""
        return time.monotonic() - self._started_s

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.is_alive()

    @property
    def is_ready(self) -> bool:
        """Whether it takes sessions, as it has reported."""
        return self._report is not None and self._report.is_ready

    @property
    def failure(self) -> str | None:
        """Why its engine could not be loaded."""
        return None if self._report is None else self._report.failure

    def problem(self, deadline_s: float) -> str | None:
        """Why it is to be killed: what it says of itself, or that it says nothing."""
        if self._report is not None and self._report.problem is not None:
            return self._report.problem
        silent_s = time.monotonic() - self._reported_s
        if silent_s > (max(_START_WITHIN_S, deadline_s) if self._report is None else deadline_s):
            return f"It has not reported for {silent_s:.1f} s."
        return None

    def take_reports(self) -> None:
        """Reads what has come. A process that has ended reports no more."""
        with suppress(EOFError, OSError):
            while self.reports.poll():
                self._report = self.reports.recv()
                self._reported_s = time.monotonic()

    def terminate(self) -> None:
        """Asks it to end (SIGTERM)."""
        self._process.terminate()

    def kill(self) -> None:
        """Ends it (SIGKILL)."""
        self._process.kill()

    def close(self) -> None:
        """Waits for its end, which is certain, and gives back what it held here."""
        self._process.join()
        code = self._process.exitcode or 0
        self.exit_text = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        self.reports.close()


@contextmanager
def _told_of_signals(signalled: Callable[[], None]) -> Iterator[socket.socket]:
    """Calls that for each signal to stop. Gives a socket that has something to read then, so that a sleep on it ends."""
    awakened, awakening = socket.socketpair()
    with awakened, awakening:
        awakened.setblocking(False)
        awakening.setblocking(False)
        wakeup_before = signal.set_wakeup_fd(awakening.fileno(), warn_on_full_buffer=False)
        before = {number: signal.signal(number, lambda *_: signalled()) for number in _SIGNALS}
        try:
            yield awakened
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(wakeup_before)
