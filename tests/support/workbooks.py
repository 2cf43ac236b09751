"""Excel workbooks for tests."""

import io
from typing import Any

import xlsxwriter


def workbook(
    worksheets: dict[str, list[list[Any]]],
    hidden: tuple[str, ...] = (),
    *,
    counts_from_1904: bool = False,
) -> bytes:
    """An XLSX file with these worksheets, each a list of rows by the name of the worksheet. Excel for the
    Macintosh once counted days from 1904."""
    content = io.BytesIO()
    options = {"default_date_format": "yyyy-mm-dd hh:mm", "date_1904": counts_from_1904}
    with xlsxwriter.Workbook(content, options) as book:
        for name, table in worksheets.items():
            sheet = book.add_worksheet(name)
            for row, cells in enumerate(table):
                sheet.write_row(row, 0, cells)
            if name in hidden:
                sheet.hide()
    return content.getvalue()
