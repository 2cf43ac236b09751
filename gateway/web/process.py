"""The set-up of the server process. tests/bench measures the effect of each setting."""

import asyncio
import ctypes
import gc
import logging
import signal
import warnings
from collections.abc import Callable, Coroutine
from typing import Any

M_TRIM_THRESHOLD, M_TOP_PAD = -1, -2
"""Parameters of glibc's mallopt."""
TRIM_THRESHOLD = 256 * 2**20
TOP_PAD = 16 * 2**20


def tune_memory() -> None:
    """Tune memory for serving. Objects that are loaded by now stay, so the garbage collector ignores them.
    It also runs rarely, because a response consists of thousands of objects without cycles. If the C
    library allows it, memory freed after a response is kept for the next one."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD)
        mallopt(M_TOP_PAD, TOP_PAD)
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def log_operations() -> None:
    """Log a line for each operation to standard error: how it was executed, its duration and its cost."""
    logging.basicConfig(format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("gateway.operation").setLevel(logging.INFO)


def ignore_abandoned_coroutines() -> None:
    """Do not warn of coroutines that graphql-core and Strawberry leave behind when a client disconnects."""
    warnings.filterwarnings(
        "ignore", "coroutine '(Executor|GraphQLCoreConverter)[.]", RuntimeWarning
    )


class StopSignal:
    """Whether this process has received a signal to stop. The handler raises nothing, since Python would
    drop an exception within a finaliser or a callback of C code, and the stop would be lost."""

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
        """End the command if the signal was received, between two steps of its start."""
        if self.is_received:
            raise SystemExit(0)

    async def run(self, step: Coroutine[Any, Any, None]) -> None:
        """Run a step of the start, which the signal cancels. Ends the command in that case."""
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
