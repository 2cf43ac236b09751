"""Line breaks within cells, which separate the lines of a street and wrap other wording."""

import re

from gateway.orders.problems import Path

BREAK = re.compile(r"(?:_x000D_)?(?:\r\n|\r|\n)")
"""A line break within a cell, as CSV, XLSX and XML write it."""

WORDING = ("name", "contact", "description", "city", "address_line")
"""The ends of the names of fields that people only read, perhaps with a 2. A line break in any other
field, such as a number or a code, is refused, because it may join two values."""


def is_wrapped(path: Path, cell: str) -> bool:
    """Whether line breaks only wrap the text of the field at `path`."""
    name = str(path[-1]).removesuffix("2")
    return name.endswith(WORDING) and BREAK.search(cell.strip()) is not None


def lines_of(cell: str) -> list[str]:
    """The lines that are not blank."""
    return [part.strip() for part in BREAK.split(cell) if part.strip()]
