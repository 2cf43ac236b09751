"""The decisions of an import about files, by their manifest, their name or their columns."""

from pathlib import Path

import pytest

from gateway.exchange.formats.detection import read_sheets
from gateway.exchange.formats.sheets import FileRefused
from gateway.exchange.imports.recognised_files import recognise_files
from gateway.exchange.mappings.decisions import Decision, Evidence, FileOutcome
from gateway.exchange.mappings.entity_names import subjects_in
from tests.support.importing import Files, written
from tests.support.packages import archive, entity, manifest
from tests.support.workbooks import workbook

HEADERS, LINES = "Sales order headers V2", "Sales order lines V2"
HEADER = "SALESORDERNUMBER,ORDERINGCUSTOMERACCOUNTNUMBER\nA,C1\n"
LINE = "SALESORDERNUMBER,ITEMNUMBER,ORDEREDSALESQUANTITY\nA,1,2\n"
CUSTOMER = "CUSTOMERACCOUNT,ORGANIZATIONNAME,SALESCURRENCYCODE\nC1,One,USD\n"
FLAT = "SALESORDERNUMBER,ORDERINGCUSTOMERACCOUNTNUMBER,ITEMNUMBER,SALESPRICE\nA,C1,1,2\n"


def decided(folder: Path, files: Files) -> list[Decision]:
    return list(recognise_files(read_sheets(written(folder, files))).decisions)


def imported(folder: Path, files: Files) -> dict[str, tuple[str | None, Evidence | None]]:
    """The entity of each imported file, and the evidence for it."""
    return {
        each.file: (each.entity, each.evidence)
        for each in decided(folder, files)
        if each.outcome is FileOutcome.IMPORTED
    }


def skipped(folder: Path, files: Files) -> dict[str, str | None]:
    """The reason for each skipped file."""
    return {
        each.file: each.reason
        for each in decided(folder, files)
        if each.outcome is FileOutcome.SKIPPED
    }


def refusal(folder: Path, files: Files) -> str:
    with pytest.raises(FileRefused) as refused:
        decided(folder, files)
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "content", "entity"),
    [
        ("Sales order headers V2.csv", HEADER, HEADERS),
        ("SalesOrderHeadersV2.csv", HEADER, HEADERS),
        ("SALESORDERHEADERV2ENTITY.csv", HEADER, HEADERS),
        ("sales_order_headers.csv", HEADER, HEADERS),
        ("headers (2).csv", HEADER, HEADERS),
        ("2026-03-01 Sales order headers V2 export.csv", HEADER, HEADERS),
        ("orders.csv", HEADER, HEADERS),
        ("Sales order headers V2.csv", "SALESORDERNUMBER,EMAIL\nA,a@b.de\n", HEADERS),
        ("Sales order headers V2.csv", "SALESORDERNUMBER\nA\n", HEADERS),
        ("Sales order lines V2.csv", LINE, LINES),
        ("lines-1.csv", LINE, LINES),
        ("orders.csv", FLAT, "Sales orders V2"),
        ("Customers V3.csv", CUSTOMER, "Customers V3"),
        ("customers.csv", CUSTOMER, "Customers V3"),
        ("customers.csv", "number,email\nC1,a@b.de\n", "customers"),
        ("Released products V2.csv", "ITEMNUMBER,SALESPRICE\n1,2\n", "Released products V2"),
        ("items.csv", "number,unitPrice\n1,2\n", "items"),
        ("Currencies.csv", "CURRENCYCODE,NAME,SYMBOL\nEUR,Euro,E\n", "Currencies"),
        ("Terms of payment.csv", "NAME,DESCRIPTION\nN30,30 days\n", "Terms of payment"),
        ("Terms of delivery.csv", "TERMSCODE,TERMSDESCRIPTION\nCIF,x\n", "Terms of delivery"),
        ("Modes of delivery.csv", "MODECODE,MODEDESCRIPTION\nAIR,x\n", "Modes of delivery"),
        ("Units.csv", "UNITSYMBOL,UNITDESCRIPTION\nea,each\n", "Units"),
        ("Main accounts.csv", "MAINACCOUNTID,NAME\n4000,Sales\n", "Main accounts"),
        ("payment-terms.csv", "code,displayName\nN30,x\n", "paymentTerms"),
        ("item-units.csv", "itemNumber,unitOfMeasureCode\n1,ea\n", "itemUnitsOfMeasure"),
        ("customer-blocks.csv", "number,blocked\nC1,ALL\n", "customerBlocks"),
        ("salesOrders_page2.json", '[{"number": "A", "email": "a@b.de"}]', "salesOrders"),
        ("salesOrderLines-3.json", '[{"documentId": "1", "quantity": 2}]', "salesOrderLines"),
    ],
)  # fmt: skip
def test_a_name_determines_the_entity(tmp_path: Path, name: str, content: str, entity: str) -> None:
    assert imported(tmp_path, {name: content.encode()}) == {name: (entity, Evidence.NAME)}


