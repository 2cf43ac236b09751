"""Leases of import jobs. Among the processes that share an import folder, one at a time runs a job."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gateway.exchange.imports.upload_folder import try_lock

SUFFIX = ".lease"
ATTEMPTS, PAUSE = 3, 0.005


@dataclass(frozen=True)
class JobLeases:
    """A file for each job in the folder `root`, which is locked by the process that has the lease. A process
    that ends loses its locks, even if it is killed."""

    root: Path

    @contextmanager
    def taken(self, key: str) -> Iterator[bool]:
        """Hold the lease of a job; False if another process holds it. A folder that cannot be written is not
        shared, so there is no other process."""
        file = self.root / f"{key}{SUFFIX}"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            lock = file.open("w")
        except OSError:
            yield True
            return
        with lock:
            is_taken = _try_again(lock) and _is_same(file, lock.fileno())
            try:
                yield is_taken
            finally:
                if is_taken:
                    file.unlink(missing_ok=True)

    def is_free(self, key: str) -> bool:
        """Whether no process holds the lease of a job at the moment."""
        try:
            with (self.root / f"{key}{SUFFIX}").open("r+") as lock:
                return try_lock(lock)
        except OSError:
            return True


def _try_again(lock: IO[str]) -> bool:
    """Lock the file, even if another process is just checking whether it is free."""
    for _ in range(ATTEMPTS):
        if try_lock(lock):
            return True
        time.sleep(PAUSE)
    return False


def _is_same(file: Path, descriptor: int) -> bool:
    """Whether the file has not been deleted, by an earlier holder, since it was opened."""
    try:
        return os.path.samestat(file.stat(), os.fstat(descriptor))
    except OSError:
        return False
