"""Where uploads are written while they come in, and what a process that was killed has left of them."""

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
"""What is in the folder of an upload: a file that its process has locked, and a folder with its files."""


@contextmanager
def arrival(folder: Path) -> Iterator[Path]:
    """A new folder within `folder`, which is gone at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=folder) as name:
        own = Path(name)
        with (own / LOCK).open("w") as lock:
            _is_free(lock)
            (own / FILES).mkdir()
            yield own / FILES


def sweep(folder: Path) -> None:
    """Take away what nobody will go on with: a lock ends with its process, however that ended."""
    for own in folder.glob(f"{PREFIX}*"):
        if _is_abandoned(own):
            shutil.rmtree(own, ignore_errors=True)


def _is_abandoned(own: Path) -> bool:
    try:
        with (own / LOCK).open("r+") as lock:
            return _is_free(lock)
    except OSError:
        return False


def _is_free(lock: IO[str]) -> bool:
    """Whether nobody has locked this file; if so, it is locked until it is closed."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
