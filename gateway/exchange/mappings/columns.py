"""The columns of files and the fields that they map to, declared once for import, export and the tables
in exchange/README.md."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Any

from gateway.orders.fields import ADDRESSES, HEADER, LINE, Field
from gateway.orders.record_fields import RECORDS
from gateway.orders.status_labels import StatusVocabulary
from gateway.storage.tables.column_types import Base
from gateway.storage.tables.model_columns import value_type
from gateway.storage.tables.reference_data import ADDRESS_PARTS

REFERENCES = {
    name
    for fields in (HEADER, LINE, *(record.fields for record in RECORDS.values()))
    for name, field in fields.items()
    if field.model is not None
}
"""The fields that refer to a record by its number or code."""


class CellKind(Enum):
    """The kind of value that the cells of a column contain."""

    TEXT = "text"
    NUMBER = "number"
    WHOLE = "whole number"
    DATE = "date"
    YES_NO = "yes or no"
    CHOICE = "one of a few words"
    ID = "id"


class RowKind(Enum):
    """What a row of a file describes."""

    HEADER = "header"
    LINE = "line"
    REFERENCE = "reference"


@dataclass(frozen=True)
class FileColumn:
    """A column of a file. `field` is the path of a field in the change that a row describes. A field
    that begins with `+` is read by the import itself. A column without a field is ignored, for the
    reason in `note`. A fallback counts only if the other columns of its field are empty."""

    name: str
    field: str = ""
    kind: CellKind = CellKind.TEXT
    note: str = ""
    fallback: bool = False

    @cached_property
    def path(self) -> tuple[str, ...]:
        return tuple(self.field.split("."))


def id_columns(*names: str) -> tuple[FileColumn, ...]:
    """Columns with ids of other records, such as customerId. They count only if they are ids of this
    gateway and no column has a number or code."""
    return tuple(
        FileColumn(name, f"+{_snake_case(name)}", CellKind.ID, "if it is an id of this gateway")
        for name in names
    )


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


@dataclass(frozen=True, eq=False)
class FileEntity:
    """A kind of record that files contain. `names` are its names in manifests, XML elements and file
    names, and `keys` the columns without one of which no row can be read: a "|" separates alternatives.
    One of the `signs` must be present too if nothing but the columns states the entity; without signs, its
    name must state it. Lower ranks are imported first. `choices` map the words of each CHOICE column to values;
    `further` are the vendor's other columns, all of which are ignored. `lines` is the entity of the lines
    in a row, and `header` that of its header if both are in the columns of one row. `statuses` is how its status column names the
    statuses of orders."""

    name: str
    row_kind: RowKind
    model: type[Base]
    names: tuple[str, ...]
    keys: tuple[str, ...]
    columns: tuple[FileColumn, ...]
    rank: int = 9
    choices: Mapping[str, Mapping[str, Any]] = dataclass_field(default_factory=dict)
    further: frozenset[str] = frozenset()
    signs: tuple[str, ...] = ()
    lines: "FileEntity | None" = None
    header: "FileEntity | None" = None
    statuses: StatusVocabulary | None = None

    @cached_property
    def by_name(self) -> Mapping[str, FileColumn]:
        """The columns by their folded name."""
        return {folded(column.name): column for column in self.columns}

    def column(self, heading: str) -> FileColumn | None:
        """The column with this heading, regardless of case, spaces and underscores."""
        return self.by_name.get(folded(heading))

    def is_vendors(self, name: str) -> bool:
        """Whether the vendor has a column with this name."""
        return folded(name) in self.further

    def reads(self, heading: str) -> bool:
        """Whether a column with this heading sets a field."""
        column = self.column(heading)
        return column is not None and bool(column.field) and column.kind is not CellKind.ID

    def has_keys(self, headings: Collection[str]) -> bool:
        """Whether `headings`, which are folded, have the key columns."""
        return all(any(folded(name) in headings for name in key.split("|")) for key in self.keys)

    def has_signs(self, headings: Collection[str]) -> bool:
        """Whether `headings`, which are folded, are typical of this entity."""
        is_signed = any(folded(sign) in headings for sign in self.signs)
        return is_signed and self.has_keys(headings)

    def known(self, headings: Collection[str]) -> int:
        """The number of `headings`, which are folded, that are columns of the entity, whether read or
        not."""
        return sum(heading in self.by_name or heading in self.further for heading in headings)


def flat_orders(
    name: str,
    header: FileEntity,
    lines: FileEntity,
    keys: tuple[str, ...],
    shared: tuple[str, ...],
) -> FileEntity:
    """An entity of orders in which every row has a line and repeats the header. A column that both
    headers and lines have belongs to the line, and the header's has the prefix `order`, except for the
    `shared` columns, which belong to the header."""
    of_header = [
        column
        if column.name in shared or lines.column(column.name) is None
        else replace(column, name=f"order{column.name[0].upper()}{column.name[1:]}")
        for column in header.columns
    ]
    of_lines = [column for column in lines.columns if column.name not in shared]
    return replace(
        header,
        name=name,
        names=(),
        keys=keys,
        columns=(*of_header, *of_lines),
        further=header.further | lines.further,
        header=replace(header, columns=tuple(of_header)),
        lines=replace(lines, columns=tuple(of_lines)),
    )


def folded(name: str) -> str:
    """A heading or a name without case, spaces and punctuation, so that different spellings are
    equal."""
    return "".join(letter for letter in name.casefold() if letter.isalnum() or letter in ".@")


KINDS: Mapping[type, CellKind] = {
    str: CellKind.TEXT,
    Decimal: CellKind.NUMBER,
    int: CellKind.WHOLE,
    dt.date: CellKind.DATE,
    bool: CellKind.YES_NO,
}


def columns_of(
    model: type[Base],
    fields: Mapping[str, Field],
    *without: str,
    notes: Mapping[str, str] | None = None,
) -> tuple[FileColumn, ...]:
    """The columns of all fields except those in `without`, named like the fields of the API. A
    reference is the number or code of its record, and an address has a column for each part."""
    return tuple(
        replace(column, note=(notes or {}).get(name, ""))
        for name, field in fields.items()
        if name not in without
        for column in _columns_of(model, name, field)
    )


def _columns_of(model: type[Base], name: str, field: Field) -> Iterator[FileColumn]:
    if name in ADDRESSES:
        prefix = name.removesuffix("address")
        for part in ADDRESS_PARTS:
            yield FileColumn(camel_case(prefix + part), f"{name}.{part}")
    elif field.model is not None:
        key = RECORDS[field.model].key
        heading = name if name.endswith(key) else f"{name}_{key}"
        yield FileColumn(camel_case(heading), f"{name}.{key}")
    else:
        kind, _ = value_type(model, name)
        yield FileColumn(camel_case(name), name, KINDS.get(kind, CellKind.CHOICE))


def camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word[0].upper() + word[1:] for word in rest)


def columns_of_record(model: type[Base]) -> tuple[FileColumn, ...]:
    """The columns of a kind of record that orders refer to."""
    return columns_of(model, RECORDS[model].fields)
