"""The files that commands write, which only appear when they are complete, and standard output."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

PART = ".part"
"""The suffix of files that are not complete."""


class CannotWrite(Exception):
    """The file cannot be written; the message is a sentence for people."""


@contextmanager
def open_destination(path: Path | None) -> Iterator[BinaryIO]:
    """A stream to write to. An existing file is replaced only at the end; a device or a pipe is written
    to at once. Raises CannotWrite."""
    if path is None:
        yield sys.stdout.buffer
        return
    try:
        target = path.resolve()
        is_replaced = target.is_file() or not target.exists()
        part = target.with_name(f".{target.name}{PART}") if is_replaced else target
        file = part.open("wb")
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        with file:
            yield file
        if is_replaced:
            _replace(part, target)
    finally:
        if is_replaced:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _replace(part: Path, target: Path) -> None:
    try:
        part.replace(target)
    except OSError as error:
        raise _cannot_write(target, error) from error


def write_chunk(file: BinaryIO, chunk: bytes) -> None:
    """Write and flush. Raises BrokenPipeError, and CannotWrite for all other reasons."""
    try:
        file.write(chunk)
        file.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        with suppress(OSError):
            file.close()  # which would try to write the chunk once more, and fail again
        raise _cannot_write(file.name, error) from error


def _cannot_write(path: Path | str, error: OSError) -> CannotWrite:
    return CannotWrite(f"Cannot write {_shown(Path(path))}: {error.strerror}.")


def _shown(path: Path) -> Path | str:
    """The name of a destination for people, also while its content is in a file beside it."""
    if path.name == "<stdout>":
        return "standard output"
    if path.suffix == PART:
        return path.with_name(path.name.removeprefix(".").removesuffix(PART))
    return path
