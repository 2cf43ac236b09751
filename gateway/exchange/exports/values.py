"""The values of the columns of exported files.

A column declared for the import contains the value of its field. The tables here list the
exceptions."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from gateway.exchange.mappings.columns import REFERENCES, FileColumn, FileEntity, folded
from gateway.orders.amounts import ZERO
from gateway.orders.rounding import EXACT
from gateway.orders.status_labels import StatusVocabulary, status_label
from gateway.orders.totals import line_discount
from gateway.storage.reading import Names
from gateway.storage.tables.sales_orders import SalesOrderLineType

FINEST = Decimal(1).scaleb(-20)
"""A discount of one unit with enough digits to restore the whole discount."""

NOTHING: Names = frozenset()
STATUS: Names = frozenset({"status", "on_hold", "fully_shipped"})
DISCOUNT: Names = frozenset({"quantity", "unit_price", "discount_amount", "discount_percent"})
AMOUNT: Names = frozenset({"amount_including_tax", "amount_excluding_tax"})
ROUNDING: Names = frozenset({"currency.amount_rounding_precision", "line_rounding"})


@dataclass(frozen=True)
class Source:
    """How to compute a value from the rows of an order and of a line (None for the header), and the
    columns of both that it needs."""

    take: Callable[[Any, Any], Any]
    header: Names = NOTHING
    line: Names = NOTHING


def of_header(name: str) -> Source:
    attribute = name.replace(".", "__")
    return Source(lambda header, _line: getattr(header, attribute), frozenset({name}))


def of_line(name: str) -> Source:
    attribute = name.replace(".", "__")
    return Source(lambda _header, line: getattr(line, attribute), line=frozenset({name}))


def label_in(vocabulary: StatusVocabulary) -> Source:
    """The status of an order in another system's words."""

    def label(header: Any, _line: Any) -> str:
        return status_label(
            header.status, vocabulary, on_hold=header.on_hold, fully_shipped=header.fully_shipped
        )

    return Source(label, STATUS)


def _is_percent(header: Any, line: Any) -> bool:
    """Whether the discount of a line follows from its percentage."""
    derived = line_discount(
        line.quantity,
        line.unit_price,
        line.discount_percent,
        header.currency__amount_rounding_precision,
        header.line_rounding,
    )
    return derived == line.discount_amount  # type: ignore[no-any-return]


def _percent(header: Any, line: Any) -> Any:
    return line.discount_percent if _is_percent(header, line) else ZERO


def _unit_discount(header: Any, line: Any) -> Decimal:
    if _is_percent(header, line):
        return ZERO
    return EXACT.divide(line.discount_amount, line.quantity).quantize(FINEST, context=EXACT)


def _amount(header: Any, line: Any) -> Any:
    return line.amount_including_tax if header.prices_include_tax else line.amount_excluding_tax


def _own_number(_header: Any, line: Any) -> Any:
    """The number of what a line sells, unless the vendor has a column for it."""
    is_vendors = line.line_type in (SalesOrderLineType.ITEM, SalesOrderLineType.ACCOUNT)
    return None if is_vendors else line.line_object_number


HEADER_SOURCES: Mapping[str, Source] = {
    "+status": of_header("status"),
    "+on_hold": of_header("on_hold"),
}
LINE_SOURCES: Mapping[str, Source] = {
    "+order_number": of_header("number"),
    "+shipped": of_line("shipped_quantity"),
    "+invoiced": of_line("invoiced_quantity"),
}
FINANCE_OPERATIONS_HEADERS: Mapping[str, Source] = {
    **HEADER_SOURCES,
    "+gateway_status": of_header("status"),
    "+status": label_in(StatusVocabulary.FINANCE_OPERATIONS),
}
FINANCE_OPERATIONS_LINES: Mapping[str, Source] = {
    **LINE_SOURCES,
    "+currency": of_header("currency.code"),
    "+price_quantity": Source(lambda _header, _line: 1),
    "+unit_discount": Source(_unit_discount, ROUNDING, DISCOUNT),
    "discount_percent": Source(_percent, ROUNDING, DISCOUNT),
    "line_object_number": Source(_own_number, line=frozenset({"line_type", "line_object_number"})),
    "+amount": Source(_amount, frozenset({"prices_include_tax"}), AMOUNT),
}
"""By the field of the column. Other fields that begin with `+` are not exported."""


@dataclass(frozen=True)
class Outgoing:
    """The exported columns of an entity, in this order, with the sources of their values: those in
    `sources`, by field or by name, or else the field or, if there is none, the name of the column."""

    entity: FileEntity
    columns: tuple[FileColumn, ...]
    sources: Mapping[str, Source]
    of_row: Callable[[str], Source] = of_header

    @cached_property
    def values(self) -> tuple[Source, ...]:
        return tuple(self._source(column) for column in self.columns)

    @cached_property
    def header(self) -> Names:
        """The columns of the order that must be read."""
        return NOTHING.union(*(source.header for source in self.values))

    @cached_property
    def line(self) -> Names:
        """The columns of the line that must be read."""
        return NOTHING.union(*(source.line for source in self.values))

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def row(self, header: Any, line: Any = None) -> Iterator[Any]:
        """The values of the columns."""
        return (source.take(header, line) for source in self.values)

    def _source(self, column: FileColumn) -> Source:
        given = self.sources.get(column.field or column.name) or self.sources.get(column.name)
        return given or self.of_row(_stored_name(column))


def _stored_name(column: FileColumn) -> str:
    """The name in storage of a column's field, or of the column itself."""
    if not column.field or column.field.startswith("+"):
        return re.sub(r"(?<!^)(?=[A-Z])", "_", column.name).lower()
    match column.path:
        case (outer, part) if outer in REFERENCES:
            return f"{outer}.{part}"
        case (outer, part):
            return outer.removesuffix("address") + part
        case _:
            return column.field


def kept_columns(entity: FileEntity, sources: Mapping[str, Source]) -> tuple[FileColumn, ...]:
    """One column for each field that the import reads."""
    first: dict[str, FileColumn] = {}
    for column in entity.columns:
        if column.field and not column.fallback:
            first.setdefault(column.field, column)
    return tuple(
        column for field, column in first.items() if field in sources or not field.startswith("+")
    )


def named_columns(entity: FileEntity, *names: str) -> tuple[FileColumn, ...]:
    """The columns with these names."""
    return tuple(entity.by_name[folded(name)] for name in names)
