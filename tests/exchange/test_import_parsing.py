"""Files as partners write them, which are read correctly or refused with the option that resolves the
ambiguity."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.storage.companies import create_company
from gateway.storage.database import Database
from tests.support.databases import Templates
from tests.support.importing import (
    HEADERS,
    LINES,
    Client,
    Fields,
    Files,
    Job,
    bring_in,
    gate,
    head,
    line,
    northwind_references,
    order,
    post,
    table,
    upload,
)
from tests.support.paths import DATA
from tests.support.workbooks import workbook


async def load_three_currencies(database: Database) -> None:
    """Northwind's reference data in a company that also sells in euros and pounds."""
    await create_company(database, "Northwind", "USD")
    await bring_in(
        database,
        northwind_references() | {"currencies.csv": table([{"code": "EUR"}, {"code": "GBP"}])},
    )


@pytest.fixture
def northwind(templates: Templates, tmp_path: Path) -> Iterator[Client]:
    url = templates.copy("three currencies", load_three_currencies)
    with gate(url, tmp_path) as client:
        yield client


@pytest.fixture
def client(world_url: str, tmp_path: Path) -> Iterator[Client]:
    with gate(world_url, tmp_path) as client:
        yield client


pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def sent(name: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((DATA / "files" / name).iterdir())}


def codes(job: Job) -> list[str]:
    return [finding["code"] for finding in job.warnings]


def refusal(client: Client, files: Files, **query: str) -> tuple[str, str]:
    """The code and the message of an upload that is refused as a whole."""
    response = post(client, files, **query)
    assert response.status_code == 400, response.text
    answer = response.json()
    return answer["code"], answer["message"]


def test_a_truncated_row_is_refused(northwind: Client) -> None:
    job = upload(northwind, sent("03-cut-file"))
    [problem] = job.refused
    assert (problem["row"], problem["code"]) == (2, "INVALID")
    assert problem["message"] == "The row has only 6 of 7 cells: it is cut short, or unfinished."
    assert order(northwind, "T25c") is None


def cut(content: bytes) -> bytes:
    """The file without the end of its last cell."""
    return content.rstrip(b"\r\n")[:-3]


def test_a_file_that_ends_within_a_cell_causes_a_warning(client: Client) -> None:
    lines = table([line("A", 1), line("A", 2, SALESPRICE="1850.75")])
    assert lines.endswith(b",1850.75\r\n")
    job = upload(client, {HEADERS: table([head("A")]), LINES: cut(lines)})
    assert (job.status, codes(job)) == ("SUCCEEDED", ["NO_FINAL_LINE_END"])
    assert job.warnings[0]["message"] == (
        "The file ends without a line end after '1850' in row 3: if it was cut short, this cell is"
        " incomplete."
    )


def test_a_strict_import_refuses_a_file_that_ends_within_a_cell(client: Client) -> None:
    code, message = refusal(client, {HEADERS: cut(table([head("A")]))}, strict="true")
    assert code == "NO_FINAL_LINE_END"
    assert message.startswith("NO_FINAL_LINE_END: Sales order headers V2.csv ends without")


def test_a_file_that_ends_with_a_quote_causes_no_warning(client: Client) -> None:
    content = b'"number","displayName"\r\n"N1","New"'
    assert codes(upload(client, {"customers.csv": content})) == []


def address(client: Client, number: str) -> list[str | None]:
    query = """query ($number: String!) { salesOrderByNumber(number: $number) {
      shipToAddress { addressLine1 addressLine2 } } }"""
    result = client.ask(query, number=number)["salesOrderByNumber"]["shipToAddress"]
    return [result["addressLine1"], result["addressLine2"]]


def test_the_second_line_of_a_street_is_the_second_line_of_the_address(northwind: Client) -> None:
    assert upload(northwind, sent("04-multiline-street")).status == "SUCCEEDED"
    assert address(northwind, "T11") == ["Obere Str. 57", "2. Hof links"]


def test_further_lines_of_a_street_are_joined(client: Client) -> None:
    street = "Obere Str. 57\r\n2. Hof\r\nlinks\r\n"
    upload(client, {HEADERS: table([head("A", DELIVERYADDRESSSTREET=street)])})
    assert address(client, "A") == ["Obere Str. 57", "2. Hof, links"]


def test_a_line_break_in_a_name_becomes_a_space_with_a_warning(client: Client) -> None:
    content = b'number,displayName\r\nN1,"New\r\nTrade, Ltd.\n"\r\n'
    job = upload(client, {"customers.csv": content})
    assert (job.status, codes(job)) == ("SUCCEEDED", ["LINE_BREAK"])
    query = '{ customers(filter: {number: {eq: "N1"}}) { nodes { displayName } } }'
    [found] = client.ask(query)["customers"]["nodes"]
    assert found["displayName"] == "New Trade, Ltd."


