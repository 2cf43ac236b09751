"""Exports: the content of the files, the selection of orders, and the cost in statements and memory."""

import csv
import io
import tracemalloc
from decimal import Decimal
from xml.etree import ElementTree as ET

import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from gateway.api.filter_text import order_filter
from gateway.demo.northwind import load_demo
from gateway.exchange.exports.export_request import CannotExport, ExportFormat, ExportRequest
from gateway.exchange.exports.export_stream import open_download
from gateway.exchange.formats.cells import Locale
from gateway.exchange.formats.formulas import escape_formula, unescape_formula
from gateway.exchange.imports.row_reader import Place, RowReader
from gateway.exchange.mappings.finance_operations import HEADERS, LINES
from gateway.exchange.mappings.reference_columns import Dataset
from gateway.storage.conditions import BadFilter
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables.column_types import new_guid
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow
from tests.support.databases import Templates
from tests.support.exporting import entries, exported
from tests.support.paths import ROOT
from tests.support.served import statements

HEADER_FILE, LINE_FILE = "Sales order headers V2.csv", "Sales order lines V2.csv"
OWN_HEADINGS = {
    *("POSTINGDATE", "PHONENUMBER", "PARTIALSHIPPING", "LINEROUNDING", "GATEWAYSTATUS"),
    *("SELLTOADDRESSLINE1", "SELLTOADDRESSLINE2", "SELLTOCITY", "SELLTOSTATE", "SELLTOCOUNTRY"),
    *("BILLTOADDRESSLINE1", "BILLTOADDRESSLINE2", "BILLTOCITY", "BILLTOSTATE", "BILLTOCOUNTRY"),
    *("SELLTOPOSTCODE", "BILLTOPOSTCODE", "LINETYPE", "LINEOBJECTNUMBER", "DESCRIPTION2"),
    *("SHIPQUANTITY", "INVOICEQUANTITY", "SHIPPEDQUANTITY", "INVOICEDQUANTITY"),
}
"""Our own columns, which the vendor does not have."""

NAMESPACE = "{http://schemas.microsoft.com/dynamics/2015/01/DataManagement}"
FIRST = "NW-10248"


@pytest.fixture
def northwind(templates: Templates) -> Database:
    return Database(templates.copy("demo", load_demo), poolclass=NullPool)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


@pytest.mark.anyio
async def test_the_manifest_of_a_package_maps_the_vendors_columns_and_puts_headers_before_lines(
    northwind: Database,
) -> None:
    files = entries(await exported(northwind, form=ExportFormat.FO_PACKAGE))
    assert list(files) == ["PackageHeader.xml", "Manifest.xml", HEADER_FILE, LINE_FILE]
    assert files["PackageHeader.xml"].startswith("\ufeff<Data".encode("utf-16-le"))
    root = ET.fromstring(files["Manifest.xml"].decode("utf-16"))
    places = {}
    for entity in root.iter(f"{NAMESPACE}DataManagementPackageEntityData"):
        values = {each.tag.removeprefix(NAMESPACE): each.text for each in entity}
        places[values["EntityName"]] = tuple(
            values[name] for name in ("ExecutionUnit", "LevelInExecutionUnit", "SequenceInLevel")
        )
        maps = [
            (each.findtext(f"{NAMESPACE}XMLField"), each.findtext(f"{NAMESPACE}EntityField"))
            for each in entity.iter(f"{NAMESPACE}EntityMap")
        ]
        headings = files[str(values["InputFilePath"])].split(b"\r\n")[0].decode().split(",")
        assert maps == [(heading, heading) for heading in headings if heading not in OWN_HEADINGS]
        assert all(heading == heading.upper() for heading in headings)
    assert places == {
        "Sales order headers V2": ("1", "10", "1"),
        "Sales order lines V2": ("1", "20", "1"),
    }


