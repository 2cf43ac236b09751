"""Several server processes behind one listener."""

import atexit
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from gateway.web.stop_signal import STOP_SIGNAL

log = logging.getLogger("gateway.workers")

QUICK = 5.0
"""Seconds within which a worker has failed to start. If the first workers do, all of them are stopped."""

PAUSE = 1.0
"""Seconds before a worker that has failed to start is replaced."""

MARGIN = 1.0
"""Seconds that a worker may take beyond its time for a stop before it is killed."""

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Workers:
    """Runs `serve` in `count` processes, each of which gets the id of this one, and replaces those that end.
    A signal stops all of them within `stop_seconds`."""

    count: int
    serve: Callable[[int], None]
    stop_seconds: float
    _begun: dict[int, float] = field(default_factory=dict)
    """The time at which each worker began, by process id."""
    _is_stopping: bool = False
    _have_started: bool = False
    _failure: int = 0

    def run(self) -> int:
        """The exit code, once a signal has stopped all workers: 1 if one had to be killed, and that of the first
        worker that fails if none can start."""
        for number in STOPS:
            signal.signal(number, self._stop)
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)  # except between two steps
        self._is_stopping = STOP_SIGNAL.is_received
        for _ in range(self.count):
            self._begin()
        while not self._is_stopping:
            self._replace_ended()
            self._sleep(0.1)
        return self._finish()

    def _stop(self, _signal: int, _frame: object) -> None:
        self._is_stopping = True

    def _sleep(self, seconds: float) -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        time.sleep(seconds)
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)

    def _begin(self) -> None:
        parent = os.getpid()
        process = os.fork()
        if process == 0:
            self._work(parent)
        self._begun[process] = time.monotonic()

    def _work(self, parent: int) -> NoReturn:
        STOP_SIGNAL.install()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        code = 1
        try:
            self.serve(parent)
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            log.exception("a worker failed")
        finally:
            atexit._run_exitfuncs()  # noqa: SLF001 - they end the log, and only this process must not go on
            sys.stdout.flush()
            os._exit(code)

    def _replace_ended(self) -> None:
        for process, code, seconds in self._ended():
            has_started = seconds >= QUICK
            self._have_started = self._have_started or has_started
            if not self._have_started and code > 0:
                self._is_stopping, self._failure = True, code
                return
            log.error("worker %d ended with code %d and is replaced", process, code)
            if not has_started:
                self._sleep(PAUSE)
            if not self._is_stopping:
                self._begin()

    def _ended(self) -> list[tuple[int, int, float]]:
        """The workers that have ended since the last call, with their exit codes and the seconds that they
        ran. Nothing may be sent to them any more: another process can get their ids."""
        result = []
        for process in list(self._begun):
            done, status = os.waitpid(process, os.WNOHANG)
            if done:
                seconds = time.monotonic() - self._begun.pop(process)
                result.append((process, os.waitstatus_to_exitcode(status), seconds))
        return result

    def _finish(self) -> int:
        for process in self._begun:
            os.kill(process, signal.SIGTERM)
        end = time.monotonic() + self.stop_seconds + MARGIN
        while self._begun and time.monotonic() < end:
            self._ended()
            time.sleep(0.02)
        for process in self._begun:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        return 1 if self._begun else self._failure