def test_a_line_break_in_a_number_is_refused(client: Client) -> None:
    job = upload(client, {"customers.csv": b'number,displayName\r\n"N1\nN2",New\r\n'})
    assert job.refusals("code") == [("INVALID",)]


@pytest.mark.parametrize(
    ("name", "number", "total"),
    [
        ("05-thousand-times", "T10", "3.09"),
        ("import_semicolon_3_decimals_read_as_thousands", "TH-1", "18.52"),
    ],
)
def test_the_comma_is_the_decimal_sign_in_a_file_separated_by_semicolons(
    northwind: Client, name: str, number: str, total: str
) -> None:
    """2.5 at 1.234 is 3.085, and 1.5 at 12.345 is 18.5175."""
    job = upload(northwind, sent(name))
    assert (job.status, codes(job)) == ("SUCCEEDED", [])
    assert order(northwind, number)["totalAmountExcludingTax"] == total


def test_a_semicolon_file_whose_cells_contradict_the_comma_is_refused(client: Client) -> None:
    lines = table([line("A", 1, SALESPRICE="1,234.50"), line("A", 2, SALESPRICE="1,5")], ";")
    headers = table([head("A")], ";")
    code, message = refusal(client, {HEADERS: headers, LINES: lines}, policy="atomic")
    assert code == "AMBIGUOUS_NUMBERS"
    assert message == (
        "AMBIGUOUS_NUMBERS: Sales order lines V2.csv has numbers that can be read in two ways, such as"
        " '1,234.50' in row 2, SALESPRICE: state how they are written with the option decimal."
    )
    job = upload(client, {HEADERS: headers, LINES: lines})
    assert job.status == "PARTIALLY_SUCCEEDED"
    assert job.refusals("code", "file", "row") == [("AMBIGUOUS_NUMBERS", LINES, None)]


def test_an_undecided_order_of_day_and_month_causes_a_warning(northwind: Client) -> None:
    job = upload(northwind, sent("06-day-month"))
    assert (job.status, codes(job)) == ("SUCCEEDED", ["AMBIGUOUS_DATES"])
    assert job.warnings[0]["message"] == (
        "Dates such as '03/04/2026' in row 2, ORDERCREATIONDATETIME, can be read in two ways, and no"
        " cell of any file decides. They are read with dates=DMY; state dates=MDY if that is wrong."
    )
    assert order(northwind, "T28")["orderDate"] == "2026-04-03"


@pytest.mark.parametrize(("dates", "day"), [("MDY", "2026-03-04"), ("DMY", "2026-04-03")])
def test_an_option_sets_the_order_of_day_and_month(northwind: Client, dates: str, day: str) -> None:
    job = upload(northwind, sent("06-day-month"), dates=dates)
    assert (job.status, codes(job)) == ("SUCCEEDED", [])
    assert order(northwind, "T28")["orderDate"] == day


def test_a_strict_import_refuses_undecided_dates_and_numbers(client: Client) -> None:
    header = [head("A", ORDERCREATIONDATETIME="3/4/2026")]
    assert refusal(client, {HEADERS: table(header)}, strict="true")[0] == "AMBIGUOUS_DATES"
    files = {HEADERS: table([head("A")]), LINES: table([line("A", SALESPRICE="1,234")])}
    assert refusal(client, files, strict="true")[0] == "AMBIGUOUS_NUMBERS"
    assert order(client, "A") is None


def test_all_files_of_an_import_have_the_same_order_of_day_and_month(northwind: Client) -> None:
    """Only the headers of DD-1 show that the day comes first."""
    job = upload(northwind, sent("import_dates_header_DMY_lines_MDY"))
    assert (job.status, codes(job)) == ("SUCCEEDED", [])
    days = [each["shipmentDate"] for each in order(northwind, "DD-1")["lines"]]
    assert days == ["2026-04-03", "2026-04-05"]


def test_the_last_of_many_rows_decides_the_order_of_day_and_month(client: Client) -> None:
    headers = [head(f"A{place}", ORDERCREATIONDATETIME="3/4/2026") for place in range(1200)]
    headers.append(head("B", ORDERCREATIONDATETIME="25/4/2026"))
    job = upload(client, {HEADERS: table(headers)})
    assert (job.status, codes(job)) == ("SUCCEEDED", [])
    assert order(client, "A0")["orderDate"] == "2026-04-03"


def test_contradicting_files_do_not_decide_for_a_third(client: Client) -> None:
    days = {"one.csv": "25/4/2026", "two.csv": "4/25/2026", HEADERS: "3/4/2026"}
    files = {
        name: table([head(f"A{place}", ORDERCREATIONDATETIME=day, CURRENCYCODE="EUR")])
        for place, (name, day) in enumerate(days.items())
    }
    job = upload(client, files)
    assert job.refusals("code", "file") == [("AMBIGUOUS_DATES", HEADERS)]
    found = [order(client, number) for number in ("A0", "A1", "A2")]
    assert [each and each["orderDate"] for each in found] == ["2026-04-25", "2026-04-25", None]


