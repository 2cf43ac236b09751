"""A file for log lines, written without blocking."""

import os
import select
import threading
import time
from collections.abc import Callable

from structlog.typing import EventDict

MOST_WAITING = 2_000_000
"""Characters that may wait to be written; further lines are dropped."""

EVENT_SIZE = 1_000
"""Characters that an event counts as while it waits; its line is usually shorter."""

PAUSE = 0.05
"""Seconds between two writes, so that a busy gateway writes many lines at once."""

LAST = 1
"""Seconds that `close` waits for a reader."""


class LogWriter:
    """Writes to a file descriptor in a separate thread, however slow its reader is.

    The thread also turns events into lines, with `render`: many at once take much less time than one
    after each request. If the reader does not keep up, lines are dropped, and the next line is what
    `dropped` returns for their number."""

    def __init__(
        self, descriptor: int, dropped: Callable[[int], str], render: Callable[[EventDict], str]
    ) -> None:
        self._descriptor = descriptor
        self._dropped = dropped
        self._render = render
        self._lock = threading.Lock()
        self._waiting: list[str | EventDict] = []
        self._size = self._lost = 0
        self._is_ready, self._is_ending = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def write(self, text: str) -> int:
        return self._add(text, len(text))

    def write_event(self, event: EventDict) -> None:
        """Write the line of an event, whose values must not change any more."""
        self._add(event, EVENT_SIZE)

    def _add(self, entry: str | EventDict, size: int) -> int:
        with self._lock:
            if self._size > MOST_WAITING:
                self._lost += 1
                return 0
            self._waiting.append(entry)
            self._size += size
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log", daemon=True)
                self._thread.start()
        if not self._is_ready.is_set():
            self._is_ready.set()
        return size

    def flush(self) -> None:
        """Nothing to do: lines are written soon anyway."""

    def close(self) -> None:
        """Write the waiting lines, unless there is no reader."""
        self._is_ending.set()
        self._is_ready.set()
        if self._thread is not None:
            self._thread.join(LAST)

    def _run(self) -> None:
        while self._waiting or not self._is_ending.is_set():
            self._is_ready.wait()
            self._is_ready.clear()
            self._write(self._take())
            self._is_ending.wait(PAUSE)

    def _take(self) -> str:
        with self._lock:
            entries, self._waiting = self._waiting, []
            lost, self._lost, self._size = self._lost, 0, 0
        lines = [each if isinstance(each, str) else self._render(each) for each in entries]
        if lost:
            lines.append(self._dropped(lost))
        return "".join(lines)

    def _write(self, text: str) -> None:
        left = memoryview(text.encode(errors="backslashreplace"))
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [], PAUSE)
            except OSError:
                time.sleep(PAUSE)  # the reader has gone
                return
