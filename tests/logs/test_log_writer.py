"""The file of the log, which is written without waiting for its reader."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.logs.log_writer import MOST_WAITING, LogWriter
from tests.support.served import wait_until

LINE = "x" * 999 + "\n"


@contextmanager
def piped() -> Iterator[tuple[LogWriter, int]]:
    """A writer to a pipe, and the end from which it can be read."""
    source, sink = os.pipe()
    writer = LogWriter(sink, lambda count: f"{count} dropped\n")
    try:
        yield writer, source
    finally:
        os.close(source)
        writer.close()
        os.close(sink)


def read_until(source: int, end: str) -> str:
    text = ""
    while not text.endswith(end):
        text += os.read(source, 1_000_000).decode()
    return text


def test_lines_are_written_in_their_order() -> None:
    with piped() as (writer, source):
        for number in range(1000):
            writer.write(f"{number}\n")
        assert read_until(source, "999\n").split() == [str(number) for number in range(1000)]


def test_what_nobody_reads_is_dropped_and_counted() -> None:
    written = 3 * MOST_WAITING // len(LINE)
    with piped() as (writer, source):
        for _ in range(written):
            writer.write(LINE)
        text = read_until(source, " dropped\n")
        writer.write("goes on\n")
        read_until(source, "goes on\n")
    lines = text.splitlines(keepends=True)
    assert lines.count(LINE) + int(lines[-1].split()[0]) == written


def test_closing_writes_the_rest() -> None:
    with piped() as (writer, source):
        writer.write("last\n")
        writer.close()
        assert os.read(source, 100) == b"last\n"


def test_closing_does_not_wait_for_a_reader_for_long() -> None:
    with piped() as (writer, _):
        writer.write(LINE * 200)
        begun = time.monotonic()
        writer.close()
        assert time.monotonic() - begun < 30


def test_a_reader_that_has_gone_is_no_error() -> None:
    source, sink = os.pipe()
    writer = LogWriter(sink, str)
    os.close(source)
    for _ in range(3):
        writer.write(LINE)
    wait_until(lambda: writer._waiting == [])
    writer.close()
    os.close(sink)