@pytest.mark.anyio
@pytest.mark.parametrize("form", [ExportFormat.FO_PACKAGE, ExportFormat.CSV])
async def test_a_package_contains_the_first_order_of_northwind(
    northwind: Database, form: ExportFormat
) -> None:
    chosen = order_filter('{"number": {"startsWith": "NW-"}}')
    files = entries(await exported(northwind, form=form, listed=chosen))
    headers, lines = rows(files[HEADER_FILE]), rows(files[LINE_FILE])
    assert (len(headers), len(lines)) == (830, 2155)
    header = {name.casefold(): cell for name, cell in headers[0].items()}
    line = {name.casefold(): cell for name, cell in lines[0].items()}
    assert {
        "salesordernumber": FIRST,
        "orderingcustomeraccountnumber": "VINET",
        "currencycode": "USD",
        "ordercreationdatetime": "1996-07-04",
        "requestedshippingdate": "1996-08-01",
        "arepricesincludingsalestax": "No",
        "salesorderstatus": "Invoiced",
        "deliveryaddresscity": "Reims",
    }.items() <= header.items()
    assert {
        "salesordernumber": FIRST,
        "itemnumber": "11",
        "orderedsalesquantity": "12",
        "salesprice": "14",
        "salespricequantity": "1",
        "lineamount": "168",
        "currencycode": "USD",
    }.items() <= line.items()
    assert sum(
        Decimal(row[name]) for row in lines for name in row if name.casefold() == "lineamount"
    ) == Decimal("1265792.76")


@pytest.mark.anyio
async def test_bc_json_has_the_names_and_the_numbers_of_the_business_central_api(
    northwind: Database,
) -> None:
    page = orjson.loads(
        await exported(
            northwind,
            form=ExportFormat.BC_JSON,
            listed=order_filter('{"number": {"eq": "NW-10248"}}'),
        )
    )
    [order] = page["value"]
    assert set(page) == {"value"}
    lines = order["salesOrderLines"]
    assert {
        "number": FIRST,
        "orderDate": "1996-07-04",
        "customerNumber": "VINET",
        "shipToContact": "",
        "totalAmountExcludingTax": 440,
        "status": "Open",
        "@odata.etag": 'W/"1"',
    }.items() <= order.items()
    assert [(each["sequence"], each["lineType"], each["unitPrice"]) for each in lines] == [
        (10000, "Item", 14),
        (20000, "Item", 9.8),
        (30000, "Item", 34.8),
    ]
    assert {each["documentId"] for each in lines} == {order["id"]}
    assert lines[0]["accountId"] == "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "@x",
        "+a",
        "-b",
        "'=1+1",
        "''=1+1",
        "'",
        "it's",
        "-5",
        "+44 113 1",
        "'-5",
        "= ",
        "a=b",
    ],
)
def test_a_formula_is_escaped_and_can_be_restored(text: str) -> None:
    cell = escape_formula(text)
    is_number = text.lstrip("+-")[:1].isdigit()
    assert cell[0] not in "=+-@" or is_number
    assert unescape_formula(cell) == text


@pytest.mark.anyio
async def test_no_cell_of_an_exported_table_is_a_formula(northwind: Database) -> None:
    async with northwind.write() as session:
        await session.execute(sa.update(SalesOrderRow).values(salesperson="=cmd|x", email="@sum"))
        await session.execute(sa.update(SalesOrderLineRow).values(description="+A1"))
    files = entries(await exported(northwind, form=ExportFormat.CSV))
    header, line = rows(files[HEADER_FILE])[0], rows(files[LINE_FILE])[0]
    assert (header["OrderTakerPersonnelNumber"], header["Email"]) == ("'=cmd|x", "'@sum")
    assert line["LineDescription"] == "'+A1"
    change = RowReader(HEADERS, {}, Locale()).read(Place(0), header).change
    assert (change["salesperson"], change["email"]) == ("=cmd|x", "@sum")
    assert RowReader(LINES, {}, Locale()).read(Place(0), line).change["description"] == "+A1"


@pytest.mark.anyio
async def test_a_filter_selects_the_same_orders_as_in_a_query(
    northwind: Database,
) -> None:
    chosen = order_filter(
        '{"customer": {"number": {"eq": "VINET"}}, "lines": {"some": {"quantity": {"gt": 15.5}}}}'
    )
    result = [
        orjson.loads(document)["number"]
        for document in (await exported(northwind, listed=chosen)).splitlines()
    ]
    large = {
        line["OrderID"] for line in northwind_file("order_lines") if int(line["Quantity"]) > 15
    }
    of_vinet = [each for each in northwind_file("orders") if each["CustomerID"] == "VINET"]
    expected = [f"NW-{each['OrderID']}" for each in of_vinet if each["OrderID"] in large]
    assert result == sorted(expected)
    assert 0 < len(result) < len(of_vinet)


