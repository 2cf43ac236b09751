"""Reading the XML-Element format of Finance & Operations: `<Document><ENTITY><FIELD>value</FIELD></ENTITY></Document>`.
In a composite document the elements of lines are within that of their header."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring, iterparse

from gateway.exchange.formats.sheets import COMPOSITE, FileRecord, Sheet, is_name_of_lines
from gateway.exchange.formats.sources import HEAD, MAX_COLUMNS, MAX_ROW, FileSource

MAX_DEPTH = 10
"""Levels of nesting; records are at depth 2 and their fields at depth 3."""

SAMPLE = 100
"""Records that are searched for lines."""

LONGEST_SHOWN = 100
"""Characters of a name that a message quotes."""

MAX_DOCUMENT = 8_000_000
"""Bytes of a manifest, which is read into memory; one with two hundred columns has 0.1 MB."""


def xml_sheet(source: FileSource) -> Sheet:
    first = next(_elements(source), None)
    if first is None:
        return Sheet(source.name, "XML-Element", (), lambda: iter(()))
    is_composite = any(record.lines for record in islice(_records(source, {}), SAMPLE))
    remarks: dict[str, str] = {}
    parts = remarks if is_composite else None
    return Sheet(
        file=source.name,
        format=COMPOSITE if is_composite else "XML-Element",
        headings=tuple(_record(source, 1, first, parts).cells),
        records=lambda: _records(source, parts),
        entity=_local(first),
        remarks=remarks,
    )


IGNORED = "Elements within an order that are not lines are ignored: "
MOST_NAMED = 20
"""Ignored elements that a warning names."""


def xml_document(source: FileSource, text: str) -> Element:
    """The root of a small document. Raises FileRefused."""
    try:
        return fromstring(text, forbid_dtd=True)
    except DefusedXmlException as error:
        raise source.refuse("declares a document type or entities, which is not allowed") from error
    except ParseError as error:
        raise source.refuse(f"is not well-formed XML: {error}") from error


class _Counted:
    """A stream that refuses a record that is too long; the caller resets `spent` at each record."""

    def __init__(self, source: FileSource, stream: BinaryIO) -> None:
        self.source = source
        self.stream = stream
        self.spent = 0

    def read(self, size: int = HEAD) -> bytes:
        part = self.stream.read(min(size, HEAD))
        self.spent += len(part)
        if self.spent > MAX_ROW + HEAD:
            raise self.source.refuse(f"has a record of more than {MAX_ROW:,} bytes")
        return part


def _elements(source: FileSource) -> Iterator[Element]:
    """The children of the root; each is discarded when the next one is read."""
    with source.open() as stream:
        counted = _Counted(source, stream)
        open_elements: list[Element] = []
        try:
            for event, element in iterparse(counted, ("start", "end"), forbid_dtd=True):
                if event == "start":
                    open_elements.append(element)
                    if len(open_elements) > MAX_DEPTH:
                        raise source.refuse(
                            f"has elements nested more than {MAX_DEPTH} levels deep"
                        )
                    continue
                open_elements.pop()
                if len(open_elements) == 1:
                    yield element
                    open_elements[0].clear()
                    counted.spent = 0
        except DefusedXmlException as error:
            raise source.refuse(
                "declares a document type or entities, which is not allowed"
            ) from error
        except (ParseError, LookupError, ValueError) as error:
            raise source.refuse(f"is not well-formed XML: {error}") from error


def _records(source: FileSource, remarks: dict[str, str] | None) -> Iterator[FileRecord]:
    """The records of a document; only composite documents have `remarks`."""
    entity = None
    for row, element in enumerate(_elements(source), start=1):
        entity = entity or _local(element)
        if _local(element) != entity:
            raise source.refuse(
                f"contains both {entity} and {_local(element)}; put each in its own file"
            )
        record = _record(source, row, element, remarks)
        if record.lines and remarks is None:
            raise source.refuse(
                f"has lines within record {row}, but none within the {SAMPLE} records before it"
            )
        yield record


def _record(
    source: FileSource, row: int, element: Element, remarks: dict[str, str] | None
) -> FileRecord:
    """A record with the lines within it, which may be within an element of their own. A composite document
    may also have elements such as charges there, which are left out with a remark."""
    lines: list[Element] = []
    fields, others = [], []
    for child in element:
        if len(child) and is_name_of_lines(_local(child)):
            lines += child if all(len(each) for each in child) else [child]
        elif len(child) and remarks is not None:
            others.append(_local(child))
        else:
            fields.append(child)
    if others and remarks is not None:
        _remark_on(others, remarks)
    return FileRecord(
        row,
        _cells(source, row, fields),
        tuple(FileRecord(place, _cells(source, row, line)) for place, line in enumerate(lines, 1)),
    )


def _remark_on(names: Sequence[str], remarks: dict[str, str]) -> None:
    """Add the names of ignored elements to the warning about them."""
    known = remarks.get("NOT_KEPT", IGNORED).removeprefix(IGNORED).removesuffix(".")
    shown = [*filter(None, known.split(", ")), *(name[:LONGEST_SHOWN] for name in names)]
    remarks["NOT_KEPT"] = f"{IGNORED}{', '.join(list(dict.fromkeys(shown))[:MOST_NAMED])}."


def _cells(
    source: FileSource, row: int, record: Sequence[Element] | Element
) -> dict[str, str | None]:
    if len(record) > MAX_COLUMNS:
        raise source.refuse(f"has more than {MAX_COLUMNS:,} fields in record {row}")
    cells: dict[str, str | None] = {}
    seen: set[str] = set()
    for field in record:
        name = _local(field)
        if len(field):
            raise source.refuse(
                f"has elements within {name} in record {row}, which are not lines of an order"
            )
        if name in seen:
            raise source.refuse(f"has {name} twice in record {row}")
        seen.add(name)
        if field.text:
            cells[name] = field.text
    return cells


def _local(element: Element) -> str:
    """The name without its namespace."""
    return element.tag.rpartition("}")[2]
