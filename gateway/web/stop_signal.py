"""Handles signals to stop the server, from before its modules are imported until it serves."""

import signal
from collections.abc import Callable, Coroutine
from typing import Any


class StopSignal:
    """Whether this process has received a signal to stop. The handler does not raise, because Python
    would drop the exception within a finaliser or a callback of C code, and the signal would be
    lost."""

    def __init__(self) -> None:
        self.is_received = False
        self._cancel: Callable[[], object] = lambda: None

    def install(self) -> None:
        """Stop cleanly on SIGINT and SIGTERM, and on SIGHUP when the terminal is closed."""
        signal.signal(signal.SIGINT, self._receive)
        signal.signal(signal.SIGTERM, self._receive)
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, _terminate)

    def check(self) -> None:
        """End the command between two steps of its start if a signal was received."""
        if self.is_received:
            raise SystemExit(0)

    async def run(self, step: Coroutine[Any, Any, None]) -> None:
        """Run a step of the start. A signal cancels the step and ends the command."""
        import asyncio  # noqa: PLC0415 - the handlers are installed before anything takes time to import

        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(step)
        self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        if self.is_received:
            task.cancel()
        await asyncio.wait([task])
        self._cancel = lambda: None
        self.check()
        task.result()

    def _receive(self, _signal: int, _frame: object) -> None:
        self.is_received = True
        self._cancel()


STOP_SIGNAL = StopSignal()


def _terminate(_signal: int, _frame: object) -> None:
    """Treat SIGHUP as SIGTERM, because uvicorn does not handle it."""
    signal.raise_signal(signal.SIGTERM)
