"""Reading the JSON of Business Central: an object, an array, an OData page or JSON lines."""

import io
import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NoReturn

from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.formats.sheets import (
    FileRecord,
    Sheet,
    is_name_of_lines,
)
from gateway.exchange.formats.sources import (
    CHUNK,
    HEAD,
    MAX_COLUMNS,
    FileSource,
    encoding_of,
    guess_remark,
)

LINES = "salesOrderLines"
"""The member of an order that contains its lines in the files that the gateway writes."""

MAX_OBJECT = 5_000_000
"""Characters of one object; an order of a thousand lines has about 1.3 million."""

MAX_DEPTH = 20
"""Levels of nesting; an order with its lines and their dimensions has five."""

MAX_NUMBER = 64
"""Characters of a number; the gateway stores eighteen digits."""

MAX_EXPONENT = 3
"""Characters of an exponent, with which a short text could stand for an enormous number."""

BLANKS = re.compile(r"[ \t\r\n\ufeff]*")
PAGE = re.compile(r'\{\s*(?:"@[^"]*"\s*:\s*(?:"[^"]*"|\w+)\s*,\s*)*"value"\s*:\s*(?=\[)')
"""The start of an OData page: `{"@odata.context": "...", "value": [`."""

CONTEXT = re.compile(r'\A\ufeff?\s*\{\s*"@odata\.context"\s*:\s*"([^"]*)"')
"""The context of a page or object, which states what it contains."""

NEXT = "@odata.nextLink"
NEXT_BEFORE = re.compile(rf'"{re.escape(NEXT)}"\s*:\s*"')
MORE_PAGES = "MORE_PAGES"
"""The code of the warning that a page is not the last."""

NOT_LAST = "This is one page of an OData result, and the pages after it are not in the file."


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


class _NotAllowed(ValueError):
    """An object contains something that is not allowed; str() ends a sentence that begins with
    the name of the file."""


def _number(text: str) -> str:
    exponent = text.lower().partition("e")[2]
    if len(text) > MAX_NUMBER or len(exponent) > MAX_EXPONENT:
        raise _NotAllowed(f"contains the number {text[:20]}, which is too large")
    return text


def _constant(text: str) -> NoReturn:
    raise _NotAllowed(f"contains {text}, which is not JSON")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in members if names.count(name) > 1)
        raise _NotAllowed(f"contains {twice!r} twice")
    return members


DECODER = json.JSONDecoder(
    parse_float=_number,
    parse_int=_number,
    parse_constant=_constant,
    object_pairs_hook=_members,
)


class _Cursor:
    """A position in a text of which only a window is in memory."""

    def __init__(self, source: FileSource, text: io.TextIOBase) -> None:
        self.source = source
        self.text = text
        self.window = ""
        self.position = 0
        self.is_done = False
        self.count = 0
        self.names_next = False

    def _read_more(self) -> None:
        """Drop what was read and double what is ahead."""
        ahead = self.window[self.position :]
        if len(ahead) > MAX_OBJECT:
            raise self.source.refuse(
                f"has an object of more than {MAX_OBJECT // 1_000_000} MB after {self.where()}"
            )
        part = self.text.read(min(max(CHUNK, len(ahead)), CHUNK + MAX_OBJECT - len(ahead)))
        self.is_done = not part
        self.window = ahead + part
        self.position = 0

    def peek(self) -> str:
        """The next character that is not a blank; "" at the end."""
        while True:
            self.position = BLANKS.match(self.window, self.position).end()  # type: ignore[union-attr]
            if self.position < len(self.window):
                return self.window[self.position]
            if self.is_done:
                return ""
            self._read_more()

    def enters_page(self) -> bool:
        """Whether an OData page starts here; if so, move on to its array."""
        if len(self.window) - self.position < HEAD:
            self._read_more()
        page = PAGE.match(self.window, self.position)
        if page:
            self.position = page.end()
            self.names_next = self.names_next or bool(NEXT_BEFORE.search(page[0]))
        return bool(page)

    def take(self, expected: str) -> None:
        found = self.peek()
        if found != expected:
            raise self.source.refuse(
                f"is not well-formed JSON after {self.where()}: expected {expected!r}, found "
                f"{found or 'the end'!r}"
            )
        self.position += 1

    def value(self) -> Any:
        """The next value. One that ends with the window may continue beyond it."""
        self.peek()
        while True:
            try:
                value, end = DECODER.raw_decode(self.window, self.position)
            except json.JSONDecodeError as error:
                if self.is_done:
                    raise self.source.refuse(
                        f"is not well-formed JSON after {self.where()}: {error.msg}"
                    ) from error
            except _NotAllowed as error:
                raise self.source.refuse(f"{error} (after {self.where()})") from error
            except RecursionError as error:
                raise self.source.refuse(
                    f"is nested more than {MAX_DEPTH} levels deep after {self.where()}"
                ) from error
            else:
                if self.is_done or end < len(self.window):
                    self.position = end
                    return value
            self._read_more()

    def where(self) -> str:
        return f"record {self.count}" if self.count else "the start"


