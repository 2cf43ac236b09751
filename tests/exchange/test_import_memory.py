"""The memory of imports, which does not depend on the length of a file and is bounded for long rows,
imported or refused."""

import csv
import time
from importlib.resources import files
from itertools import zip_longest
from pathlib import Path

import pytest

from gateway.exchange.mappings.columns import folded
from gateway.exchange.mappings.finance_operations import LINES as ENTITY
from tests.support.databases import Templates
from tests.support.importing import HEADERS, LINES, head, table
from tests.support.processes import started
from tests.support.requests import execute
from tests.support.world import load_world

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="only Linux reports the peak of a process"
)

MOST = 300
"""The maximum memory of an import in MiB."""

LINES_EACH = 8
ORDINARY = 2_000
"""Characters of a line as Finance & Operations exports it, with a value in every column."""

VENDOR = files("gateway.exchange.mappings").joinpath("vendor_columns", "SalesOrderLineV2Entity.txt")
IMPORTED = {folded(column.name) for column in ENTITY.columns}
NOTES = [name for name in VENDOR.read_text("utf-8").split() if folded(name) not in IMPORTED]
"""The vendor's columns that the import ignores."""


def orders(folder: Path, size: int) -> int:
    """Write the two files of valid orders, whose lines have this size together; returns their number."""
    count = size // ORDINARY // LINES_EACH
    names = [f"M{place:08}" for place in range(count)]
    (folder / HEADERS).write_bytes(table(head(name, CURRENCYCODE="EUR") for name in names))
    lines(folder / LINES, count * LINES_EACH, ORDINARY)
    return count * LINES_EACH


def orphans(folder: Path, size: int, length: int) -> int:
    """Write a file of this size with lines of missing orders; returns their number."""
    lines(folder / LINES, size // length, length)
    return size // length


def lines(path: Path, count: int, length: int) -> None:
    """Write `count` lines of about this length."""
    columns = ["SalesOrderNumber", "LineCreationSequenceNumber", "ItemNumber"]
    columns += ["OrderedSalesQuantity", "SalesPrice", *NOTES]
    notes = b",".join([b"x" * (length // len(NOTES) - 1)] * len(NOTES))
    with path.open("wb") as file:
        file.write(",".join(columns).encode() + b"\n")
        for place in range(count):
            order, line = divmod(place, LINES_EACH)
            file.write(b"M%08d,%d,I%04d,2,10,%b\n" % (order, line + 1, place % 400 + 1, notes))


def peak_of_import(folder: Path, url: str, *arguments: str) -> int:
    """The peak of the command's memory in MiB."""
    peak = 0
    with started(folder, ["import", *arguments], database_url=url) as process:
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status").read_text()
            if "VmHWM:" in status:
                peak = max(peak, int(status.partition("VmHWM:")[2].split()[0]) // 1024)
            time.sleep(0.05)
    assert (folder / "err").read_text().strip() == ""
    print(f"{peak} MiB:", (folder / "out").read_text().splitlines()[0])  # noqa: T201 - see -s
    return peak


@pytest.mark.parametrize(
    "size",
    [10_000_000, pytest.param(1_000_000_000, marks=pytest.mark.full)],
    ids=["10 MB", "1 GB"],
)
def test_orders_of_any_number_are_imported_in_300_mib(
    tmp_path: Path, templates: Templates, size: int
) -> None:
    url = templates.copy("world", load_world)
    count = orders(tmp_path, size)
    assert 0.9 < (tmp_path / LINES).stat().st_size / size < 1.1
    assert 50 < peak_of_import(tmp_path, url, HEADERS, LINES) < MOST
    assert execute(url, "SELECT COUNT(*) FROM sales_order_lines") == [[f"({count},)"]]
    assert execute(url, "SELECT COUNT(*) FROM import_rows") == [["(0,)"]]


@pytest.mark.parametrize(
    ("size", "length", "options"),
    [
        (30_000_000, 20_000, []),
        pytest.param(30_000_000, ORDINARY, [], marks=pytest.mark.full),
        pytest.param(200_000_000, 900_000, [], marks=pytest.mark.full),
        pytest.param(1_000_000_000, 20_000, [], marks=pytest.mark.full),
        pytest.param(12_000_000, 200, ["--dry-run"], marks=pytest.mark.full),
    ],
    ids=["30 MB", "30 MB of ordinary rows", "200 MB of long rows", "1 GB", "in one transaction"],
)
def test_rows_of_any_number_are_refused_and_reported_in_300_mib(
    tmp_path: Path, templates: Templates, size: int, length: int, options: list[str]
) -> None:
    """The report has every row unchanged, with the reason for its refusal."""
    url = templates.copy("world", load_world)
    count = orphans(tmp_path, size, length)
    assert 50 < peak_of_import(tmp_path, url, LINES, *options) < MOST
    assert execute(url, "SELECT lines_failed FROM import_jobs") == [[f"({count},)"]]
    rows = 0
    with (
        (tmp_path / LINES).open(newline="") as sent,
        (tmp_path / LINES.replace(".csv", "-refused.csv")).open(newline="") as refused,
    ):
        next(sent), next(refused)
        for row, again in zip_longest(csv.reader(sent), csv.reader(refused)):
            rows += 1
            assert again[:-3] == row
            assert again[-3:-1] == [str(rows + 1), "HEADER_NOT_FOUND"]
    assert rows == count
