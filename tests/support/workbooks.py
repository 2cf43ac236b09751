"""Excel workbooks for tests."""

import io
from typing import Any

import xlsxwriter


def workbook(worksheets: dict[str, list[list[Any]]], hidden: tuple[str, ...] = ()) -> bytes:
    """An XLSX file with these worksheets, each a list of rows by the name of the worksheet."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"default_date_format": "yyyy-mm-dd hh:mm"}) as book:
        for name, table in worksheets.items():
            sheet = book.add_worksheet(name)
            for row, cells in enumerate(table):
                sheet.write_row(row, 0, cells)
            if name in hidden:
                sheet.hide()
    return content.getvalue()
