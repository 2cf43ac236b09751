"""Settings of the process that serves: tests/bench shows what each gives."""

import ctypes
import gc
import logging
import signal
from typing import NoReturn

M_TRIM_THRESHOLD, M_TOP_PAD = -1, -2
"""Of glibc's mallopt."""
KEPT = 256 * 2**20
AHEAD = 16 * 2**20


def settle() -> None:
    """Make the process ready to serve: what is loaded by now stays, so that the garbage collector need
    not look at it again, and looks seldom, since an answer is thousands of objects and no cycle. Memory
    that an answer took is kept for the next, where the C library can."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, KEPT)
        mallopt(M_TOP_PAD, AHEAD)
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def log_operations() -> None:
    """Write a line for each operation to the error output: how it was run, how long and at what cost."""
    logging.basicConfig(format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("gateway.operation").setLevel(logging.INFO)


def end_on_signals() -> None:
    """End in order when the process is told to stop, or its terminal is gone."""
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, _terminate)


def _stop(_signal: int, _frame: object) -> NoReturn:
    """Ends the command in order; uvicorn finishes its requests first and then calls this."""
    raise SystemExit(0)


def _terminate(_signal: int, _frame: object) -> None:
    """The terminal is gone, of which uvicorn knows nothing."""
    signal.raise_signal(signal.SIGTERM)
