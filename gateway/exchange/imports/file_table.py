"""Reports how the files of an import are read, as a table for a terminal."""

import io
import shutil
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.storage.file_reports import FileReport

WIDTH = 118
"""Characters of a line if the output is not a terminal."""

HEADINGS = ("file", "entity and why", "rows", "written", "columns")
SEPARATORS = {"\t": "tab"}


def file_table(files: Sequence[FileReport]) -> list[str]:
    """The lines of a table with a row for each file."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading == "rows" else "left", overflow="fold")
    for file in files:
        table.add_row(*map(escape, _cells(file)))
    text = io.StringIO()
    Console(file=text, width=shutil.get_terminal_size((WIDTH, 0)).columns).print(table)
    return [line.rstrip() for line in text.getvalue().splitlines()]


def _cells(file: FileReport) -> tuple[str, ...]:
    return (
        file.name,
        "\n".join(filter(None, (file.entity, file.reason))),
        "" if file.rows is None else f"{file.rows:,}",
        _written(file),
        _columns(file),
    )


def _columns(file: FileReport) -> str:
    """The columns that are used, and those that are skipped."""
    parts = (("", file.columns_used), ("skipped: ", file.columns_skipped))
    return "\n".join(name + ", ".join(columns) for name, columns in parts if columns)


def _written(file: FileReport) -> str:
    """The encoding, the separator, the order of dates and the decimal sign."""
    separator = SEPARATORS.get(file.separator or "", file.separator)
    parts = (
        ("", file.encoding),
        ("separator ", separator),
        ("dates ", file.date_order),
        ("decimal ", file.decimal_sign),
    )
    return "\n".join(name + value for name, value in parts if value)