@pytest.mark.parametrize(
    ("content", "entity"),
    [
        (HEADER, HEADERS),
        (LINE, LINES),
        (FLAT, "Sales orders V2"),
        (CUSTOMER, "Customers V3"),
        ("number,displayName,unitPrice\n1,Chai,18\n", "items"),
        ("number,customerNumber,orderDate\nA,C1,2026-01-01\n", "salesOrders"),
    ],
)
def test_without_a_name_the_columns_determine_the_entity(
    tmp_path: Path, content: str, entity: str
) -> None:
    result = imported(tmp_path, {"a.csv": content.encode()})
    assert result == {"a.csv": (entity, Evidence.COLUMNS)}


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", "SALESORDERNUMBER,REQUESTEDSHIPPINGDATE\nA,2026-01-01\n", "its columns may be those of"),
        ("a.csv", "number,displayName\n1,One\n", "its columns may be those of"),
        ("a.csv", "code,displayName\nX,One\n", "its columns may be those of"),
        ("a.csv", "Invoice,Customer account,Organization name\nI1,C1,One\n", "'Invoice'"),
        ("a.csv", "Sales order,Customer account,Organization name\nS1,C1,One\n", "'Sales order'"),
        ("a.csv", "number,customerNumber,invoiceDate\n1,C1,2026-01-01\n", "'invoiceDate'"),
        ("a.csv", "number,customerNumber,validUntilDate\n1,C1,2026-01-01\n", "'validUntilDate'"),
        ("Sales order headers V2.csv", CUSTOMER, "lacks the column SalesOrderNumber"),
        ("Sales order headers V2.csv", LINE, "has the columns of Sales order lines V2"),
        ("Sales order headers V2.csv", FLAT, "has the columns of Sales orders V2"),
        ("Sales order lines V2.csv", HEADER + "", "has the columns of Sales order headers V2"),
        ("Customers V3.csv", HEADER, "lacks the column number or CustomerAccount"),
        ("Customers.csv", "Customer account,Sales order,Name\nC1,S1,x\n", "'Sales order'"),
        ("customers.csv", "number,displayName,order no.\nC1,x,S1\n", "'order no.'"),
        ("All customers.csv", "CUSTOMERACCOUNT,NAME,SALESORDERNUMBER\nC1,x,S1\n", "'SALESORDERNUMBER'"),
        ("a.csv", "SALESORDERNUMBER,CUSTOMERACCOUNT,ORGANIZATIONNAME\nS1,C1,x\n", "'SALESORDERNUMBER'"),
        ("a.csv", HEADER.replace("\n", ",INVOICEDATE\n", 1), "'INVOICEDATE'"),
        ("All sales orders.csv", "Sales order,Customer account,Invoice account\n1,A,B\n", "lacks"),
        ("customers and items.csv", "number,displayName\n1,x\n", "mentions customers and items"),
        ("currencies.csv", "code,displayName,percent\nX,y,1\n", "has the columns of taxCodes"),
        ("Sales invoices.csv", HEADER, "does not have sales invoices"),
        ("Customer groups.csv", CUSTOMER, "does not have customer groups"),
        ("salesQuotes.json", '[{"number": "1", "customerNumber": "C1"}]', "sales quotes"),
        ("Sales order header charges.csv", LINE, "does not have sales order header charges"),
        ("march.txt", "These are the orders.\n", "no known columns"),
        ("a.json", "[]", "it is empty"),
    ],
)  # fmt: skip
def test_a_single_unrecognised_file_is_refused(
    tmp_path: Path, name: str, content: str, sentence: str
) -> None:
    message = refusal(tmp_path, {name: content.encode()})
    assert message.startswith(name)
    assert sentence in message


