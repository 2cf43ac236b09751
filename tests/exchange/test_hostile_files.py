"""Untrusted files are refused with a message that names them, whatever they contain."""

import io
import random
import re
import struct
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.exchange.formats.detection import read_sheets
from gateway.exchange.formats.sheets import FileRefused
from tests.support.packages import archive, entity, manifest
from tests.support.workbooks import workbook

ENTITIES = "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghij", "bcdefghijz", strict=True)
)
LAUGHS = f'<!DOCTYPE l [<!ENTITY a "ha">{ENTITIES}]><Document><A><B>&z;</B></A></Document>'
XXE = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document><A><B>&x;</B></A></Document>'


def refusal(path: Path) -> str:
    """The message with which a file is refused when it is opened or read."""
    with pytest.raises(FileRefused) as refused:
        sum(1 for sheet in read_sheets([path]) for _ in sheet.records())
    assert str(refused.value).startswith(path.name)
    assert refused.value.file.startswith(path.name)
    return str(refused.value)


TEXTS = {
    "empty": ("a.csv", b"", "is empty"),
    "blank": ("a.csv", b"\xef\xbb\xbf \r\n\r\n", "is empty"),
    "NUL": ("a.csv", b"A,B\n1,\0\n", "NUL"),
    "heading twice": ("a.csv", b"Number,x,number \n", "'number ' twice"),
    "data without heading": ("a.csv", b"A,,C\n1,,\n1,2,\n", "row 3 without a heading, in column 2"),
    "broken quotes": ("a.csv", b'A,B\n1,2\n"x"y,3\n', "not well-formed CSV after row 2"),
    "open quote": ("a.csv", b'A,B\n"1,2\n', "not well-formed CSV after row 1"),
    "long line": ("a.csv", b"A,B\n" + b"x" * 1_000_001, "a row of more than 1,000,000 characters"),
    "long row": ("a.csv", b'A\n"' + b"x\n" * 600_000 + b'"', "1,000,000 characters|field larger"),
    "blank lines": ("a.csv", b"A\n" + b"\n" * 100_001 + b"1\n", "100,000 consecutive blank lines"),
    "wide": ("a.csv", b"A" + b",A" * 2_000, "more than 2,000 columns"),
    "wide row": ("a.csv", b"A\n" + b"1," * 2_000 + b"1", "more than 2,000 columns in row 2"),
    "half a UTF-16 pair": ("a.csv", "A\n".encode("utf-16") + b"\x00\xd8A\0", "not text in .* utf-16"),
    "surrogate in UTF-8": ("a.csv", b"A\n\xed\xa0\x80\n", "mostly but not entirely UTF-8"),
    "UTF-8 that breaks": ("a.csv", "A\nüü".encode() + b"\xfc\n", "mostly but not entirely UTF-8"),
    "no encoding": ("a.csv", b"A\n\x81\n", "not text in the encoding cp1252"),
    "web page": ("a.csv", b"<!DOCTYPE html><html>", "is a web page"),
    "XML as CSV": ("a.csv", b"<a/>", "is named .csv but contains XML"),
    "CSV as XLSX": ("a.xlsx", b"A,B\n", "is named .xlsx but contains CSV"),
    "CSV as ZIP": ("a.zip", b"A,B\n", "is named .zip but contains CSV"),
    "JSON as XML": ("a.xml", b"{}", "is named .xml but contains JSON"),
    "PDF": ("a.csv", b"%PDF-1.7\n", "is a PDF"),
    "old Excel": ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"),
    "gzip": ("a.csv", b"\x1f\x8b\x08\0", "is damaged or cut short"),
    "XXE": ("a.xml", XXE.encode(), "document type or entities"),
    "billion laughs": ("a.xml", LAUGHS.encode(), "document type or entities"),
    "DTD elsewhere": ("a.xml", b'<!DOCTYPE d SYSTEM "http://127.0.0.1:9/d"><d/>', "document type"),
    "undeclared entity": ("a.xml", b"<D><A><B>&x;</B></A></D>", "not well-formed XML"),
    "cut XML": ("a.xml", b"<D><A><B>1</B></A><A><B>", "not well-formed XML"),
    "unknown encoding": ("a.xml", b"<?xml version='1.0' encoding='no'?><D/>", "not well-formed XML"),
    "deep XML": ("a.xml", b"<a>" * 100_000, "more than 10 levels deep"),
    "nested XML": ("a.xml", b"<D><A><B><C/></B></A></D>", "elements within B in record 1"),
    "two entities": ("a.xml", b"<D><A><X>1</X></A><B><X>1</X></B></D>", "A and B"),
    "field twice": ("a.xml", b"<D><A><X>1</X><X>2</X></A></D>", "X twice in record 1"),
    "wide XML": ("a.xml", b"<D><A>" + b"<X/>" * 2_001 + b"</A></D>", "2,000 fields in record 1"),
    "endless text": ("a.xml", b"<D><A><X>" + b"x" * 2_000_000, "record of more than 1,000,000"),
    "endless tag": ("a.xml", b"<D><A " + b"x='' " * 500_000, "record of more than 1,000,000"),
    "deep JSON": ("a.json", b'{"a":' * 100_000, "more than 20 levels deep"),
    "deep enough": ("a.json", b'{"a":' * 21 + b"1" + b"}" * 21, "more than 20 levels deep"),
    "deep arrays": ("a.json", b'{"a":' + b"[" * 20 + b"]" * 20 + b"}", "more than 20 levels deep"),
    "long number": ("a.json", b'{"a": ' + b"9" * 200_000 + b"}", "which is too large"),
    "large exponent": ("a.json", b'{"a": 1e999999999}', "1e999999999, which is too large"),
    "empty objects": ("a.json", b"[" + b"{}," * 100_001 + b"{}]", "100,000 consecutive empty objects"),
    "NaN": ("a.json", b'{"a": NaN}', "contains NaN"),
    "key twice": ("a.json", b'{"a": 1, "a": 2}', "'a' twice"),
    "half a pair": ("a.json", rb'{"a": "\ud800"}', "half of a surrogate pair in record 1"),
    "half a pair in a key": ("a.json", rb'{"\udfff": 1}', "half of a surrogate pair"),
    "NUL in JSON": ("a.json", rb'{"a": "\u0000"}', "NUL character in record 1"),
    "cut JSON": ("a.json", b'[{"a": 1}, {"a":', "not well-formed JSON after record 1"),
    "no comma": ("a.json", b'[{"a": 1} {"a": 2}]', "not well-formed JSON after record 1"),
    "broken line": ("a.jsonl", b'{"a": 1}\n{"a": }\n', "not well-formed JSON after record 1"),
    "numbers": ("a.json", b"[1, 2]", "not an object"),
    "lines that are none": ("a.json", b'{"salesOrderLines": [1]}', "not an array of objects"),
    "large object": ("a.json", b'{"a": "' + b"x" * 9_000_000 + b'"}', "object of more than 5 MB"),
    "wide JSON": ("a.json", b"{" + b",".join(b'"%d":1' % n for n in range(2_001)) + b"}", "an object of more than 2,000 fields in record 1"),
    "long heading": ("a.csv", b"x" * 1_001 + b"\n1\n", "a heading of more than 1,000 characters"),
    "JSON in Latin-1": ("a.json", b'{"a": "\xfc"}', "is not UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "sentence"), TEXTS.values(), ids=TEXTS.keys())
def test_a_hostile_text_file_is_refused(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert re.search(sentence, refusal(tmp_path / name))


def zipped(*entries: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as target:
        for info, text in entries:
            target.writestr(info, text, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("a.csv")
    info.external_attr = 0o120777 << 16
    return info


def flagged(content: bytes, flag: int) -> bytes:
    """The archive with a flag set on its first entry, in both of its headers."""
    patched = bytearray(content)
    for magic, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        patched[content.index(magic) + place] |= flag
    return bytes(patched)


def long_directory(content: bytes) -> bytes:
    """The archive, whose end claims a central directory of nearly 4 GB."""
    end = content.rindex(b"PK\5\6")
    return content[: end + 12] + struct.pack("<L", 0xFFFFFFFE) + content[end + 16 :]


BOOK = workbook({"S": [["A"], [1]]})
ONE = archive({"a.csv": "A\n1\n"})
ARCHIVES = {
    "bomb in one entry": (archive({"a.csv": b"A\n" + b"0" * 3_000_000}), "ZIP bomb: 'a.csv'"),
    "bomb of small entries": (archive({f"{n}.csv": b"0" * 900_000 for n in range(9)}), "ZIP bomb: the whole archive"),
    "too many entries": (archive({f"{n}.csv": b"" for n in range(1_001)}), "more than 1,000 files"),
    "endless list of entries": (long_directory(ONE), "more than 1,000 files"),
    "no entries": (archive({}), "contains no files"),
    "name that climbs": (archive({"../a.csv": b""}), "unsafe name: '../a.csv'"),
    "name that climbs later": (archive({"x/../../a.csv": b""}), "unsafe name"),
    "absolute name": (archive({"/etc/a.csv": b""}), "unsafe name"),
    "name with a drive": (archive({"C:a.csv": b""}), "unsafe name"),
    "name with a backslash": (archive({"..\\a.csv": b""}), "unsafe name"),
    "link": (zipped((link(), b"/etc/passwd")), "a link instead of a file"),
    "encrypted": (flagged(ONE, 1), "an encrypted file"),
    "name twice": (archive({"a.csv": b"", "A.csv": b""}), "'A.csv' twice"),
    "archive within": (archive({"b.zip": ONE}), "b.zip is an archive within an archive"),
    "archive in disguise": (archive({"b.csv": ONE}), "b.csv is an archive within an archive"),
    "cut short": (ONE[:-10], "damaged or cut short"),
    "magic alone": (b"PK\3\4", "damaged or cut short"),
    "wrong content": (ONE.replace(b"PK\1\2", b"PK\1\3"), "damaged or cut short"),
    "workbook in disguise": (BOOK, "is named .zip but contains XLSX"),
    "empty entry": (archive({"a.csv": b""}), "a.csv is empty"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "sentence"), ARCHIVES.values(), ids=ARCHIVES.keys())
def test_a_hostile_archive_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "p.zip").write_bytes(content)
    assert sentence in refusal(tmp_path / "p.zip")


@pytest.mark.full
def test_an_archive_that_unpacks_to_more_than_2_gb_is_refused(tmp_path: Path) -> None:
    part = random.Random(1).randbytes(20_000) + b"0" * 980_000
    with (
        zipfile.ZipFile(tmp_path / "p.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target,
        target.open("a.csv", "w", force_zip64=True) as stream,
    ):
        for _ in range(2_001):
            stream.write(part)
    assert "unpacks to more than 2 GB" in refusal(tmp_path / "p.zip")


def test_a_package_cut_or_changed_at_any_byte_is_read_or_refused(tmp_path: Path) -> None:
    text = manifest(entity("L", "l.csv"))
    whole = archive({"Manifest.xml": text, "l.csv": "A,B\n1,2\n"})
    path = tmp_path / "p.zip"
    outcomes = set()
    for place in range(len(whole)):
        for content in (
            whole[:place],
            whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :],
        ):
            path.write_bytes(content)
            try:
                outcomes.add(sum(len(list(sheet.records())) for sheet in read_sheets([path])))
            except FileRefused:
                outcomes.add(-1)
    assert -1 in outcomes


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"PK\3\4", b"<a>", b"{", b"\xff\xfe", b"A;B\n"])
)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_bytes_are_read_or_refused(tmp_path: Path, noise: bytes, start: bytes) -> None:
    path = tmp_path / "noise"
    path.write_bytes(start + noise)
    try:
        cells = [cell for sheet in read_sheets([path]) for r in sheet.records() for cell in r.cells]
    except FileRefused as refused:
        cells = [str(refused)]
    assert all(cell.encode() is not None for cell in cells)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (BOOK[:-30], "damaged or cut short"),
        (archive({"xl/workbook.xml": "<workbook><sheets>"}), "is a damaged workbook"),
        (archive({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": LAUGHS}), "a damaged workbook"),
        (workbook({"S": []}), "is empty: no visible sheet has cells"),
        (workbook({"S": [["A", "a"]]}), "has the heading 'a' twice"),
        (ONE, "is named .xlsx but contains ZIP"),
    ],
)  # fmt: skip
def test_a_hostile_workbook_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)
    assert sentence in refusal(tmp_path / "a.xlsx")


def test_a_workbook_with_cells_in_two_far_corners_does_not_abort_the_process(
    tmp_path: Path,
) -> None:
    """The file has 5 KB and would make the library allocate half a terabyte."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "A")
        sheet.write(1_048_575, 16_383, "z")
    assert "has 2 cells across 1,048,576 rows and 16,384 columns" in refusal(path)


def test_a_workbook_of_more_than_50_mb_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as target:
        target.writestr("xl/workbook.xml", "<workbook/>")
        target.writestr("xl/media/a.png", b"\0" * 50_000_001)
    assert "is larger than 50 MB" in refusal(tmp_path / "a.xlsx")
