"""The processes that read workbooks. All reading of files stops when the gateway does."""

import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

READER = Path(__file__).with_name("xlsx_rows.py")


class ReadingStopped(Exception):
    """The gateway is stopping, so a file was not read to its end. The file itself may be fine."""


@dataclass
class ReaderProcesses:
    """All readers of this process; `memory` is the limit of each child in bytes."""

    memory: int = 512_000_000
    is_stopped: bool = False
    _running: set[subprocess.Popen[bytes]] = field(default_factory=set)

    @contextmanager
    def start(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A reader that ends with the block. Raises ReadingStopped."""
        self.check()
        with subprocess.Popen(  # noqa: S603 - our own program with numbers as arguments
            [sys.executable, "-P", str(READER), str(self.memory), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            self._running.add(process)
            try:
                self.check()  # reading may have stopped just before the process was added
                yield process
            finally:
                process.kill()
                self._running.discard(process)

    def stop(self) -> None:
        """Kill all readers, and do not read any other file. A signal handler may call this."""
        self.is_stopped = True
        for process in list(self._running):
            process.kill()

    def check(self) -> None:
        """Raises ReadingStopped."""
        if self.is_stopped:
            raise ReadingStopped("The gateway is shutting down.")


READERS = ReaderProcesses()


def open_interruptibly(path: Path) -> BinaryIO:
    """A file that can be read until the gateway stops. Raises OSError."""
    return io.BufferedReader(_InterruptibleFile(path), io.DEFAULT_BUFFER_SIZE)


class _InterruptibleFile(io.FileIO):
    def readinto(self, buffer: Any) -> int | None:
        READERS.check()
        return super().readinto(buffer)
