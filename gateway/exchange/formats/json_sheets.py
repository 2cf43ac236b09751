"""Reads the JSON of Business Central: an object, an array, an OData page or JSON lines."""

import io
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.formats.json_cursor import MAX_DEPTH, NEXT, JsonCursor, JsonNotAllowed
from gateway.exchange.formats.sheets import (
    FileRecord,
    Sheet,
    is_name_of_lines,
)
from gateway.exchange.formats.sources import (
    MAX_COLUMNS,
    FileSource,
    encoding_of,
    guess_remark,
)

LINES = "salesOrderLines"
"""The member with the lines of an order in the gateway's own files."""

CONTEXT = re.compile(r'\A\ufeff?\s*\{\s*"@odata\.context"\s*:\s*"([^"]*)"')
"""The OData context of a page or object, which identifies its contents."""

MORE_PAGES = "MORE_PAGES"
"""The code of the warning that a page is not the last."""

NOT_LAST = "This is one page of an OData result, and the pages after it are not in the file."

MAX_EMPTY = 100_000
"""Consecutive empty objects, which take time without being rows."""


def json_sheet(source: FileSource, options: ImportOptions) -> Sheet:
    encoding = encoding_of(source, options.encoding)
    if guess_remark(encoding, options.encoding is not None):
        raise source.refuse("is not UTF-8, which JSON must be")
    remarks: dict[str, str] = {}
    first = next(_records(source, encoding, remarks), None)
    return Sheet(
        file=source.name,
        format="JSON lines" if _has_many_documents(source, encoding) else "JSON",
        headings=tuple(first.cells) if first else (),
        entity=_stated_entity(source, encoding),
        records=lambda: _records(source, encoding, remarks),
        encoding=encoding,
        remarks=remarks,
    )


def _stated_entity(source: FileSource, encoding: str) -> str | None:
    """The last collection in the OData context of a page, such as salesOrders."""
    context = CONTEXT.search(source.head().decode(encoding, errors="ignore"))
    path = context[1].removesuffix("/$entity") if context else ""
    while path != (path := re.sub(r"\([^()]*\)", "", path)):
        pass
    return re.split(r"[/#]", path)[-1] or None


def _objects(cursor: JsonCursor) -> Iterator[dict[str, Any]]:
    while start := cursor.peek():
        if start == "[":
            yield from _array(cursor)
        elif cursor.enters_page():
            yield from _array(cursor)
            _rest_of_page(cursor)
        else:
            yield _object(cursor)


def _object(cursor: JsonCursor) -> dict[str, Any]:
    value = cursor.value()
    if not isinstance(value, dict):
        raise cursor.source.refuse(f"contains a value that is not an object after {cursor.where()}")
    cursor.count += 1
    return value


def _array(cursor: JsonCursor) -> Iterator[dict[str, Any]]:
    cursor.take("[")
    if cursor.peek() != "]":
        yield _object(cursor)
        while cursor.peek() == ",":
            cursor.take(",")
            yield _object(cursor)
    cursor.take("]")


def _rest_of_page(cursor: JsonCursor) -> None:
    while cursor.peek() == ",":
        cursor.take(",")
        name = cursor.value()
        cursor.take(":")
        cursor.names_next = (cursor.value() is not None and name == NEXT) or cursor.names_next
    cursor.take("}")


def _has_many_documents(source: FileSource, encoding: str) -> bool:
    with source.open() as stream, io.TextIOWrapper(stream, encoding) as text:
        cursor = JsonCursor(source, text)
        if cursor.peek() == "[" or cursor.enters_page():
            return False
        cursor.value()
        return bool(cursor.peek())


def _records(source: FileSource, encoding: str, remarks: dict[str, str]) -> Iterator[FileRecord]:
    with source.open() as stream, io.TextIOWrapper(stream, encoding) as text:
        cursor = JsonCursor(source, text)
        empty = 0
        for row, members in enumerate(_objects(cursor), start=1):
            empty = 0 if members else empty + 1
            if empty > MAX_EMPTY:
                raise source.refuse(f"has more than {MAX_EMPTY:,} consecutive empty objects")
            try:
                yield _record(row, members)
            except JsonNotAllowed as error:
                raise source.refuse(f"{error} in record {row}") from error
        if cursor.names_next:
            remarks[MORE_PAGES] = NOT_LAST


def _record(row: int, members: dict[str, Any]) -> FileRecord:
    names = [name for name in members if is_name_of_lines(name)]
    if len(names) > 1:
        raise JsonNotAllowed(f"contains both {names[0]} and {names[1]}")
    lines = members.pop(names[0], None) or () if names else ()
    if not isinstance(lines, list | tuple) or not all(isinstance(line, dict) for line in lines):
        raise JsonNotAllowed(f"contains {names[0]} that are not an array of objects")
    return FileRecord(
        row,
        _fields(members),
        tuple(FileRecord(place, _fields(line)) for place, line in enumerate(lines, start=1)),
    )


def _fields(members: dict[str, Any]) -> dict[str, str | None]:
    cells = dict(islice(_cells(members), MAX_COLUMNS + 1))
    if len(cells) > MAX_COLUMNS:
        raise JsonNotAllowed(f"contains an object of more than {MAX_COLUMNS:,} fields")
    return cells


def _cells(
    members: dict[str, Any], prefix: str = "", depth: int = 1
) -> Iterator[tuple[str, str | None]]:
    """Nested objects are flattened with dots. A nested array is reduced to its length, since no field
    of an order is an array."""
    if depth > MAX_DEPTH:
        raise JsonNotAllowed(f"is nested more than {MAX_DEPTH} levels deep")
    for key, value in members.items():
        name = prefix + _text(key)
        if isinstance(value, dict):
            yield from _cells(value, f"{name}.", depth + 1)
        elif isinstance(value, list):
            _check_depth(value, depth + 1)
            if value:
                yield name, f"({len(value)} entries)"
        elif isinstance(value, bool):
            yield name, str(value).lower()
        else:
            yield name, value if value is None else _text(value)


def _check_depth(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise JsonNotAllowed(f"is nested more than {MAX_DEPTH} levels deep")
    inner = value.values() if isinstance(value, dict) else value
    for part in inner:
        if isinstance(part, dict | list):
            _check_depth(part, depth + 1)


def _text(value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise JsonNotAllowed("contains half of a surrogate pair") from error
    if "\0" in value:
        raise JsonNotAllowed("contains a NUL character")
    return value
