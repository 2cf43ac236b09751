"""Workbooks of records, and worksheets that are full."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.formats.workbook_writer import Rows, workbook
from gateway.exchange.mappings.mapped_sheets import read_mapped_sheets
from tests.support.importing import gate, upload

HEADINGS = ("number", "displayName", "baseUnitOfMeasureCode")


async def pages() -> AsyncIterator[Rows]:
    yield [("A", "First", "PCS"), ("B", "Second", "PCS")]
    yield [("C", "Third", "PCS")]


async def written() -> bytes:
    return b"".join([part async for part in workbook(HEADINGS, pages(), most_rows=3)])


def test_rows_beyond_the_size_of_a_worksheet_go_to_another_with_the_same_headings(
    tmp_path: Path,
) -> None:
    path = tmp_path / "items.xlsx"
    path.write_bytes(asyncio.run(written()))
    sheets = read_mapped_sheets([path], ImportOptions(), None)
    assert [sheet.headings for sheet in sheets] == [HEADINGS, HEADINGS]
    numbers = [[record.cells["number"] for record in sheet.records()] for sheet in sheets]
    assert numbers == [["A", "B"], ["C"]]


def test_records_survive_a_workbook_unchanged(world_url: str, tmp_path: Path) -> None:
    with gate(world_url, tmp_path) as client:
        response = client.http.get(f"{client.url}/exports?what=currencies&format=xlsx")
        assert response.status_code == 200
        assert 'filename="currencies.xlsx"' in response.headers["content-disposition"]
        job = upload(client, {"currencies.xlsx": response.content})
        assert job.counts == {"referencesUnchanged": 6}


WITHOUT_THE_EXTRA = """
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "xlsxwriter" else found(name, *rest)
from gateway.exchange.exports.export_request import CannotExport, ExportFormat, ExportRequest
try:
    ExportRequest(format=ExportFormat.XLSX).check()
except CannotExport as error:
    print(error)
"""


def test_a_workbook_is_refused_without_the_extra_that_writes_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_EXTRA], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        "Workbooks need the extra xlsx: pip install 'sales-order-gateway[xlsx]'.\n"
    )