def northwind_file(name: str) -> list[dict[str, str]]:
    """The original records of Northwind."""
    path = ROOT / "gateway" / "demo" / "data" / f"{name}.csv"
    return rows(path.read_bytes())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"nmber": {"eq": "1"}}', "number"),
        ('{"number": {"like": "1"}}', "like"),
        ('{"number": {"eq": 1}}', "number.eq"),
        ('{"status": {"eq": "SOLD"}}', "SOLD"),
        ('{"orderDate": {"gt": "yesterday"}}', "Date"),
        ('{"number": null}', "null"),
        ("[]", "JSON object"),
        ("{", "not JSON"),
        ('{"quantity": {"eq": NaN}}', "not JSON"),
    ],
)
def test_a_filter_that_a_query_would_refuse_is_refused_with_a_message(
    text: str, sentence: str
) -> None:
    with pytest.raises(BadFilter, match=sentence):
        order_filter(text)


@pytest.mark.parametrize(
    ("export", "sentence"),
    [
        (ExportRequest(Dataset.CUSTOMERS, ExportFormat.FO_PACKAGE), "jsonl, csv or xlsx"),
        (ExportRequest(Dataset.EVERYTHING, ExportFormat.CSV), "use jsonl"),
        (ExportRequest(Dataset.ITEMS, filter=order_filter("{}")), "selects orders"),
    ],
)
def test_an_impossible_export_is_refused_with_a_message(
    export: ExportRequest, sentence: str
) -> None:
    with pytest.raises(CannotExport, match=sentence):
        export.check()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("form", "most"),
    [
        (ExportFormat.JSON_LINES, 6),
        (ExportFormat.BC_JSON, 6),
        (ExportFormat.FO_PACKAGE, 8),
        (ExportFormat.CSV, 8),
    ],
)
async def test_an_export_takes_two_statements_per_page_of_orders_with_lines(
    northwind: Database, form: ExportFormat, most: int
) -> None:
    """The demo has 839 orders with 2,176 lines: two pages of 500 orders, or of 2,000 lines. The headers
    of a package take one statement per page, and its lines two. Before them, two statements count the
    values that the file cannot contain."""
    await exported(northwind, form=form)
    with statements() as seen:
        await exported(northwind, form=form)
    reads = [text for text in seen if text.lstrip().upper().startswith("SELECT")]
    assert len(reads) == most


async def _multiply(database: Database, copies: int) -> None:
    """Add copies of all orders and their lines."""
    orders, lines = SalesOrderRow.__table__, SalesOrderLineRow.__table__
    async with database.write() as session:
        headers = [dict(row) for row in (await session.execute(sa.select(orders))).mappings()]
        details = [dict(row) for row in (await session.execute(sa.select(lines))).mappings()]
        for copy in range(copies):
            ids = {row["id"]: new_guid() for row in headers}
            await session.execute(
                sa.insert(orders),
                [
                    {
                        **row,
                        "id": ids[row["id"]],
                        "number": f"{row['number']}-{copy}",
                        "number_folded": f"{row['number_folded']}-{copy}",
                    }
                    for row in headers
                ],
            )
            await session.execute(
                sa.insert(lines),
                [
                    {**row, "id": new_guid(), "sales_order_id": ids[row["sales_order_id"]]}
                    for row in details
                ],
            )


async def _peak(database: Database, form: ExportFormat) -> tuple[int, int]:
    """The size of the export, and the peak of the memory that it took, in bytes."""
    size = 0
    tracemalloc.start()
    result = await open_download(database, ScopeRequest(), ExportRequest(format=form))
    async for chunk in result.chunks:
        size += len(chunk)
    await result.close()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size, peak


@pytest.mark.anyio
@pytest.mark.parametrize("copies", [3, pytest.param(10, marks=pytest.mark.full)])
async def test_the_memory_of_an_export_does_not_grow_with_the_number_of_orders(
    northwind: Database, copies: int
) -> None:
    await exported(northwind)
    small_size, small = await _peak(northwind, ExportFormat.JSON_LINES)
    await _multiply(northwind, copies)
    large_size, large = await _peak(northwind, ExportFormat.JSON_LINES)
    assert large_size > small_size * copies
    assert large < small * 1.5
