"""Numbers and dates as partners write them, which are read correctly or refused."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import xlsxwriter

from tests.support.importing import (
    HEADERS,
    LINES,
    Client,
    gate,
    head,
    line,
    numbers,
    order,
    table,
    upload,
)


@pytest.fixture
def client(world_url: str, tmp_path: Path) -> Iterator[Client]:
    """The gateway over the world."""
    with gate(world_url, tmp_path) as client:
        yield client


def quantities(
    client: Client, number: str, cells: list[str], separator: str = ","
) -> tuple[list[str], list[str]]:
    """The stored quantities of a new order whose lines have these cells, and the refused cells."""
    lines = [line(number, place, ORDEREDSALESQUANTITY=cell) for place, cell in enumerate(cells, 1)]
    files = {HEADERS: table([head(number)], separator), LINES: table(lines, separator)}
    job = upload(client, files)
    refused = [problem["rejectedValue"] for problem in job.refused if problem["code"] == "INVALID"]
    result = order(client, number)
    return ([] if result is None else [each["quantity"] for each in result["lines"]]), refused


EUROPEAN: dict[str, tuple[list[str], list[str]]] = {
    "below one": (["0,125", "2"], ["0.125", "2"]),
    "zeros before": (["00,500", "2"], ["0.5", "2"]),
    "four digits before": (["1234,567", "2"], ["1234.567", "2"]),
    "thousands beside": (["1.234,5", "1.234", "1,234"], ["1234.5", "1234", "1.234"]),
    "millions": (["1.234.567", "1,234"], ["1234567", "1.234"]),
    "blanks": (["1 234,5", "1\u202f234\u00a0"], ["1234.5", "1234"]),
    "apostrophes": (["1'234,5", "1\u2019234"], ["1234.5", "1234"]),
    "negative evidence": (["-0,000", "1,234"], ["0", "1.234"]),
}


@pytest.mark.parametrize(("cells", "expected"), EUROPEAN.values(), ids=list(EUROPEAN))
def test_a_number_that_cannot_have_grouped_thousands_proves_a_decimal_comma(
    world: Client, number: str, cells: list[str], expected: list[str]
) -> None:
    assert quantities(world, number, cells, ";") == (expected, [])


def test_a_comma_groups_thousands_unless_a_number_proves_that_it_is_decimal(
    world: Client,
    number: str,
) -> None:
    cells = ["1,234", "1,234,567.5", "0.125", "1 234", "1'234"]
    assert quantities(world, number, cells) == (["1234", "1234567.5", "0.125", "1234", "1234"], [])


def test_digits_that_are_not_grouped_by_thousands_are_refused(world: Client, number: str) -> None:
    """The first number shows that the point is decimal."""
    parted = ["0,125", "00,500", "1234,567", "1,23,456", "1,2345"]
    parted += ["12 34", "1'2", "1,234'567", "0 125", "1.5.5"]
    assert quantities(world, number, ["1.5", *parted]) == ([], parted)


def test_numbers_in_json_texts_have_no_grouped_thousands(world: Client) -> None:
    cells = ["0,125", "1,234", "1 2", "1 234", "1'2", "1'234", "1.234,5"]
    lines = [{"lineType": "Item", "lineObjectNumber": "I0010", "quantity": cell} for cell in cells]
    files = {"number": "A", "customerNumber": "C1", "salesOrderLines": lines}
    job = upload(world, {"orders.json": json.dumps(files).encode()})
    expected = [("INVALID", "quantity", cell) for cell in cells]
    assert job.refusals("code", "columnName", "rejectedValue") == expected


TIMES = [
    "2026-01-02",
    "2026-01-02 ",
    "2026-01-02T23:59:59.123Z",
    "2026-01-02 00:00:00+00",
    "1/2/2026 3:04 pm",
    "1/2/2026 12:00:00\u202fAM",
]


def test_a_date_may_be_followed_by_a_time(client: Client) -> None:
    headers = [head(f"A{place}", ORDERCREATIONDATETIME=day) for place, day in enumerate(TIMES)]
    assert upload(client, {HEADERS: table(headers)}).refused == []
    days = {order(client, row["SALESORDERNUMBER"])["orderDate"] for row in headers}
    assert days == {"2026-01-02"}


def test_a_date_followed_by_anything_but_a_time_is_refused(world: Client) -> None:
    days = ["2026-01-02 rubbish", "2026-01-02T", "2026-01-02 25:00", "2026-01-02 12:00 rubbish"]
    headers = [head(f"A{place}", ORDERCREATIONDATETIME=day) for place, day in enumerate(days)]
    job = upload(world, {HEADERS: table(headers)})
    assert job.refusals("code", "rejectedValue") == [("INVALID", day) for day in days]


COLUMNS = ("SALESORDERNUMBER", "ITEMNUMBER", "LINEDESCRIPTION", "ORDEREDSALESQUANTITY", "SALESPRICE",
           "REQUESTEDSHIPPINGDATE", "SALESPOOLX")  # fmt: skip
ERRORS = dict(zip(COLUMNS[1:6], ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NUM!"), strict=True))
"""The errors of failed formulas in a spreadsheet, by column."""


def lines_with_errors(place: Callable[[int, int, str], object]) -> None:
    """Place one line per error, each of a separate order; the last error is in an ignored column."""
    for number, broken in enumerate((*ERRORS, "SALESPOOLX")):
        good = (f"A{number}", "I0010", "Bolts", "2", "10", "2026-01-02", "x")
        for column, (name, cell) in enumerate(zip(COLUMNS, good, strict=True)):
            place(number + 1, column, ERRORS.get(name, "#NAME?") if name == broken else cell)


def as_workbook() -> dict[str, bytes]:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet("Lines & more")

        def place(row: int, column: int, cell: str) -> None:
            if cell.startswith("#"):
                sheet.write_formula(row + 2, column + 1, "=1/0", None, cell)
            else:
                sheet.write(row + 2, column + 1, cell)

        sheet.write_row(2, 1, COLUMNS)
        lines_with_errors(place)
    return {"Sales order lines V2.xlsx": content.getvalue()}


def as_text() -> dict[str, bytes]:
    rows = [dict.fromkeys(COLUMNS, "") for _ in range(len(ERRORS) + 1)]
    lines_with_errors(lambda row, column, cell: rows[row - 1].update({COLUMNS[column]: cell}))
    return {LINES: table(rows)}


@pytest.mark.parametrize(("form", "first"), [(as_workbook, 4), (as_text, 2)], ids=["XLSX", "CSV"])
def test_a_cell_with_a_spreadsheet_error_is_refused_with_its_row_and_column(
    client: Client, form: Callable[[], dict[str, bytes]], first: int
) -> None:
    """This holds for every kind of column, including text. An error in an ignored column does no harm."""
    names = [f"A{number}" for number in range(len(ERRORS) + 1)]
    job = upload(client, {HEADERS: table(head(name) for name in names)} | form())
    expected = [
        (row, column, "INVALID", error) for row, (column, error) in enumerate(ERRORS.items(), first)
    ]
    assert job.refusals("row", "columnName", "code", "rejectedValue") == expected
    assert numbers(client) == names[-1:]


def test_invisible_characters_are_removed_with_a_warning(client: Client) -> None:
    """They are also removed from numbers and keys, so the line belongs to the order."""
    header = head("A\u200b", DELIVERYADDRESSNAME="\u202eAnna \u2067\u202eB\u200d")
    files = {HEADERS: table([header]), LINES: table([line("A", ORDEREDSALESQUANTITY="\ufeff3")])}
    job = upload(client, files)
    result = order(client, "A")
    assert (job.refused, result and result["lines"][0]["quantity"]) == ([], "3")
    assert {(each["columnName"], each["message"]) for each in job.warnings} == {
        ("SALESORDERNUMBER", "The invisible characters U+200B were removed."),
        ("DELIVERYADDRESSNAME", "The invisible characters U+202E, U+2067 were removed."),
        ("ORDEREDSALESQUANTITY", "The invisible characters U+FEFF were removed."),
    }
    assert {each["code"] for each in job.warnings} == {"INVISIBLE_CHARACTER"}
