"""Checks the values of a changed order, wherever they come from (RULES.md 3.5, 4.4 and 5). The rules
for single fields are in value_checks.py. Chapter 8 of RULES.md lists every refusal with its rule and
its module."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from gateway.orders import refusals
from gateway.orders.amounts import ZERO
from gateway.orders.fields import HEADER, LINE, names_of
from gateway.orders.pricing import Place
from gateway.orders.problems import Path, Report, plain
from gateway.orders.quantities import invoiceable, is_part, outstanding
from gateway.orders.value_checks import (
    check_email,
    check_new_text,
    check_number,
    check_phone,
    check_range,
    check_stored_text,
)
from gateway.storage.tables.column_types import Base, clean, is_storable, is_storable_text
from gateway.storage.tables.model_columns import text_lengths
from gateway.storage.tables.reference_data import ADDRESS_PARTS
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow

_ADDRESSES = ("sell_to", "bill_to", "ship_to")


class _Text(NamedTuple):
    """A text column: its maximum length, its path in a change, where the parts of an address are one
    level deeper, and the part of the sell-to address that is copied to it, if any."""

    name: str
    longest: int
    path: Path
    source: str | None


def _texts(model: type[Base]) -> tuple[_Text, ...]:
    """The text columns of `model`."""
    lengths = text_lengths(model)
    return tuple(_text(name, longest, lengths) for name, longest in lengths.items())


def _text(name: str, longest: int, lengths: Mapping[str, int]) -> _Text:
    part = name.removeprefix("bill_to_").removeprefix("ship_to_")
    source = f"sell_to_{part}" if part != name and f"sell_to_{part}" in lengths else None
    for prefix in _ADDRESSES:
        part = name.removeprefix(f"{prefix}_")
        if part != name and part in ADDRESS_PARTS:
            return _Text(name, longest, (f"{prefix}_address", part), source)
    return _Text(name, longest, (name,), source)


_HEADER_TEXTS = _texts(SalesOrderRow)
_LINE_TEXTS = _texts(SalesOrderLineRow)
_HEADER_DATES = names_of(HEADER, SalesOrderRow, dt.date)
_HEADER_NUMBERS = names_of(HEADER, SalesOrderRow, Decimal)
_LINE_NUMBERS = names_of(LINE, SalesOrderLineRow, Decimal)
_LINE_BOUNDED = tuple(name for name in _LINE_NUMBERS if LINE[name].least is not None)
_LINE_QUANTITIES = ("quantity", "ship_quantity", "invoice_quantity")
"""Each defaults to a value derived from the one before, so only the first bad one is reported."""

_OTHER_LINE_NUMBERS = tuple(name for name in _LINE_NUMBERS if name not in _LINE_QUANTITIES)
_NOTHING: Mapping[str, object] = {}


def tidy(order: SalesOrderRow) -> None:
    """Normalise every text for storage; empty text becomes None."""
    for row, texts in [(order, _HEADER_TEXTS), *((line, _LINE_TEXTS) for line in order.lines)]:
        for text in texts:
            value = getattr(row, text.name)
            if value is not None and is_storable_text(value):
                setattr(row, text.name, clean(value) or None)


def check(order: SalesOrderRow, change: Mapping[str, object], place: Place, report: Report) -> None:
    """Report every rule that the values of `order` break. A value that is derived from another one,
    rather than contained in `change`, is not reported again."""
    _check_texts(order, _HEADER_TEXTS, change, report)
    _check_contact(order, report)
    for name in _HEADER_DATES:
        _check_date(order, name, report)
    _check_header_numbers(order, report)
    own_dates = (order.order_date, order.requested_delivery_date)
    for line in order.lines:
        path = place(line)
        where, stated = report.at(*path), _part_of(change, path)
        if line.shipment_date not in own_dates or stated.get("shipment_date") is not None:
            _check_date(line, "shipment_date", where)
        _check_line(line, stated, where)
    _check_sequences(order, place, report)


def _part_of(change: Mapping[str, object], path: Path) -> Mapping[str, object]:
    """The part of a change at this path; empty if there is none."""
    value: Any = change
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else value[int(step)]
        if value is None:
            return _NOTHING
    return value if isinstance(value, Mapping) else _NOTHING


def _check_date(row: SalesOrderRow | SalesOrderLineRow, name: str, report: Report) -> None:
    value = getattr(row, name)
    if value is not None:
        check_range(value, HEADER.get(name) or LINE[name], refusals.DATE_OUT_OF_RANGE, report, name)


def _check_header_numbers(order: SalesOrderRow, report: Report) -> None:
    numbers = {name: getattr(order, name) for name in _HEADER_NUMBERS}
    present = {name: value for name, value in numbers.items() if value is not None}
    storable = [check_number(value, report, name) for name, value in present.items()]
    if all(storable):
        for name, value in present.items():
            check_range(value, HEADER[name], refusals.PERCENT_OUT_OF_RANGE, report, name)


def _check_line(line: SalesOrderLineRow, change: Mapping[str, object], report: Report) -> None:
    _check_texts(line, _LINE_TEXTS, change, report)
    bad = _bad_numbers(line, report)
    if bad.issubset(_LINE_QUANTITIES):
        for name in _LINE_BOUNDED:
            check_range(
                getattr(line, name), LINE[name], refusals.PERCENT_OUT_OF_RANGE, report, name
            )
    if is_storable(line.quantity) and not is_part(line.shipped_quantity, line.quantity):
        _refuse_below_shipped(line, report)
        return
    check_range(line.sequence, LINE["sequence"], refusals.SEQUENCE_OUT_OF_RANGE, report, "sequence")
    if bad.isdisjoint(_LINE_QUANTITIES):
        _check_quantities(line, report)


def _bad_numbers(line: SalesOrderLineRow, report: Report) -> set[str]:
    """The fields of the line with numbers that cannot be stored; reports them."""
    bad = {
        name for name in _OTHER_LINE_NUMBERS if not check_number(getattr(line, name), report, name)
    }
    for name in _LINE_QUANTITIES:
        if not check_number(getattr(line, name), report, name):
            return bad | {name}
    return bad


def _refuse_below_shipped(line: SalesOrderLineRow, report: Report) -> None:
    shipped = plain(line.shipped_quantity)
    report.refuse(
        refusals.QUANTITY_SHIPPED,
        "quantity",
        rejected=line.quantity,
        suggestions=(shipped,),
        shipped=shipped,
        bound="at least" if line.shipped_quantity > ZERO else "at most",
    )


def _check_quantities(line: SalesOrderLineRow, report: Report) -> None:
    """No more is shipped than ordered, and no more invoiced than shipped (RULES.md 4.4)."""
    left = outstanding(line)
    if not is_part(line.ship_quantity, left):
        report.refuse(
            refusals.SHIP_NEXT_TOO_MANY,
            "ship_quantity",
            rejected=line.ship_quantity,
            suggestions=(plain(left),),
            left=left,
        )
        return
    ready = invoiceable(line)
    if not is_part(line.invoice_quantity, ready):
        report.refuse(
            refusals.INVOICE_NEXT_TOO_MANY,
            "invoice_quantity",
            rejected=line.invoice_quantity,
            suggestions=(plain(ready),),
            ready=ready,
        )


def _check_texts(
    row: SalesOrderRow | SalesOrderLineRow,
    texts: Sequence[_Text],
    change: Mapping[str, object],
    report: Report,
) -> None:
    """A part of an address that equals that of the sell-to address was copied from there."""
    for name, longest, path, source in texts:
        value = getattr(row, name)
        if value is None:
            continue
        around = change if len(path) == 1 else _part_of(change, path[:-1])
        if around.get(path[-1]) is not None:
            check_new_text(value, longest, report, *path)
        elif source is None or value != getattr(row, source):
            check_stored_text(value, longest, report, *path)


def _check_contact(order: SalesOrderRow, report: Report) -> None:
    """Texts that cannot be stored have already been reported."""
    if order.phone_number is not None and is_storable_text(order.phone_number):
        check_phone(order.phone_number, report, "phone_number")
    if order.email is not None and is_storable_text(order.email):
        check_email(order.email, report, "email")


def _check_sequences(order: SalesOrderRow, place: Place, report: Report) -> None:
    """No two lines have the same sequence (RULES.md 3.5)."""
    seen: set[int] = set()
    for line in order.lines:
        if line.sequence in seen:
            report.refuse(
                refusals.SEQUENCE_TAKEN,
                *place(line),
                "sequence",
                rejected=line.sequence,
                suggestions=(str(max(line.sequence for line in order.lines) + 10000),),
            )
        seen.add(line.sequence)