def test_a_manifest_overrules_the_names_of_files_and_skips_foreign_entities(
    tmp_path: Path,
) -> None:
    parts = {
        "1.csv": ("Sales order headers V2", HEADER),
        "lines.csv": ("Customers V3", CUSTOMER),
        "3.csv": ("Sales order header charges", LINE),
        "customers.csv": ("Customer groups", CUSTOMER),
        "5.csv": ("Whatever else", LINE),
    }
    text = manifest(
        *(entity(name, file, (1, 1, n)) for n, (file, (name, _)) in enumerate(parts.items()))
    )
    files = {file: content for file, (_, content) in parts.items()}
    package = {"p.zip": archive({"Manifest.xml": text, **files})}
    assert imported(tmp_path, package) == {
        "p.zip/1.csv": (HEADERS, Evidence.MANIFEST),
        "p.zip/lines.csv": ("Customers V3", Evidence.MANIFEST),
    }
    reasons = skipped(tmp_path, package)
    assert list(reasons) == ["p.zip/3.csv", "p.zip/customers.csv", "p.zip/5.csv"]
    assert "'Sales order header charges'" in (reasons["p.zip/3.csv"] or "")


def test_a_translated_manifest_is_read_by_technical_names(tmp_path: Path) -> None:
    target = "<TargetEntity>SalesOrderHeaderV2Entity</TargetEntity>"
    text = manifest(entity("Kopfzeilen der Verkaufsaufträge", "a.csv", more=target))
    package = {"p.zip": archive({"Manifest.xml": text, "a.csv": "SALESORDERNUMBER\nA\n"})}
    assert imported(tmp_path, package) == {"p.zip/a.csv": (HEADERS, Evidence.MANIFEST)}


def test_a_foreign_entity_is_skipped_even_if_its_file_is_missing_or_broken(tmp_path: Path) -> None:
    names = ("Customer groups", "Vendors V2", "Customers V3")
    text = manifest(*(entity(name, f"{n}.csv", (1, 1, n)) for n, name in enumerate(names)))
    package = {"p.zip": archive({"Manifest.xml": text, "1.csv": "", "2.csv": CUSTOMER})}
    assert imported(tmp_path, package) == {"p.zip/2.csv": ("Customers V3", Evidence.MANIFEST)}
    assert list(skipped(tmp_path, package)) == ["p.zip", "p.zip/1.csv"]


def test_a_broken_file_is_refused_and_so_is_an_import_that_must_be_whole(tmp_path: Path) -> None:
    files = {"headers.csv": HEADER.encode(), "lines.xlsx": b"%PDF-1.7"}
    [_, refused] = decided(tmp_path, files)
    assert (refused.outcome, refused.reason) == (FileOutcome.REFUSED, "is a PDF")
    with pytest.raises(FileRefused, match=r"^lines\.xlsx is a PDF\.$"):
        recognise_files(read_sheets(written(tmp_path, files)), is_whole=True)
    foreign = {"headers.csv": HEADER.encode(), "charges.csv": b""}
    assert list(skipped(tmp_path, foreign)) == ["charges.csv"]


def test_a_manifest_that_contradicts_the_columns_is_refused(tmp_path: Path) -> None:
    text = manifest(entity("Sales order headers V2", "a.csv"))
    message = refusal(tmp_path, {"p.zip": archive({"Manifest.xml": text, "a.csv": CUSTOMER})})
    assert message.startswith("p.zip/a.csv is named 'Sales order headers V2' but lacks")


