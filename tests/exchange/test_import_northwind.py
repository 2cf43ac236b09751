"""Importing the orders of Northwind with the command, in the files that partners send."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.storage.database import Database
from tests.support.databases import Templates
from tests.support.importing import (
    HEADERS,
    LINES,
    PACKAGE,
    Files,
    bring_in,
    load_empty,
    load_references,
    northwind_references,
    stored_content,
    written,
)
from tests.support.packages import archive
from tests.support.processes import run
from tests.support.requests import execute
from tests.support.workbooks import workbook

ORDERS_COME_TO = "126579276000"
"""1,265,792.76 in units of 1/100,000; each line is rounded twice, at its gross amount and its discount."""


def command(folder: Path, url: str, *arguments: str | Path) -> str:
    """The output of a successful `gateway import`."""
    code, out, complaints = run(folder, "import", *map(str, arguments), database_url=url)
    assert (code, complaints.strip()) == (0, ""), complaints + out
    return out


def in_the_database(url: str) -> list[str]:
    """The number of orders and lines, and their totals in units of 1/100,000."""
    scale = "" if url.startswith("sqlite") else " * 100000"
    result = execute(
        url,
        "SELECT COUNT(*) FROM sales_orders",
        "SELECT COUNT(*) FROM sales_order_lines",
        f"SELECT CAST(SUM(amount_excluding_tax{scale}) AS BIGINT) FROM sales_order_lines",
        f"SELECT CAST(SUM(total_amount_excluding_tax{scale}) AS BIGINT) FROM sales_orders",
    )
    return [row.strip("(),") for [row] in result]


def test_reference_data_and_then_the_package_fill_an_empty_database_once(
    tmp_path: Path, templates: Templates
) -> None:
    """In the file, 53 of the 2,155 amounts, in 48 orders, are a cent higher, because it rounds once where the gateway
    rounds twice. Importing the same files again changes nothing."""
    url = templates.copy("empty", load_empty)
    references = written(tmp_path, northwind_references())
    summary = command(tmp_path, url, *references)
    assert "references: 171 created, 0 updated, 1 unchanged, 0 failed" in summary
    summary = command(tmp_path, url, PACKAGE)
    assert re.match(r"SUCCEEDED: 2,985 rows in [\d.]+ s, [\d,]+ a second\.\n", summary)
    assert "headers: 830 created, 0 updated, 0 unchanged, 0 failed" in summary
    assert "lines: 2,155 created, 0 updated, 0 unchanged, 0 failed" in summary
    assert "AMOUNT_DIFFERS: The line comes to 163.62, the file says 163.63." in summary
    assert in_the_database(url) == ["830", "2155", ORDERS_COME_TO, ORDERS_COME_TO]
    [codes, messages] = execute(
        url,
        "SELECT code, COUNT(*) FROM import_problems GROUP BY code",
        "SELECT message FROM import_problems WHERE code = 'AMOUNT_DIFFERS'",
    )
    assert codes == ["('AMOUNT_DIFFERS', 48)", "('NOT_KEPT', 6)"]
    for message in messages:
        derived, stated = re.findall(r"\d+(?:\.\d+)?", message)[:2]
        assert round(float(stated) - float(derived), 5) == 0.01
    before = stored_content(url)
    summary = command(tmp_path, url, PACKAGE)
    assert "headers: 0 created, 0 updated, 830 unchanged, 0 failed" in summary
    assert "lines: 0 created, 0 updated, 2,155 unchanged, 0 failed" in summary
    summary = command(tmp_path, url, *references)
    assert "references: 0 created, 0 updated, 172 unchanged, 0 failed" in summary
    assert stored_content(url) == before


def in_the_package() -> dict[str, bytes]:
    with zipfile.ZipFile(PACKAGE) as package:
        return {name: package.read(name) for name in package.namelist()}


def of_the_first(orders: int, content: bytes) -> bytes:
    """The rows of a file that belong to the first orders."""
    [headings, *rows] = content.splitlines(keepends=True)
    numbers = [f"NW-{number}".encode() for number in range(10248, 10248 + orders)]
    return headings + b"".join(row for row in rows if row.split(b",")[0] in numbers)


def with_typed_cells(content: bytes) -> bytes:
    """A CSV as a workbook, with numeric cells where the CSV has six decimals."""
    [headings, *rows] = csv.reader(io.StringIO(content.decode()))
    typed = [
        [float(cell) if re.fullmatch(r"\d+\.\d{6}", cell) else cell for cell in row] for row in rows
    ]
    return workbook({"Sheet1": [headings, *typed]})


def as_lines_first(files: Files) -> dict[str, bytes]:
    return {name: files[name] for name in (LINES, HEADERS)}


def as_workbooks(files: Files) -> dict[str, bytes]:
    return {
        name.replace(".csv", ".xlsx"): with_typed_cells(content)
        for name, content in as_lines_first(files).items()
    }


async def load_few(database: Database) -> None:
    """The reference data and the first 30 orders of the package."""
    await load_references(database)
    await bring_in(database, {"package.zip": archive(few(30))})


def few(orders: int) -> dict[str, bytes]:
    return {
        name: of_the_first(orders, content) if name.endswith(".csv") else content
        for name, content in in_the_package().items()
    }


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(as_lines_first, marks=pytest.mark.full, id="CSV"),
        pytest.param(as_workbooks, id="XLSX"),
    ],
)
def test_the_entity_files_without_the_package_give_the_same_orders(
    tmp_path: Path, templates: Templates, form: Callable[[Files], Files]
) -> None:
    url = templates.copy("northwind_references", load_references)
    summary = command(tmp_path, url, *written(tmp_path, form(few(30))))
    assert "headers: 30 created" in summary
    assert stored_content(url) == stored_content(templates.copy("few", load_few))