def test_a_year_of_two_digits_is_refused(northwind: Client) -> None:
    [problem] = upload(northwind, sent("14-two-digit-year")).refused
    assert problem["message"] == "The year has two digits: write all four."


NUMBERS: dict[str, tuple[dict[str, str], list[str], list[str], list[str]]] = {
    "points that group": ({}, ["1.234,50", "1.234"], ["1234.5", "1234"], []),
    "commas that group": ({}, ["1,234.50", "1,234"], ["1234.5", "1234"], []),
    "a comma alone": ({}, ["1,234"], ["1234"], ["AMBIGUOUS_NUMBERS"]),
    "a comma with an option": ({"decimal": ","}, ["1,234"], ["1.234"], []),
    "a minus at the end": ({}, ["12.50-"], ["-12.5"], []),
    "apostrophes": ({}, ["1'234.50", "1\u2019234"], ["1234.5", "1234"], []),
    "thin spaces": ({}, ["1\u2009234,50", "1\u202f234"], ["1234.5", "1234"], []),
    "float noise": ({}, ["59.970000000000006", "0.7999999999999999"], ["59.97", "0.8"], []),
}


@pytest.mark.parametrize(
    ("query", "cells", "expected", "warnings"), NUMBERS.values(), ids=list(NUMBERS)
)
def test_numbers_are_read_with_the_separators_of_their_sender(
    client: Client,
    query: dict[str, str],
    cells: list[str],
    expected: list[str],
    warnings: list[str],
) -> None:
    lines = [line("A", place, ORDEREDSALESQUANTITY=cell) for place, cell in enumerate(cells, 1)]
    job = upload(client, {HEADERS: table([head("A")]), LINES: table(lines)}, **query)
    assert (job.status, codes(job)) == ("SUCCEEDED", warnings)
    assert [each["quantity"] for each in order(client, "A")["lines"]] == expected


