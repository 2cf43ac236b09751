"""The set-up of the server process. tests/bench measures the effect of each setting."""

import ctypes
import gc
import warnings

M_TRIM_THRESHOLD, M_TOP_PAD = -1, -2
"""Parameters of glibc's mallopt."""
TRIM_THRESHOLD = 256 * 2**20
TOP_PAD = 16 * 2**20


def tune_memory() -> None:
    """Tune memory for serving. The garbage collector ignores the objects loaded so far, which are never
    freed. It also runs rarely, because a response consists of thousands of objects without cycles. If
    the C library allows it, memory that a response frees is reused for the next one."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD)
        mallopt(M_TOP_PAD, TOP_PAD)
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def ignore_abandoned_coroutines() -> None:
    """Do not warn of coroutines that graphql-core and Strawberry leave behind when a client disconnects."""
    warnings.filterwarnings(
        "ignore", "coroutine '(Executor|GraphQLCoreConverter)[.]", RuntimeWarning
    )
