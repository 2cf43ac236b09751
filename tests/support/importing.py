"""Files of orders as partners send them, ways to import them, and the resulting jobs."""

import csv
import io
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.imports.import_request import ImportRequest
from gateway.exchange.imports.importer import Importer, import_files
from gateway.settings import Settings
from gateway.storage.companies import create_company
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.import_jobs import ImportJobStatus
from tests.support.default_rules import RULES
from tests.support.paths import DATA, ROOT
from tests.support.requests import dump, execute
from tests.support.served import PATIENCE, Client, serving

NORTHWIND = ROOT / "gateway" / "demo" / "data"
PACKAGE = DATA / "fo_data_package" / "northwind-sales-orders-package.zip"
HEADERS, LINES = "Sales order headers V2.csv", "Sales order lines V2.csv"

Fields = dict[str, Any]
Files = Mapping[str, bytes]


def records(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as rows:
        return list(csv.DictReader(rows))


def table(rows: Iterable[Mapping[str, Any]], separator: str = ",") -> bytes:
    """CSV with the columns of all rows."""
    rows = list(rows)
    headings = list(dict.fromkeys(heading for row in rows for heading in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, headings, delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def northwind_references() -> dict[str, bytes]:
    """The reference data of Northwind's orders, under the gateway's own headings."""
    customers = [
        {
            "number": row["CustomerID"],
            "displayName": row["CompanyName"],
            "contactName": row["ContactName"],
            "addressLine1": row["Address"],
            "city": row["City"],
            "postCode": row["PostalCode"],
        }
        for row in records(NORTHWIND / "customers.csv")
    ]
    items = [
        {
            "number": row["ProductID"],
            "displayName": row["ProductName"],
            "unitPrice": row["UnitPrice"],
            "baseUnitOfMeasureCode": "ea",
        }
        for row in records(NORTHWIND / "products.csv")
    ]
    return {
        "customers.csv": table(customers),
        "items.csv": table(items),
        "units.csv": table([{"code": "ea", "displayName": "each"}]),
        "payment-terms.csv": table([{"code": "Net30", "displayName": "30 days net"}]),
        "shipment-methods.csv": table([{"code": "EXW", "displayName": "Ex works"}]),
        "currencies.csv": table([{"code": "USD"}]),
    }


async def load_empty(database: Database) -> None:
    """A company with a currency and no other records."""
    await create_company(database, "Empty", "USD")


def head(number: str, **columns: Any) -> Fields:
    """A header row of Finance & Operations, for the customer C1 of the world."""
    return {"SALESORDERNUMBER": number, "ORDERINGCUSTOMERACCOUNTNUMBER": "C1"} | columns


def line(number: str, sequence: int | str = 1, **columns: Any) -> Fields:
    """A line row of Finance & Operations; the item I0010 of the world costs 10."""
    return {
        "SALESORDERNUMBER": number,
        "LINECREATIONSEQUENCENUMBER": sequence,
        "ITEMNUMBER": "I0010",
        "ORDEREDSALESQUANTITY": 2,
        "SALESPRICE": 10,
    } | columns


def orders(headers: Sequence[Fields], lines: Sequence[Fields]) -> dict[str, bytes]:
    """The two files of Finance & Operations, without a file that has no rows."""
    return {name: table(rows) for name, rows in ((HEADERS, headers), (LINES, lines)) if rows}


def written(folder: Path, files: Files) -> list[Path]:
    """The paths of files with this content, written to a folder."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


async def bring_in(database: Database, files: Files) -> None:
    """Import files and assert that it succeeds."""
    importer = Importer(database, ScopeRequest(actor="command line"), RULES)
    with tempfile.TemporaryDirectory() as folder:
        paths = written(Path(folder), files)
        job = await import_files(importer, paths, ImportOptions(), ImportRequest())
    assert job.status is ImportJobStatus.SUCCEEDED


async def load_references(database: Database) -> None:
    """A company with the reference data of Northwind's orders."""
    await load_empty(database)
    await bring_in(database, northwind_references())


@contextmanager
def gate(url: str, folder: Path, **settings: Any) -> Iterator[Client]:
    """A client of the gateway over a database; `folder` receives uploads."""
    with serving(Settings(database_url=url, import_folder=str(folder), **settings)) as client:
        yield client


COUNTS = " ".join(
    f"{what}{outcome}"
    for what in ("headers", "lines", "references")
    for outcome in ("Created", "Updated", "Unchanged", "Failed")
)
JOB = f"""query ($id: ID!) {{ importJob(id: $id) {{ id files {{ name entity reason rows
  format encoding separator dateOrder decimalSign columnsUsed columnsSkipped }} policy dryRun status message rowsStaged
  rowsDone finishedDateTime {COUNTS} }} }}"""
PROBLEMS = """query ($id: ID!, $after: String, $first: Int) { importJob(id: $id) {
  problems(first: $first, after: $after) { pageInfo { hasNextPage endCursor }
    nodes { isWarning file row line columnName orderNumber code message rejectedValue suggestions }
  } } }"""
ORDER = """query ($number: String!) { salesOrderByNumber(number: $number) { number status onHold
  orderDate customer { number } currency { code } discountAmount discountPercent fullyShipped
  totalAmountExcludingTax totalTaxAmount totalAmountIncludingTax
  lines { sequence item { number } account { number } description unitOfMeasure { code } quantity
    unitPrice discountAmount discountPercent amountExcludingTax shippedQuantity invoicedQuantity
    shipmentDate } } }"""


@dataclass(frozen=True)
class Job:
    """A finished import job."""

    fields: Fields
    findings: list[Fields]

    @property
    def files(self) -> list[Fields]:
        """How each file was read."""
        return list(self.fields["files"])

    @property
    def status(self) -> str:
        return str(self.fields["status"])

    @property
    def refused(self) -> list[Fields]:
        return [finding for finding in self.findings if not finding["isWarning"]]

    @property
    def warnings(self) -> list[Fields]:
        return [finding for finding in self.findings if finding["isWarning"]]

    @property
    def counts(self) -> dict[str, int]:
        """The counts other than 0, such as headersCreated."""
        return {name: self.fields[name] for name in COUNTS.split() if self.fields[name]}

    def refusals(self, *names: str) -> list[tuple[Any, ...]]:
        """These fields of every problem that is not a warning, in order."""
        return [tuple(finding[name] for name in names) for finding in self.refused]


def post(
    client: Client,
    files: Files,
    headers: dict[str, str] | None = None,
    mapping: bytes | None = None,
    **query: str,
) -> Any:
    """The response to an upload: one file as the body, several or a mapping as a form."""
    if len(files) == 1 and mapping is None:
        [(name, content)] = files.items()
        return client.http.post(
            client.url + "/imports", params={"name": name} | query, content=content, headers=headers
        )
    form = [("files", (name, content)) for name, content in files.items()]
    if mapping is not None:
        form.append(("mapping", ("mapping.toml", mapping)))
    return client.http.post(client.url + "/imports", params=query, files=form, headers=headers)


def upload(client: Client, files: Files, mapping: bytes | None = None, **query: str) -> Job:
    """The finished job of uploaded files."""
    response = post(client, files, mapping=mapping, **query)
    assert response.status_code == 202, response.text
    return ended(client, response.json()["id"])


def ended(client: Client, key: str) -> Job:
    """A job, once it has finished."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        fields = client.ask(JOB, id=key)["importJob"]
        if fields["finishedDateTime"] is not None:
            return Job(fields, findings(client, key))
        time.sleep(0.1)  # polling takes processor time from the job
    raise AssertionError("the job did not end")


def findings(client: Client, key: str, page: int = 200) -> list[Fields]:
    """The problems and warnings of a job, read page by page."""
    result: list[Fields] = []
    state = {"hasNextPage": True, "endCursor": None}
    while state["hasNextPage"]:
        job = client.ask(PROBLEMS, id=key, first=page, after=state["endCursor"])["importJob"]
        result += job["problems"]["nodes"]
        state = job["problems"]["pageInfo"]
    return result


def order(client: Client, number: str) -> Fields | None:
    result: Fields | None = client.ask(ORDER, number=number)["salesOrderByNumber"]
    return result


def numbers(client: Client) -> list[str]:
    """The numbers of the first 200 orders, sorted."""
    result = client.ask("{ salesOrders(first: 200) { nodes { number } } }")
    return sorted(node["number"] for node in result["salesOrders"]["nodes"])


VARIABLE = re.compile(
    r"datetime\.datetime\([^)]*\)|'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'|UUID\([^)]*\)"
    r"|'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+'|'command line'|'anyone'"
)
"""Ids, times and authors, which differ from one database to the next."""


LINES_OF_ORDERS = """SELECT o.number, l.sequence, l.inventory_lot_id, i.number, l.quantity
  FROM sales_orders o JOIN sales_order_lines l ON l.sales_order_id = o.id
  LEFT JOIN items i ON i.id = l.item_id"""


def stored_content(url: str) -> dict[str, list[str]]:
    """All stored orders and reference data, without ids, times and authors."""
    [whole] = execute(url, LINES_OF_ORDERS)
    return {"lines of orders": whole} | {
        name: sorted(VARIABLE.sub("*", row) for row in rows)
        for name, rows in dump(url).items()
        if not name.startswith("import_")
    }