def test_stray_parts_of_an_archive_are_skipped_with_a_reason(tmp_path: Path) -> None:
    parts: dict[str, str | bytes] = {
        "export/Sales order headers V2.csv": HEADER,
        "export/Thumbs.db": b"\0\1",
        "export/.DS_Store": b"\0",
        "__MACOSX/export/._Sales order headers V2.csv": b"\0",
        "readme.txt": "Orders of March.\n",
        "scan.pdf": b"%PDF-1.7",
        "notes.md": "# Notes",
    }
    package = {"p.zip": archive(parts)}
    assert list(imported(tmp_path, package)) == ["p.zip/export/Sales order headers V2.csv"]
    assert sorted(skipped(tmp_path, package)) == sorted(
        f"p.zip/{name}" for name in parts if "headers V2" not in name or "__MACOSX" in name
    )


def test_stray_files_are_skipped_beside_others_and_refused_on_their_own(tmp_path: Path) -> None:
    stray = {"Thumbs.db": b"\0", "readme.txt": b"Orders of March.\n"}
    assert list(skipped(tmp_path, stray | {"headers.csv": HEADER.encode()})) == [
        "Thumbs.db",
        "readme.txt",
    ]
    assert "operating system" in refusal(tmp_path, {"Thumbs.db": b"\0"})


def test_the_name_of_a_folder_counts_if_the_columns_agree(tmp_path: Path) -> None:
    patch = "SALESORDERNUMBER,REQUESTEDSHIPPINGDATE\nA,2026-01-01\n"
    package = {"p.zip": archive({"Sales order headers V2/part 1.csv": patch})}
    assert imported(tmp_path, package) == {
        "p.zip/Sales order headers V2/part 1.csv": (HEADERS, Evidence.NAME)
    }


def test_worksheets_are_recognised_one_by_one_and_notes_are_skipped(tmp_path: Path) -> None:
    def table(text: str) -> list[list[str]]:
        return [row.split(",") for row in text.splitlines()]

    book = workbook(
        {
            "Headers": table(HEADER),
            "Sheet2": table(LINE),
            "Customers": table(CUSTOMER),
            "Charges": table(LINE),
            "Notes": [["Orders of March"], ["Ask Jane"]],
        }
    )
    files = {"March.xlsx": book}
    assert imported(tmp_path, files) == {
        "March.xlsx/Headers": (HEADERS, Evidence.NAME),
        "March.xlsx/Sheet2": (LINES, Evidence.COLUMNS),
        "March.xlsx/Customers": ("Customers V3", Evidence.NAME),
    }
    assert list(skipped(tmp_path, files)) == ["March.xlsx/Charges", "March.xlsx/Notes"]


def test_the_only_worksheet_of_a_workbook_may_have_the_name_of_its_file(tmp_path: Path) -> None:
    patch = [["SALESORDERNUMBER", "REQUESTEDSHIPPINGDATE"], ["A", "2026-01-01"]]
    files = {"Sales order headers V2.xlsx": workbook({"Sheet1": patch})}
    result = imported(tmp_path, files)
    assert result == {"Sales order headers V2.xlsx": (HEADERS, Evidence.NAME)}


def test_an_empty_page_is_recognised_by_its_context(tmp_path: Path) -> None:
    context = "https://api/v2.0/$metadata#companies(1)/salesOrders(salesOrderLines())"
    content = f'{{"@odata.context": "{context}", "value": []}}'
    result = imported(tmp_path, {"page.json": content.encode()})
    assert result == {"page.json": ("salesOrders", Evidence.NAME)}


@pytest.mark.parametrize(
    ("name", "subjects"),
    [
        ("Sales order header charges", ["Sales order header charges"]),
        ("SalesOrderHeaderV2Entity", ["sales order headers"]),
        ("SALESORDERLINEV2ENTITY", ["sales order lines"]),
        ("Sales orders composite V2", ["sales orders"]),
        ("Customers and orders", ["customers", "sales orders"]),
        ("March", []),
        ("", []),
    ],
)
def test_a_name_mentions_subjects(name: str, subjects: list[str]) -> None:
    assert [subject.name for subject in subjects_in(name)] == subjects
