"""The columns that a file may have, and the field of ours that each gives: declared once, for reading,
for writing and for the tables in README."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

from gateway.storage.tables.column_types import Base

REFERENCES = {
    "customer", "bill_to_customer", "currency", "payment_terms", "shipment_method", "item", "account",
    "unit_of_measure", "tax_code", "base_unit_of_measure", "sales_unit_of_measure",
}  # fmt: skip
"""The fields that name a record by its number or code."""


class Kind(Enum):
    """What the cells of a column hold."""

    TEXT = "text"
    NUMBER = "number"
    WHOLE = "whole number"
    DATE = "date"
    YES_NO = "yes or no"
    CHOICE = "one of a few words"


class Part(Enum):
    """What a row of a file is."""

    HEADER = "header"
    LINE = "line"
    REFERENCE = "reference"


@dataclass(frozen=True)
class Column:
    """A column of a file. `field` leads into the change that a row describes; one that begins with
    `+` is looked at by the import itself, and one without a field is not kept, for the reason in
    `note`. Of several columns with one field, a fallback counts only where the others are empty."""

    name: str
    field: str = ""
    kind: Kind = Kind.TEXT
    note: str = ""
    fallback: bool = False

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(self.field.split("."))


@dataclass(frozen=True, eq=False)
class Entity:
    """A kind of record in a file. `names` are what manifests, XML elements and files call it, `keys`
    the columns without which it is not recognised; lower ranks are applied first. `choices` are the
    words of each column of kind CHOICE with what they mean, `further` the columns that the vendor has
    besides, none of which is kept."""

    name: str
    part: Part
    model: type[Base]
    names: tuple[str, ...]
    keys: tuple[str, ...]
    columns: tuple[Column, ...]
    rank: int = 9
    choices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    further: frozenset[str] = frozenset()

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by their name, folded."""
        return {folded(column.name): column for column in self.columns}

    def column(self, heading: str) -> Column | None:
        """The column with this heading, whatever its case, spaces and underscores."""
        return self.by_name.get(folded(heading))

    def matches(self, headings: tuple[str, ...]) -> int:
        """How many of `headings` are columns; 0 where a key is missing."""
        known = {folded(heading) for heading in headings} & self.by_name.keys()
        has_keys = all(folded(key) in known for key in self.keys)
        return len(known) if has_keys else 0


def folded(name: str) -> str:
    """A heading or a name without what people write in several ways."""
    return "".join(letter for letter in name.casefold() if letter.isalnum() or letter in ".@")
