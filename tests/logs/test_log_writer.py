"""The file of the log, which is written without waiting for its reader."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.logs.log_writer import EVENT_SIZE, MOST_WAITING, LogWriter
from tests.support.served import wait_until

LINE = "x" * 999 + "\n"


@contextmanager
def piped() -> Iterator[tuple[LogWriter, int]]:
    """A writer to a pipe, and the end from which it can be read."""
    source, sink = os.pipe()
    writer = LogWriter(
        sink, lambda count: f"{count} dropped\n", lambda event: f"{event['event']}\n"
    )
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


def dropped_of(source: int, written: int) -> int:
    """How many of the lines were dropped, once all of them are written or counted."""
    lines = dropped = 0
    while lines + dropped < written:
        text = read_until(source, "\n")
        lines += text.count(LINE)
        dropped += sum(int(line.split()[0]) for line in text.splitlines() if "dropped" in line)
    assert lines + dropped == written
    return dropped


def test_lines_are_written_in_their_order() -> None:
    with piped() as (writer, source):
        for number in range(1000):
            writer.write(f"{number}\n")
        assert read_until(source, "999\n").split() == [str(number) for number in range(1000)]


def test_events_are_written_in_the_order_of_the_other_lines() -> None:
    with piped() as (writer, source):
        for number in range(0, 1000, 2):
            writer.write_event({"event": number})
            writer.write(f"{number + 1}\n")
        assert read_until(source, "999\n").split() == [str(number) for number in range(1000)]


def test_what_nobody_reads_is_dropped_and_counted() -> None:
    written = 3 * MOST_WAITING // len(LINE)
    with piped() as (writer, source):
        for _ in range(written):
            writer.write(LINE)
        assert dropped_of(source, written) > 0
        writer.write("goes on\n")
        read_until(source, "goes on\n")


def test_events_that_nobody_reads_are_dropped_too() -> None:
    written = 3 * MOST_WAITING // EVENT_SIZE
    with piped() as (writer, source):
        for _ in range(written):
            writer.write_event({"event": LINE[:-1]})
        assert dropped_of(source, written) > 0


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
    writer = LogWriter(sink, str, str)
    os.close(source)
    for _ in range(3):
        writer.write(LINE)
    wait_until(lambda: writer._waiting == [])
    writer.close()
    os.close(sink)
