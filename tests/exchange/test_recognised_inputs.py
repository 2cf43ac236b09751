"""Small inputs of partners, each with its correct outcome (tests/data/files)."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.storage.database import Database
from tests.support.databases import Templates
from tests.support.importing import (
    DATA,
    Client,
    Files,
    Job,
    bring_in,
    gate,
    head,
    load_empty,
    numbers,
    order,
    post,
    stored_content,
    table,
    upload,
)
from tests.support.processes import run
from tests.support.workbooks import workbook

INPUTS = DATA / "files"
REFERENCE = DATA / "fo_data_package" / "reference"


def contents(folder: Path, pattern: str = "*") -> Files:
    return {path.name: path.read_bytes() for path in sorted(folder.glob(pattern))}


async def load_reference(database: Database) -> None:
    """A company in US dollars with the reference data of the package, and the currencies EUR and GBP."""
    await load_empty(database)
    currencies = table([{"code": "EUR"}, {"code": "GBP"}])
    await bring_in(database, contents(REFERENCE) | {"currencies.csv": currencies})


@pytest.fixture
def url(templates: Templates) -> str:
    return templates.copy("reference", load_reference)


@pytest.fixture
def client(url: str, tmp_path: Path) -> Iterator[Client]:
    with gate(url, tmp_path) as client:
        yield client


@pytest.fixture
def empty(templates: Templates, tmp_path: Path) -> Iterator[Client]:
    """The gateway over a company with US dollars as its currency, and no other records."""
    with gate(templates.copy("empty", load_empty), tmp_path) as client:
        yield client


def skipped(job: Job) -> list[str]:
    return [each["file"] for each in job.warnings if each["code"] == "FILE_SKIPPED"]


def test_a_list_of_orders_never_changes_customers(client: Client, url: str) -> None:
    before = stored_content(url)
    response = post(client, contents(INPUTS / "list-overwrites-customers"))
    assert (response.status_code, response.json()["code"]) == (400, "FILE_REFUSED")
    assert response.json()["message"].startswith("All sales orders.csv")
    assert stored_content(url) == before


def test_a_file_that_contradicts_its_name_is_refused_and_the_others_are_imported(
    client: Client,
) -> None:
    """The order has a header and no lines, which the status and a finding say."""
    customers = {"CUSTOMERACCOUNT": "ALFKI", "ORGANIZATIONNAME": "Changed", "SALESORDERNUMBER": "A"}
    files = {
        "Sales order headers V2.csv": table([head("A", ORDERINGCUSTOMERACCOUNTNUMBER="ALFKI")]),
        "Sales order lines V2.csv": table([customers]),
    }
    job = upload(client, files)
    assert (job.status, job.counts) == ("PARTIALLY_SUCCEEDED", {"headersCreated": 1})
    assert job.refusals("code", "file", "row") == [
        ("FILE_REFUSED", "Sales order lines V2.csv", None)
    ]
    assert "has the columns of Customers V3" in job.refused[0]["message"]
    response = post(client, files, policy="atomic")
    assert (response.status_code, response.json()["code"]) == (400, "FILE_REFUSED")
    assert [(each["name"], each["entity"]) for each in response.json()["files"]] == [
        ("Sales order headers V2.csv", "Sales order headers V2"),
        ("Sales order lines V2.csv", None),
    ]


def test_a_refused_upload_states_what_was_detected_about_its_files(client: Client) -> None:
    files = {
        "All sales orders.csv": "Name;Ort\r\nMüller;Köln\r\nWeiß;Fürth\r\n".encode("cp1252"),
        "items.csv": b"a",
    }
    response = post(client, files, policy="atomic")
    assert response.status_code == 400
    properties = ("name", "rows", "format", "encoding", "separator")
    assert [[each[name] for name in properties] for each in response.json()["files"]] == [
        ["All sales orders.csv", 2, "CSV", "cp1252", ";"],
        ["items.csv", 0, "CSV", "utf-8", ","],
    ]


def test_the_command_prints_the_code_of_a_refusal_and_what_was_detected(
    tmp_path: Path, url: str
) -> None:
    (tmp_path / "items.csv").write_bytes("Größe;Maß\n5;6\n7;8\n".encode("cp1252"))
    (tmp_path / "items.pdf").write_bytes(b"%PDF-1.7")
    code, output, errors = run(tmp_path, "import", "items.csv", database_url=url)
    assert code == 1
    assert errors.startswith("FILE_REFUSED: items.csv is named 'items' but lacks the column")
    assert re.search(r" 2   cp1252$", output, re.MULTILINE)
    code, _, errors = run(tmp_path, "import", "items.pdf", database_url=url)
    sentence = "items.pdf is a .pdf file, which contains no data."
    assert (code, errors) == (1, f"FILE_REFUSED: {sentence}\n")


def test_charges_in_a_package_are_skipped_with_a_warning(client: Client) -> None:
    job = upload(client, contents(INPUTS / "charges-become-lines"))
    assert (job.status, job.refused) == ("SUCCEEDED", [])
    assert skipped(job) == ["package.zip/Sales order header charges.xlsx"]
    [warning] = [each for each in job.warnings if each["code"] == "FILE_SKIPPED"]
    assert "'Sales order header charges'" in warning["message"]
    result = order(client, "T900")
    assert result is not None
    assert [line["item"]["number"] for line in result["lines"]] == ["1"]


def test_a_foreign_entity_does_not_stop_the_rest_of_a_package(client: Client) -> None:
    job = upload(client, contents(INPUTS / "unknown-entity-in-package"))
    assert job.status == "SUCCEEDED"
    assert job.counts == {"headersCreated": 1, "linesCreated": 1}
    assert skipped(job) == ["package.zip/Customer groups.xlsx"]


def test_folders_of_an_archive_may_be_separated_by_backslashes(client: Client) -> None:
    job = upload(client, contents(INPUTS / "backslash-zip"))
    assert (job.status, job.counts) == ("SUCCEEDED", {"headersCreated": 1, "linesCreated": 1})


def test_stray_files_in_an_archive_are_skipped_with_a_warning(client: Client) -> None:
    job = upload(client, contents(INPUTS / "stray-file-in-zip"))
    assert (job.status, job.counts) == ("SUCCEEDED", {"headersCreated": 1, "linesCreated": 1})
    assert sorted(skipped(job)) == ["package.zip/README.txt", "package.zip/Thumbs.db"]


def test_the_rows_of_a_flat_file_are_grouped_by_order_number(client: Client) -> None:
    job = upload(client, contents(INPUTS / "flat-file"))
    assert (job.status, job.counts) == ("SUCCEEDED", {"headersCreated": 1, "linesCreated": 2})
    result = order(client, "T38")
    assert result is not None
    assert result["customer"]["number"] == "ALFKI"
    assert [(line["item"]["number"], line["unitPrice"]) for line in result["lines"]] == [
        ("1", "18"),
        ("11", "21"),
    ]


def test_composite_xml_has_lines_within_headers(client: Client) -> None:
    job = upload(client, contents(INPUTS / "composite-xml"))
    assert (job.status, job.refused) == ("SUCCEEDED", [])
    result = order(client, "C1")
    assert result is not None
    assert [(line["item"]["number"], line["quantity"]) for line in result["lines"]] == [("1", "3")]


def test_charges_within_the_orders_of_composite_xml_are_ignored_with_a_warning(
    client: Client,
) -> None:
    [(name, content)] = contents(INPUTS / "composite-xml").items()
    charge = (
        b"<CHARGEENTITY><CHARGECODE>FREIGHT</CHARGECODE></CHARGEENTITY>"
        b"<NOTEENTITY><TEXT>Ring</TEXT></NOTEENTITY><CURRENCYCODE>"
    )
    job = upload(client, {name: content.replace(b"<CURRENCYCODE>", charge, 1)})
    assert (job.status, job.refused) == ("SUCCEEDED", [])
    assert any("ignored: CHARGEENTITY, NOTEENTITY." in each["message"] for each in job.warnings)
    found = order(client, "C1")
    assert found is not None
    assert [(line["item"]["number"], line["quantity"]) for line in found["lines"]] == [("1", "3")]


def test_a_line_within_an_order_with_the_number_of_another_is_refused(client: Client) -> None:
    [(name, content)] = contents(INPUTS / "composite-xml").items()
    own = b"<SALESORDERNUMBER>C2</SALESORDERNUMBER><ITEMNUMBER>"
    job = upload(client, {name: content.replace(b"<ITEMNUMBER>", own, 1)})
    assert job.refusals("code", "row", "line", "columnName", "rejectedValue") == [
        ("CONFLICTING", 1, 1, "SALESORDERNUMBER", "C2")
    ]
    assert order(client, "C1") is None


def test_equal_rows_in_several_files_are_read_once(client: Client) -> None:
    """For example those of a file and of its error report. If rows differ, it is unknown which one is
    correct, so their orders are refused."""
    a, b, c = (head(number, ORDERINGCUSTOMERACCOUNTNUMBER="ALFKI") for number in "ABC")
    report = [dict(row, row=2, code="NOT_FOUND", reason="Why") for row in (a, b)]
    files = {
        "Sales order headers V2-refused.csv": table(report),
        "Sales order headers V2.csv": table([a, dict(b, CUSTOMERSORDERREFERENCE="PO"), c]),
    }
    job = upload(client, files)
    assert job.refusals("code", "file", "row", "orderNumber") == [
        ("DUPLICATE", "Sales order headers V2.csv", 3, "B")
    ]
    assert "Row 3 of another file is already the header" in job.refused[0]["message"]
    assert [
        (each["file"], each["row"]) for each in job.warnings if each["code"] == "DUPLICATE"
    ] == [("Sales order headers V2.csv", 2)]
    assert job.counts == {"headersCreated": 2, "headersUnchanged": 1, "headersFailed": 2}
    assert numbers(client) == ["A", "C"]


@pytest.mark.parametrize("key", [{"LINECREATIONSEQUENCENUMBER": 1}, {}])
def test_a_flat_file_may_lie_beside_its_copy(client: Client, key: dict[str, int]) -> None:
    rows = [flat(**key), flat("F2", ITEMNUMBER="11", **key)]
    job = upload(client, {"orders-refused.csv": table(rows[:1]), "orders.csv": table(rows)})
    assert (job.status, job.counts) == (
        "SUCCEEDED",
        {"headersCreated": 2, "linesCreated": 2, "headersUnchanged": 1, "linesUnchanged": 1},
    )
    assert [len(order(client, number)["lines"]) for number in ("F1", "F2")] == [1, 1]


def test_lines_without_keys_in_two_files_are_not_added_twice(client: Client) -> None:
    """It is unknown whether those of a second file are further lines."""
    header = table([head("A", ORDERINGCUSTOMERACCOUNTNUMBER="ALFKI")])
    lines = [
        {"SALESORDERNUMBER": "A", **SOLD},
        {"SALESORDERNUMBER": "A", **SOLD, "ITEMNUMBER": "11"},
    ]
    files = {
        "Sales order headers V2.csv": header,
        "Sales order headers V2 again.csv": header,
        "Sales order lines V2.csv": table(lines[:1]),
        "Sales order lines V2 again.csv": table(lines),
    }
    assert {code for (code,) in upload(client, files).refusals("code")} == {"DUPLICATE"}
    assert order(client, "A") is None


@pytest.mark.parametrize(
    ("name", "day"), [("Sales order headers V2.csv", "1"), ("package.zip", "1")]
)
def test_headers_with_a_number_and_one_field_patch_orders(
    client: Client, name: str, day: str
) -> None:
    folder = INPUTS / "partial-header-update"
    first = {path[2:]: content for path, content in contents(folder, "1 *").items()}
    assert upload(client, first).status == "SUCCEEDED"
    job = upload(client, {name: (folder / name).read_bytes()})
    assert (job.status, job.counts) == ("SUCCEEDED", {"headersUpdated": 2})
    query = """{ salesOrders(sort: [{field: NUMBER, direction: ASC}]) { nodes {
      requestedDeliveryDate lines { item { number } quantity } } } }"""
    result = client.ask(query)["salesOrders"]["nodes"]
    month = "05" if name.endswith("csv") else "06"
    assert [each["requestedDeliveryDate"] for each in result] == [
        f"2026-{month}-01",
        f"2026-{month}-02",
    ]
    assert all(each["lines"] == [{"item": {"number": "1"}, "quantity": "3"}] for each in result)


def test_a_page_of_lines_joins_its_orders_by_their_ids(empty: Client) -> None:
    job = upload(empty, contents(INPUTS / "bc-lines-page"))
    assert (job.status, job.refused) == ("SUCCEEDED", [])
    result = order(empty, "SO-1001")
    assert result is not None
    assert [(line["item"]["number"], line["quantity"]) for line in result["lines"]] == [
        ("1000", "5")
    ]
    assert result["totalAmountIncludingTax"] == "8062.5"
    assert numbers(empty) == ["SO-1001"]


FLAT = {"SALESORDERNUMBER": "F1", "ORDERINGCUSTOMERACCOUNTNUMBER": "ALFKI", "CURRENCYCODE": "USD"}
SOLD = {"ITEMNUMBER": "1", "ORDEREDSALESQUANTITY": 3, "SALESUNITSYMBOL": "ea", "SALESPRICE": 18}


def flat(number: str = "F1", **cells: object) -> dict[str, object]:
    return {**FLAT, **SOLD, "SALESORDERNUMBER": number, **cells}


def test_differing_header_cells_of_a_flat_file_are_refused_by_row(client: Client) -> None:
    rows = [
        flat(LINECREATIONSEQUENCENUMBER=1),
        flat(LINECREATIONSEQUENCENUMBER=2, ORDERINGCUSTOMERACCOUNTNUMBER="ANATR"),
        flat("F2", LINECREATIONSEQUENCENUMBER=1),
        flat("F2", LINECREATIONSEQUENCENUMBER=2, ORDERINGCUSTOMERACCOUNTNUMBER=" alfki "),
        flat("F2", LINECREATIONSEQUENCENUMBER=3, ORDERINGCUSTOMERACCOUNTNUMBER=""),
        flat("", LINECREATIONSEQUENCENUMBER=1),
    ]
    job = upload(client, {"orders.csv": table(rows)})
    assert job.refusals("code", "row", "columnName", "rejectedValue") == [
        ("CONFLICTING", 3, "ORDERINGCUSTOMERACCOUNTNUMBER", "ANATR"),
        ("REQUIRED", 7, "SalesOrderNumber", None),
    ]
    assert numbers(client) == ["F2"]
    result = order(client, "F2")
    assert result is not None
    assert [line["sequence"] for line in result["lines"]] == [1, 2, 3]


def test_flat_rows_are_read_from_workbooks_and_json_alike(client: Client) -> None:
    rows = [flat(LINECREATIONSEQUENCENUMBER=1), flat(LINECREATIONSEQUENCENUMBER=2, ITEMNUMBER="11")]
    book = workbook({"Sheet1": [list(rows[0]), *(list(row.values()) for row in rows)]})
    assert upload(client, {"Sales orders.xlsx": book}).counts == {
        "headersCreated": 1,
        "linesCreated": 2,
    }
    again = upload(client, {"data.json": json.dumps(rows).encode()})
    assert again.counts == {"headersUnchanged": 1, "linesUnchanged": 2}


def test_a_flat_file_may_have_the_names_of_business_central(client: Client) -> None:
    rows = [
        {"number": "B1", "customerNumber": "ALFKI", "orderDate": "2026-03-04", "lineType": "Item",
         "lineObjectNumber": item, "quantity": 2, "unitPrice": 5}
        for item in ("1", "2")
    ]  # fmt: skip
    job = upload(client, {"export.csv": table(rows)})
    assert (job.status, job.counts) == ("SUCCEEDED", {"headersCreated": 1, "linesCreated": 2})
    result = order(client, "B1")
    assert result is not None
    assert result["orderDate"] == "2026-03-04"
    assert [line["item"]["number"] for line in result["lines"]] == ["1", "2"]


LINES_OF = {"lineType": "Item", "lineObjectNumber": "1", "quantity": 2, "unitPrice": 5}


def page(*rows: dict[str, object]) -> bytes:
    return json.dumps({"value": rows}).encode()


def test_pages_of_lines_join_orders_with_and_without_numbers(client: Client) -> None:
    first, second = "a1a1b1b1-c1c1-d1d1-e1e1-f1f1f1f1f1f1", "A2A1B1B1-C1C1-D1D1-E1E1-F1F1F1F1F1F1"
    files = {
        "salesOrderLines 1.json": page({"documentId": first, "sequence": 1, **LINES_OF}),
        "salesOrderLines 2.json": page({"documentId": second.lower(), "sequence": 1, **LINES_OF}),
        "salesOrders 1.json": page({"id": first, "number": "P1", "customerNumber": "ALFKI"}),
        "salesOrders 2.json": page({"id": second, "customerNumber": "ANATR"}),
    }
    job = upload(client, files)
    assert (job.status, job.counts) == ("SUCCEEDED", {"headersCreated": 2, "linesCreated": 2})
    query = "{ salesOrders { nodes { customer { number } lines { quantity } } } }"
    assert {
        node["customer"]["number"]: len(node["lines"])
        for node in client.ask(query)["salesOrders"]["nodes"]
    } == {"ALFKI": 1, "ANATR": 1}


def test_a_page_of_lines_joins_stored_orders_and_refuses_unknown_ids(client: Client) -> None:
    upload(client, {"salesOrders.json": page({"number": "P1", "customerNumber": "ALFKI"})})
    key = client.ask('{ salesOrderByNumber(number: "P1") { id } }')["salesOrderByNumber"]["id"]
    unknown = "a1a1b1b1-c1c1-d1d1-e1e1-f1f1f1f1f1f1"
    rows = page(
        {"documentId": key, "sequence": 1, **LINES_OF},
        {"documentId": unknown, "sequence": 1, **LINES_OF},
        {"sequence": 1, **LINES_OF},
    )
    job = upload(client, {"salesOrderLines.json": rows})
    assert sorted(job.refusals("code", "row", "columnName", "rejectedValue")) == [
        ("HEADER_NOT_FOUND", 2, "documentId", unknown),
        ("REQUIRED", 3, "documentNumber", None),
    ]
    result = order(client, "P1")
    assert result is not None
    assert len(result["lines"]) == 1


def test_ids_of_this_gateway_identify_records_and_foreign_ids_are_ignored(client: Client) -> None:
    result = client.ask(
        """{ customers(filter: {number: {eq: "ALFKI"}}) { nodes { id } }
        paymentTerms { nodes { id code } } }"""
    )
    customer = result["customers"]["nodes"][0]["id"]
    terms = result["paymentTerms"]["nodes"][0]
    other = "a1a1b1b1-c1c1-d1d1-e1e1-f1f1f1f1f1f1"
    rows = page(
        {"number": "I1", "customerId": customer, "paymentTermsId": terms["id"]},
        {"number": "I2", "customerNumber": "ALFKI", "paymentTermsId": other},
        {"number": "I3", "customerId": other},
    )
    job = upload(client, {"salesOrders.json": rows})
    assert job.refusals("code", "row") == [("REQUIRED", 3)]
    query = "{ salesOrders { nodes { number customer { number } paymentTerms { code } } } }"
    nodes = {node["number"]: node for node in client.ask(query)["salesOrders"]["nodes"]}
    assert nodes["I1"]["customer"] == nodes["I2"]["customer"] == {"number": "ALFKI"}
    assert nodes["I1"]["paymentTerms"] == {"code": terms["code"]}


def test_a_contact_identifies_the_customer_if_there_is_no_number(client: Client) -> None:
    customers = [{"number": "K1", "displayName": "One", "contactId": "AAMk-1"}]
    assert upload(client, {"customers.csv": table(customers)}).status == "SUCCEEDED"
    rows = page(
        {"number": "C1", "contactId": "AAMk-1"},
        {"number": "C2", "contactId": "AAMk-1", "customerNumber": "ALFKI"},
        {"number": "C3", "contactId": "nobody"},
    )
    job = upload(client, {"salesOrders.json": rows})
    assert job.refusals("code", "row", "columnName") == [("NOT_FOUND", 3, "contactId")]
    query = "{ salesOrders { nodes { number customer { number } } } }"
    nodes = client.ask(query)["salesOrders"]["nodes"]
    assert {node["number"]: node["customer"]["number"] for node in nodes} == {
        "C1": "K1",
        "C2": "ALFKI",
    }


def test_reference_data_may_come_from_finance_and_operations(empty: Client) -> None:
    files = {
        "Currencies.csv": "CURRENCYCODE,NAME,SYMBOL\nEUR,Euro,E\n",
        "Terms of payment.csv": "NAME,DESCRIPTION,NUMBEROFDAYS\nN30,30 days,30\n",
        "Terms of delivery.csv": "TERMSCODE,TERMSDESCRIPTION\nCIF,Insured\n",
        "Modes of delivery.csv": "MODECODE,MODEDESCRIPTION\nAIR,By air\n",
        "Units.csv": "UNITSYMBOL,UNITDESCRIPTION\nea,each\n",
        "Main accounts.csv": "MAINACCOUNTID,NAME\n4000,Sales\n",
        "Released products V2.csv": "ITEMNUMBER,PRODUCTSEARCHNAME,PRODUCTTYPE,SALESPRICE,"
        "SALESPRICEQUANTITY,INVENTORYUNITSYMBOL\nP1,Screw,Item,50,100,ea\n",
        "Customers V3.csv": "CUSTOMERACCOUNT,ORGANIZATIONNAME,SALESCURRENCYCODE,PAYMENTTERMS\n"
        "K1,One,EUR,N30\n",
        "Customer groups.csv": "CUSTOMERGROUPID\n10\n",
    }
    job = upload(empty, {name: content.encode() for name, content in files.items()})
    assert (job.status, job.refused) == ("SUCCEEDED", [])
    assert job.counts == {"referencesCreated": 8}
    assert skipped(job) == ["Customer groups.csv"]
    result = empty.ask(
        "{ items { nodes { number displayName unitPrice baseUnitOfMeasure { code } } }"
        " customers { nodes { number currency { code } paymentTerms { code } } } }"
    )
    assert result["items"]["nodes"] == [
        {
            "number": "P1",
            "displayName": "Screw",
            "unitPrice": "0.5",
            "baseUnitOfMeasure": {"code": "ea"},
        }
    ]
    assert result["customers"]["nodes"] == [
        {"number": "K1", "currency": {"code": "EUR"}, "paymentTerms": {"code": "N30"}}
    ]