def test_a_guessed_encoding_causes_a_warning_with_the_option(northwind: Client) -> None:
    job = upload(northwind, sent("17-wrong-code-page"))
    assert (job.status, codes(job)) == ("SUCCEEDED", ["ENCODING_GUESSED"])
    assert "with the option encoding" in job.warnings[0]["message"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_needs_no_byte_order_mark(client: Client, encoding: str) -> None:
    content = table([head("A", DELIVERYADDRESSSTREET="Großer Weg 1")]).decode().encode(encoding)
    job = upload(client, {HEADERS: content})
    assert (job.status, codes(job)) == ("SUCCEEDED", [])
    assert address(client, "A")[0] == "Großer Weg 1"


def test_the_first_line_may_declare_the_separator(client: Client) -> None:
    job = upload(client, {HEADERS: b"sep=|\r\n" + table([head("A"), head("B", X="1")], "|")})
    assert job.status == "SUCCEEDED"
    assert order(client, "A") is not None


def test_amounts_are_compared_in_the_smallest_amount_of_the_currency(northwind: Client) -> None:
    """The file has 2024.994 for the second line, whose amount is 2024.99. For the first line it has
    24938.4761, and rounding twice results in a cent less."""
    job = upload(northwind, sent("11-rounding"))
    [warning] = job.warnings
    assert (warning["row"], warning["code"]) == (2, "AMOUNT_DIFFERS")
    assert warning["message"] == "The line comes to 24938.47, the file says 24938.4761."


def test_differing_amounts_cause_one_warning_per_order(client: Client) -> None:
    lines = [line("A", place, LINEAMOUNT="19") for place in (1, 2, 3)]
    job = upload(client, {HEADERS: table([head("A")]), LINES: table(lines)})
    [warning] = job.warnings
    assert warning["message"] == (
        "The line comes to 20, the file says 19. 3 lines of the order differ in all."
    )


def test_lines_can_be_rounded_once_as_finance_and_operations_does(northwind: Client) -> None:
    """13 × 1957.4942 less 2 % is 24938.4761."""
    job = upload(northwind, sent("11-rounding"), rounding="line")
    assert (job.status, codes(job)) == ("SUCCEEDED", [])
    query = """{ salesOrderByNumber(number: "R1") { lineRounding lines { amountExcludingTax } } }"""
    result = northwind.ask(query)["salesOrderByNumber"]
    assert result["lineRounding"] == "ONE_STEP"
    assert [each["amountExcludingTax"] for each in result["lines"]] == ["24938.48", "2024.99"]


def keyless(client: Client, step: str, **query: str) -> Job:
    folder = DATA / "files" / "27-lines-by-place" / step
    return upload(client, {path.name: path.read_bytes() for path in folder.iterdir()}, **query)


def items(client: Client) -> list[tuple[str, str]]:
    return [(each["item"]["number"], each["quantity"]) for each in order(client, "K1")["lines"]]


def test_a_line_without_a_key_at_the_position_of_another_item_is_refused(northwind: Client) -> None:
    keyless(northwind, "first")
    job = keyless(northwind, "second")
    assert job.refusals("row", "code") == [(3, "LINE_KEY_MISSING")]
    assert items(northwind) == [("1", "3"), ("2", "5"), ("3", "7")]


def test_a_file_with_all_lines_of_its_orders_deletes_missing_ones(northwind: Client) -> None:
    keyless(northwind, "first")
    assert keyless(northwind, "second", lines="replace").status == "SUCCEEDED"
    assert items(northwind) == [("1", "3"), ("3", "7")]


def test_a_cell_of_a_workbook_formatted_as_a_percentage_is_that_percentage(
    northwind: Client,
) -> None:
    """Three of its six dates are not formatted as dates: two numbers of days, one with a time, and a
    text."""
    job = upload(northwind, sent("10-percent-cell"))
    assert (job.status, job.counts) == ("SUCCEEDED", {"headersCreated": 6, "linesCreated": 6})
    result = [order(northwind, f"X{number}") for number in range(6)]
    assert {each["orderDate"] for each in result} == {"2026-03-04"}
    discounts = [each["lines"][0]["discountPercent"] for each in result]
    assert discounts == ["0", "0", "10", "10", "0", "0"]


def book_of_lines(*lines: Fields) -> bytes:
    """A workbook in which text stays text and numbers are numbers."""
    cells = [list(lines[0]), *(list(each.values()) for each in lines)]
    return workbook({"Sales order lines V2": cells})


def test_numbers_typed_as_text_in_a_workbook_may_have_a_decimal_comma(client: Client) -> None:
    """The price 1.234 of the second line is a number, and that of the first one is text."""
    book = book_of_lines(
        line("A", 1, SALESPRICE="1.234", LINEDISCOUNTPERCENTAGE="12,5 %"),
        line("A", 2, SALESPRICE=1.234, LINEDISCOUNTPERCENTAGE=0),
        line("A", 3, SALESPRICE="1.234,50", LINEDISCOUNTPERCENTAGE=""),
    )
    job = upload(client, {HEADERS: table([head("A")]), "lines.xlsx": book})
    assert (job.status, codes(job)) == ("SUCCEEDED", [])
    query = """{ salesOrderByNumber(number: "A") { lines { unitPrice discountPercent } } }"""
    lines = client.ask(query)["salesOrderByNumber"]["lines"]
    found = [(each["unitPrice"], each["discountPercent"]) for each in lines]
    assert found == [("1234", "12.5"), ("1.234", "0"), ("1234.5", "0")]


def test_another_file_decides_how_the_text_of_a_workbook_is_read(client: Client) -> None:
    book = book_of_lines(line("A", SALESPRICE="1.234"))
    headers = table([head("A", TOTALDISCOUNTPERCENTAGE="2,5")])
    job = upload(client, {HEADERS: headers, "lines.xlsx": book})
    assert (job.status, codes(job)) == ("SUCCEEDED", [])
    query = """{ salesOrderByNumber(number: "A") { lines { unitPrice } } }"""
    assert client.ask(query)["salesOrderByNumber"]["lines"] == [{"unitPrice": "1234"}]


def test_undecided_text_of_a_workbook_causes_a_warning(client: Client) -> None:
    book = book_of_lines(line("A", SALESPRICE="1.234"))
    job = upload(client, {HEADERS: table([head("A")]), "lines.xlsx": book})
    assert (job.status, codes(job)) == ("SUCCEEDED", ["AMBIGUOUS_NUMBERS"])


def test_the_number_of_a_day_is_a_date_only_in_a_workbook(client: Client) -> None:
    rows = [head("A", ORDERCREATIONDATETIME=44623), head("B", ORDERCREATIONDATETIME=2026)]
    cells = [list(rows[0]), *(list(row.values()) for row in rows)]
    book = workbook({"Sales order headers V2": cells}, counts_from_1904=True)
    job = upload(client, {"book.xlsx": book})
    assert job.refusals("row", "rejectedValue") == [(3, "2026")]
    assert order(client, "A")["orderDate"] == "2026-03-04"
    job = upload(client, {HEADERS: table([head("C", ORDERCREATIONDATETIME=46085)])})
    [refused] = job.refused
    assert refused["message"] == "This is not a date, but perhaps the number of a day."
    assert refused["suggestions"] == ["2026-03-04"]
