"""Manages the folders that receive uploads, and removes those that a killed process left behind."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

PREFIX = "incoming-"
LOCK, FILES = "lock", "files"
"""The content of an upload's folder: a file that its process locks, and a folder with its files."""


@contextmanager
def open_upload_folder(folder: Path) -> Iterator[Path]:
    """A new folder for the files of one upload, below `folder`; it is removed at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=folder) as name:
        own = Path(name)
        with (own / LOCK).open("w") as lock:
            try_lock(lock)
            (own / FILES).mkdir()
            yield own / FILES


def remove_abandoned(folder: Path) -> None:
    """Remove the uploads of processes that have ended. Their locks end with them, even if they were
    killed."""
    for own in folder.glob(f"{PREFIX}*"):
        if _is_abandoned(own):
            shutil.rmtree(own, ignore_errors=True)


def _is_abandoned(own: Path) -> bool:
    if fcntl is None:
        return False
    try:
        with (own / LOCK).open("r+") as lock:
            return try_lock(lock)
    except OSError:
        return False


def try_lock(lock: IO[str]) -> bool:
    """Lock the file until it is closed; False if it is locked already. Without locks, one process is
    assumed."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
