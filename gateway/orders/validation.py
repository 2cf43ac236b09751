"""Checks the values of a changed order, wherever they come from (RULES.md 3.5, 4.4 and 5). The rules
for single fields are in value_checks.py. Chapter 8 of RULES.md lists every refusal with its rule and
its module."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

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
from gateway.storage.tables.column_types import clean, is_storable, is_storable_text
from gateway.storage.tables.model_columns import text_lengths
from gateway.storage.tables.reference_data import ADDRESS_PARTS
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow

_HEADER_TEXTS = text_lengths(SalesOrderRow)
_LINE_TEXTS = text_lengths(SalesOrderLineRow)
_HEADER_DATES = names_of(HEADER, SalesOrderRow, dt.date)
_HEADER_NUMBERS = names_of(HEADER, SalesOrderRow, Decimal)
_LINE_NUMBERS = names_of(LINE, SalesOrderLineRow, Decimal)
_LINE_QUANTITIES = ("quantity", "ship_quantity", "invoice_quantity")
"""Each defaults to a value derived from the one before, so only the first bad one is reported."""

_ADDRESSES = ("sell_to", "bill_to", "ship_to")


def tidy(order: SalesOrderRow) -> None:
    """Normalise every text for storage; empty text becomes None."""
    for row, names in [(order, _HEADER_TEXTS), *((line, _LINE_TEXTS) for line in order.lines)]:
        for name in names:
            value = getattr(row, name)
            if value is not None and is_storable_text(value):
                setattr(row, name, clean(value) or None)


def check(order: SalesOrderRow, change: Mapping[str, object], place: Place, report: Report) -> None:
    """Report every rule that the values of `order` break. A value that is derived from another one,
    rather than contained in `change`, is not reported again."""
    _check_texts(order, _HEADER_TEXTS, change, (), report)
    _check_contact(order, report)
    for name in _HEADER_DATES:
        _check_date(order, name, report)
    _check_header_numbers(order, report)
    own_dates = (order.order_date, order.requested_delivery_date)
    for line in order.lines:
        path = place(line)
        where = report.at(*path)
        if line.shipment_date not in own_dates or _is_stated(change, (*path, "shipment_date")):
            _check_date(line, "shipment_date", where)
        _check_line(line, change, path, where)
    _check_sequences(order, place, report)


def _is_stated(change: Mapping[str, object], path: Path) -> bool:
    """Whether a change has a value at this path."""
    value: Any = change
    for step in path:
        if value is None:
            break
        value = value.get(step) if isinstance(value, Mapping) else value[int(step)]
    return value is not None


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


def _check_line(
    line: SalesOrderLineRow, change: Mapping[str, object], path: Path, report: Report
) -> None:
    _check_texts(line, _LINE_TEXTS, change, path, report)
    bad = _bad_numbers(line, report)
    if not bad - set(_LINE_QUANTITIES):
        for name in _LINE_NUMBERS:
            check_range(
                getattr(line, name), LINE[name], refusals.PERCENT_OUT_OF_RANGE, report, name
            )
    if is_storable(line.quantity) and not is_part(line.shipped_quantity, line.quantity):
        _refuse_below_shipped(line, report)
        return
    check_range(line.sequence, LINE["sequence"], refusals.SEQUENCE_OUT_OF_RANGE, report, "sequence")
    if not bad & set(_LINE_QUANTITIES):
        _check_quantities(line, report)


def _bad_numbers(line: SalesOrderLineRow, report: Report) -> set[str]:
    """The fields of the line with numbers that cannot be stored; reports them."""
    bad: set[str] = set()
    for name in (
        *(each for each in _LINE_NUMBERS if each not in _LINE_QUANTITIES),
        *_LINE_QUANTITIES,
    ):
        is_follower = name in _LINE_QUANTITIES and bad & set(_LINE_QUANTITIES)
        if not is_follower and not check_number(getattr(line, name), report, name):
            bad.add(name)
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
    lengths: Mapping[str, int],
    change: Mapping[str, object],
    place: Path,
    report: Report,
) -> None:
    for name, longest in lengths.items():
        value = getattr(row, name)
        if value is None:
            continue
        path = _path_of(name)
        if _is_stated(change, (*place, *path)):
            check_new_text(value, longest, report, *path)
        elif not _is_copied(row, name, value):
            check_stored_text(value, longest, report, *path)


def _is_copied(row: SalesOrderRow | SalesOrderLineRow, name: str, value: str) -> bool:
    """Whether the part of an address equals that of the sell-to address, from which it was copied."""
    part = name.removeprefix("bill_to_").removeprefix("ship_to_")
    return part != name and value == getattr(row, f"sell_to_{part}", None)


@cache
def _path_of(name: str) -> Path:
    """The path of a column in a change: the parts of an address are one level deeper."""
    for prefix in _ADDRESSES:
        part = name.removeprefix(f"{prefix}_")
        if part != name and part in ADDRESS_PARTS:
            return f"{prefix}_address", part
    return (name,)


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