def _objects(cursor: _Cursor) -> Iterator[dict[str, Any]]:
    while start := cursor.peek():
        if start == "[":
            yield from _array(cursor)
        elif cursor.enters_page():
            yield from _array(cursor)
            _rest_of_page(cursor)
        else:
            yield _object(cursor)


def _object(cursor: _Cursor) -> dict[str, Any]:
    value = cursor.value()
    if not isinstance(value, dict):
        raise cursor.source.refuse(f"contains a value that is not an object after {cursor.where()}")
    cursor.count += 1
    return value


def _array(cursor: _Cursor) -> Iterator[dict[str, Any]]:
    cursor.take("[")
    if cursor.peek() != "]":
        yield _object(cursor)
        while cursor.peek() == ",":
            cursor.take(",")
            yield _object(cursor)
    cursor.take("]")


def _rest_of_page(cursor: _Cursor) -> None:
    while cursor.peek() == ",":
        cursor.take(",")
        name = cursor.value()
        cursor.take(":")
        cursor.names_next = (cursor.value() is not None and name == NEXT) or cursor.names_next
    cursor.take("}")


def _has_many_documents(source: FileSource, encoding: str) -> bool:
    with source.open() as stream, io.TextIOWrapper(stream, encoding) as text:
        cursor = _Cursor(source, text)
        if cursor.peek() == "[" or cursor.enters_page():
            return False
        cursor.value()
        return bool(cursor.peek())


def _records(source: FileSource, encoding: str, remarks: dict[str, str]) -> Iterator[FileRecord]:
    with source.open() as stream, io.TextIOWrapper(stream, encoding) as text:
        cursor = _Cursor(source, text)
        for row, members in enumerate(_objects(cursor), start=1):
            try:
                yield _record(row, members)
            except _NotAllowed as error:
                raise source.refuse(f"{error} in record {row}") from error
        if cursor.names_next:
            remarks[MORE_PAGES] = NOT_LAST


def _record(row: int, members: dict[str, Any]) -> FileRecord:
    names = [name for name in members if is_name_of_lines(name)]
    if len(names) > 1:
        raise _NotAllowed(f"contains both {names[0]} and {names[1]}")
    lines = members.pop(names[0], None) or () if names else ()
    if not isinstance(lines, list | tuple) or not all(isinstance(line, dict) for line in lines):
        raise _NotAllowed(f"contains {names[0]} that are not an array of objects")
    return FileRecord(
        row,
        _fields(members),
        tuple(FileRecord(place, _fields(line)) for place, line in enumerate(lines, start=1)),
    )


def _fields(members: dict[str, Any]) -> dict[str, str | None]:
    cells = dict(islice(_cells(members), MAX_COLUMNS + 1))
    if len(cells) > MAX_COLUMNS:
        raise _NotAllowed(f"contains an object of more than {MAX_COLUMNS:,} fields")
    return cells


def _cells(
    members: dict[str, Any], prefix: str = "", depth: int = 1
) -> Iterator[tuple[str, str | None]]:
    """Nested objects are flattened with dots. Of a nested array only the length remains, since no
    field of an order is an array."""
    if depth > MAX_DEPTH:
        raise _NotAllowed(f"is nested more than {MAX_DEPTH} levels deep")
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
        raise _NotAllowed(f"is nested more than {MAX_DEPTH} levels deep")
    inner = value.values() if isinstance(value, dict) else value
    for part in inner:
        if isinstance(part, dict | list):
            _check_depth(part, depth + 1)


def _text(value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise _NotAllowed("contains half of a surrogate pair") from error
    if "\0" in value:
        raise _NotAllowed("contains a NUL character")
    return value
