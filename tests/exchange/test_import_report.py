"""The error report: the refused rows as a file that can be corrected and imported."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from tests.support.databases import Templates
from tests.support.importing import (
    HEADERS,
    LINES,
    Client,
    Fields,
    Files,
    Job,
    gate,
    head,
    line,
    numbers,
    order,
    orders,
    stored_content,
    table,
    upload,
)
from tests.support.workbooks import workbook
from tests.support.world import load_world


@pytest.fixture
def client(world_url: str, tmp_path: Path) -> Iterator[Client]:
    """The gateway over the world."""
    with gate(world_url, tmp_path) as client:
        yield client


BROKEN: dict[str, tuple[str, str, str, str, str]] = {
    "B01": ("header", "ORDERINGCUSTOMERACCOUNTNUMBER", "NOPE", "C1", "NOT_FOUND"),
    "B02": ("header", "ORDERINGCUSTOMERACCOUNTNUMBER", "", "C1", "REQUIRED"),
    "B03": ("header", "ORDERINGCUSTOMERACCOUNTNUMBER", "BLOCKED-ALL", "C1", "BLOCKED"),
    "B04": ("header", "CURRENCYCODE", "XXX", "", "NOT_FOUND"),
    "B05": ("header", "ORDERCREATIONDATETIME", "2/30/2026", "2/28/2026", "INVALID"),
    "B06": ("header", "EMAIL", "nobody", "nobody@example.com", "INVALID"),
    "B07": ("header", "TOTALDISCOUNTPERCENTAGE", "101", "", "OUT_OF_RANGE"),
    "B08": ("header", "AREPRICESINCLUDINGSALESTAX", "perhaps", "No", "INVALID"),
    "B09": ("header", "SALESORDERSTATUS", "Lost", "", "INVALID"),
    "B10": ("header", "CUSTOMERSORDERREFERENCE", "x" * 99, "x", "TOO_LONG"),
    "B11": ("header", "REQUESTEDRECEIPTDATE", "1752-12-31", "2026-12-31", "OUT_OF_RANGE"),
    "B12": ("line", "ITEMNUMBER", "I9999", "I0010", "NOT_FOUND"),
    "B13": ("line", "ITEMNUMBER", "SALES-BLOCKED", "I0010", "BLOCKED"),
    "B14": ("line", "ORDEREDSALESQUANTITY", "two", "2", "INVALID"),
    "B15": ("line", "SALESPRICE", "1.123456", "10", "OUT_OF_RANGE"),
    "B16": ("line", "LINEDISCOUNTPERCENTAGE", "-1", "", "OUT_OF_RANGE"),
    "B17": ("line", "CURRENCYCODE", "JPY", "", "CONFLICTING"),
    "B18": ("line", "LINECREATIONSEQUENCENUMBER", "1.5", "2", "INVALID"),
    "B19": ("line", "LINECREATIONSEQUENCENUMBER", "1", "2", "DUPLICATE"),
    "B20": ("line", "SALESTAXITEMGROUPCODE", "NOPE", "S20", "NOT_FOUND"),
    "B21": ("line", "SALESUNITSYMBOL", "BARREL", "PCS", "NOT_FOUND"),
}
"""By order: the invalid row, its column, the invalid value, a valid one, and the code."""

GOOD = [f"G{place:02}" for place in range(1, 8)]


def load(*, broken: bool) -> tuple[list[Fields], list[Fields]]:
    """Headers and lines, two per order; the second line may be invalid."""
    headers, lines = [], []
    for number in sorted([*BROKEN, *GOOD]):
        kind, column, bad, good, _ = BROKEN.get(number, ("none", "EMAIL", "", "", ""))
        own = {column: bad if broken else good}
        given = {"CURRENCYCODE": "EUR"} | (own if kind == "header" else {})
        headers.append(head(number, **given))
        lines.append(line(number, 1))
        lines.append(line(number, **({"sequence": 2} | (own if kind == "line" else {}))))
    for row in lines:
        row["LINECREATIONSEQUENCENUMBER"] = row.pop("sequence", row["LINECREATIONSEQUENCENUMBER"])
    return headers, lines


def as_csv(headers: list[Fields], lines: list[Fields]) -> dict[str, bytes]:
    return orders(headers, lines)


def as_xlsx(headers: list[Fields], lines: list[Fields]) -> dict[str, bytes]:
    files = {}
    for name, rows in ((HEADERS, headers), (LINES, lines)):
        columns = list(dict.fromkeys(column for row in rows for column in row))
        cells = [[row.get(column, "") for column in columns] for row in rows]
        files[name.replace(".csv", ".xlsx")] = workbook({"Sheet1": [columns, *cells]})
    return files


def as_xml(headers: list[Fields], lines: list[Fields]) -> dict[str, bytes]:
    files = {}
    for name, element, rows in (
        (HEADERS, "SALESORDERHEADERV2ENTITY", headers),
        (LINES, "SALESORDERLINEV2ENTITY", lines),
    ):
        columns = list(dict.fromkeys(column for row in rows for column in row))
        records = [
            "".join(
                f"<{column}>{escape(str(row.get(column, '')))}</{column}>" for column in columns
            )
            for row in rows
        ]
        text = "".join(f"<{element}>{record}</{element}>" for record in records)
        files[name.replace(".csv", ".xml")] = f"<Document>{text}</Document>".encode()
    return files


FORMS: dict[str, tuple[Callable[[list[Fields], list[Fields]], Files], int]] = {
    "CSV": (as_csv, 2),
    "XLSX": (as_xlsx, 2),
    "XML": (as_xml, 1),
}
"""Each format with the row number of its first record."""


def report_of(client: Client, job: Job) -> dict[str, bytes]:
    """The files of the error report of a job."""
    response = client.http.get(f"{client.url}/imports/{job.fields['id']}/refused")
    assert response.status_code == 200
    if response.headers["content-type"] != "application/zip":
        name = response.headers["content-disposition"].split('"')[1]
        return {name: response.content}
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rows_of(content: bytes) -> list[dict[str, str]]:
    text = content.decode("utf-8-sig")
    separator = ";" if text.split("\n")[0].count(";") > 2 else ","
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=separator))


@pytest.mark.parametrize(("form", "first_row"), FORMS.values(), ids=list(FORMS))
def test_invalid_rows_refuse_only_their_orders_and_the_corrected_report_completes_the_import(
    client: Client,
    world_url: str,
    templates: Templates,
    tmp_path: Path,
    form: Callable[[list[Fields], list[Fields]], Files],
    first_row: int,
) -> None:
    headers, lines = load(broken=True)
    job = upload(client, form(headers, lines))
    assert job.status == "PARTIALLY_SUCCEEDED"
    assert numbers(client) == GOOD
    places = {"header": [row["SALESORDERNUMBER"] for row in headers].index}
    places["line"] = lambda number: places["header"](number) * 2 + 1
    refusals = [
        (number, row, column.upper(), code)
        for number, row, column, code in job.refusals("orderNumber", "row", "columnName", "code")
    ]
    assert sorted(refusals) == [
        (number, first_row + places[kind](number), column, code)
        for number, (kind, column, _, _, code) in BROKEN.items()
    ]
    assert all(problem["message"] for problem in job.refused)
    count = len(BROKEN)
    assert (job.fields["headersFailed"], job.fields["linesFailed"]) == (count, 2 * count)

    report = report_of(client, job)
    assert sorted(report) == [HEADERS, LINES]
    corrected = {name: table(map(corrected_row, rows_of(report[name]))) for name in report}
    for name, kind, rows_each in ((HEADERS, "header", 1), (LINES, "line", 2)):
        rows = rows_of(report[name])
        assert len(rows) == rows_each * count
        codes = {row["SALESORDERNUMBER"]: row["code"] for row in rows if row["code"]}
        assert codes == {n: code for n, (k, *_, code) in BROKEN.items() if k == kind}
        assert all(bool(row["reason"]) == bool(row["code"]) for row in rows)
        assert all(row["row"].isdigit() for row in rows)

    again = upload(client, corrected)
    assert (again.status, again.refused) == ("SUCCEEDED", [])
    assert again.counts == {"headersCreated": count, "linesCreated": 2 * count}
    intact = templates.copy("world", load_world)
    (tmp_path / "intact").mkdir()
    with gate(intact, tmp_path / "intact") as other:
        assert upload(other, form(*load(broken=False))).status == "SUCCEEDED"
    assert stored_content(world_url) == stored_content(intact)


def corrected_row(row: dict[str, str]) -> dict[str, str]:
    """A row of the report, with a valid value if it was invalid."""
    if not row["code"]:
        return row
    _, column, _, good, _ = BROKEN[row["SALESORDERNUMBER"]]
    return row | {column: good}


def test_the_report_of_a_european_file_has_unambiguous_dates_and_numbers(client: Client) -> None:
    headers = [
        head(number, ORDERCREATIONDATETIME=day, TOTALDISCOUNTPERCENTAGE="2,5")
        for number, day in (("A", "13.01.2026"), ("B", "03.02.2026"))
    ]
    lines = [
        line("A", ORDEREDSALESQUANTITY="1,5", SALESPRICE="1.234,56"),
        line("B", "1.000", ORDEREDSALESQUANTITY="2.000", SALESPRICE="1.234,50", ITEMNUMBER="NOPE"),
    ]
    files = {HEADERS: table(headers, ";"), LINES: table(lines, ";")}
    job = upload(client, files)
    assert job.refusals("code", "orderNumber") == [("NOT_FOUND", "B")]
    assert order(client, "A")["orderDate"] == "2026-01-13"
    assert order(client, "A")["lines"][0]["unitPrice"] == "1234.56"
    report = {
        name: content.replace(b"NOPE", b"I0010") for name, content in report_of(client, job).items()
    }
    assert upload(client, report).status == "SUCCEEDED"
    result = order(client, "B")
    assert (result["orderDate"], result["discountPercent"]) == ("2026-02-03", "2.5")
    [only] = result["lines"]
    assert (only["sequence"], only["quantity"], only["unitPrice"]) == (1000, "2000", "1234.5")


def test_the_report_of_json_orders_is_json_with_the_reason_at_the_line(client: Client) -> None:
    good, bad = (
        {"lineObjectNumber": number, "lineType": "Item", "quantity": 2}
        for number in ("I0010", "NOPE")
    )
    files = [
        {"number": "A", "customerNumber": "C1", "salesOrderLines": [good]},
        {"number": "B", "customerNumber": "C1", "salesOrderLines": [good, bad]},
    ]
    job = upload(client, {"orders.json": json.dumps(files).encode()})
    refusals = job.refusals("orderNumber", "row", "line", "columnName", "code")
    assert refusals == [("B", 2, 2, "lineObjectNumber", "NOT_FOUND")]
    [(name, content)] = report_of(client, job).items()
    assert name == "orders.jsonl"
    [refused] = map(json.loads, content.splitlines())
    assert [each["error code"] for each in refused["salesOrderLines"]] == ["", "NOT_FOUND"]
    assert (refused["number"], refused["error code"]) == ("B", "")
    again = upload(client, {name: content.replace(b"NOPE", b"I0011")})
    assert (again.status, again.warnings) == ("SUCCEEDED", [])
    assert [each["item"]["number"] for each in order(client, "B")["lines"]] == ["I0010", "I0011"]


def test_an_import_without_refused_rows_has_no_report(client: Client) -> None:
    job = upload(client, orders([head("A")], [line("A")]))
    response = client.http.get(f"{client.url}/imports/{job.fields['id']}/refused")
    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.parametrize("sign", "=+-@\uff1d\uff0b\uff0d\uff20")
def test_formulas_are_escaped_in_the_report_and_imported_unchanged(
    client: Client, sign: str
) -> None:
    formula = f"{sign}HYPERLINK(1)"
    job = upload(client, orders([head("A", EMAIL="nobody")], [line("A", LINEDESCRIPTION=formula)]))
    report = report_of(client, job)
    [row] = rows_of(report[LINES])
    assert row["LINEDESCRIPTION"] == f"'{formula}"
    right = {name: content.replace(b"nobody", b"a@b.example") for name, content in report.items()}
    assert upload(client, right).status == "SUCCEEDED"
    assert order(client, "A")["lines"][0]["description"] == formula
