"""The rules that an order's values must keep, whoever wrote them (RULES.md 5.1 to 5.4)."""

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gateway.orders.amounts import HUNDRED, ZERO
from gateway.orders.pricing import Place
from gateway.orders.problems import Path, ProblemCode, Report, plain
from gateway.orders.quantities import invoiceable, is_part, outstanding
from gateway.orders.references import Change
from gateway.storage.tables.column_types import (
    DECIMALS,
    LARGEST,
    clean,
    is_storable,
    is_storable_text,
    text_lengths,
)
from gateway.storage.tables.reference_data import ADDRESS_PARTS
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow

EARLIEST, LATEST = dt.date(1753, 1, 1), dt.date(9999, 12, 31)
LAST_SEQUENCE = 2**31 - 1

_HEADER_TEXTS = text_lengths(SalesOrderRow)
_LINE_TEXTS = text_lengths(SalesOrderLineRow)
_ADDRESSES = ("sell_to", "bill_to", "ship_to")
_HEADER_DATES = ("order_date", "posting_date", "requested_delivery_date")
_HEADER_NUMBERS = ("discount_amount", "discount_percent")
_LINE_PRICES = ("unit_price", "discount_amount", "discount_percent")
_LINE_QUANTITIES = ("quantity", "ship_quantity", "invoice_quantity")
"""Each follows from the one before where it is not given, so only the first bad one is told."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_LETTER = re.compile(r"[^\W\d_]")


def tidy(order: SalesOrderRow) -> None:
    """Put every text into the form in which it is stored; empty text is no text."""
    for row, names in [(order, _HEADER_TEXTS), *((line, _LINE_TEXTS) for line in order.lines)]:
        for name in names:
            value = getattr(row, name)
            if value is not None and is_storable_text(value):
                setattr(row, name, clean(value) or None)


def check(order: SalesOrderRow, change: Change, place: Place, report: Report) -> None:
    """Report every rule that the values of `order` break. What is not given in `change` but follows
    from another value that may be given is not told a second time."""
    _check_texts(order, _HEADER_TEXTS, change, report)
    _check_contact(order, report)
    for name in _HEADER_DATES:
        _check_date(getattr(order, name), report, name)
    storable = [_check_number(getattr(order, name), report, name) for name in _HEADER_NUMBERS]
    if all(storable):
        _check_header_discount(order, report)
    own_dates = (order.order_date, order.requested_delivery_date)
    for line in order.lines:
        path = place(line)
        where = report.at(*path)
        if line.shipment_date not in own_dates or _is_given(change, (*path, "shipment_date")):
            _check_date(line.shipment_date, where, "shipment_date")
        _check_line(line, change, where)
    _check_sequences(order, place, report)


def _is_given(change: Change, path: Path) -> bool:
    """Whether there is a value at this place of a change."""
    value: Any = change
    for step in path:
        if value is None:
            break
        value = value.get(step) if isinstance(value, Mapping) else value[int(step)]
    return value is not None


def _check_line(line: SalesOrderLineRow, change: Change, report: Report) -> None:
    _check_texts(line, _LINE_TEXTS, change, report)
    prices = [_check_number(getattr(line, name), report, name) for name in _LINE_PRICES]
    storable = all(_check_number(getattr(line, name), report, name) for name in _LINE_QUANTITIES)
    if all(prices) and not ZERO <= line.discount_percent <= HUNDRED:
        _refuse_range(report, "discount_percent", line.discount_percent, "0", "100")
    if is_storable(line.quantity) and not is_part(line.shipped_quantity, line.quantity):
        _refuse_below_shipped(line, report)
        return
    if not 0 < line.sequence <= LAST_SEQUENCE:
        _refuse_range(report, "sequence", line.sequence, "1", str(LAST_SEQUENCE))
    if storable:
        _check_quantities(line, report)


def _refuse_below_shipped(line: SalesOrderLineRow, report: Report) -> None:
    shipped = plain(line.shipped_quantity)
    bound = "at least" if line.shipped_quantity > ZERO else "at most"
    report.refuse(
        ProblemCode.OUT_OF_RANGE,
        "quantity",
        message=f"{shipped} are shipped, so the quantity must be {bound} {shipped}.",
        rejected=line.quantity,
        suggestions=(shipped,),
    )


def _check_quantities(line: SalesOrderLineRow, report: Report) -> None:
    """Nothing is shipped beyond the order nor invoiced beyond the shipment (RULES.md 4.4)."""
    left = outstanding(line)
    if not is_part(line.ship_quantity, left):
        report.refuse(
            ProblemCode.SHIP_TOO_MANY,
            "ship_quantity",
            message=f"{plain(left)} are outstanding.",
            rejected=line.ship_quantity,
            suggestions=(plain(left),),
        )
        return
    ready = invoiceable(line)
    if not is_part(line.invoice_quantity, ready):
        report.refuse(
            ProblemCode.INVOICE_TOO_MANY,
            "invoice_quantity",
            message=f"{plain(ready)} are shipped or about to be, and not invoiced.",
            rejected=line.invoice_quantity,
            suggestions=(plain(ready),),
        )


def _check_texts(
    row: SalesOrderRow | SalesOrderLineRow, lengths: dict[str, int], change: Change, report: Report
) -> None:
    for name, longest in lengths.items():
        value = getattr(row, name)
        if value is None or (_is_copied(row, name, value) and not _is_given(change, _place(name))):
            continue
        if not is_storable_text(value):
            report.refuse(
                ProblemCode.INVALID,
                *_place(name),
                message="The text has a control character or half a surrogate pair in it.",
                rejected=value,
            )
        elif len(value) > longest:
            report.refuse(
                ProblemCode.TOO_LONG,
                *_place(name),
                message=f"The text has {len(value)} characters, at most {longest} fit.",
                rejected=value,
                suggestions=(value[:longest].strip(),),
            )


def _is_copied(row: SalesOrderRow | SalesOrderLineRow, name: str, value: str) -> bool:
    """Whether the part of an address stands there because it is that of the sell-to address."""
    part = name.removeprefix("bill_to_").removeprefix("ship_to_")
    return part != name and value == getattr(row, f"sell_to_{part}", None)


def _place(name: str) -> Path:
    """Where a column is in a change: the parts of an address are one level deeper."""
    for prefix in _ADDRESSES:
        part = name.removeprefix(f"{prefix}_")
        if part != name and part in ADDRESS_PARTS:
            return f"{prefix}_address", part
    return (name,)


def _check_contact(order: SalesOrderRow, report: Report) -> None:
    """Text that cannot be kept is told already."""
    phone, email = order.phone_number, order.email
    if phone is not None and is_storable_text(phone) and _LETTER.search(phone):
        report.refuse(
            ProblemCode.INVALID,
            "phone_number",
            message="A phone number has no letters.",
            rejected=phone,
        )
    if email is not None and is_storable_text(email) and not _EMAIL.fullmatch(email):
        report.refuse(
            ProblemCode.INVALID,
            "email",
            message="An e-mail address looks like name@example.com.",
            rejected=email,
        )


def _check_date(value: dt.date | None, report: Report, name: str) -> None:
    if value is not None and not EARLIEST <= value <= LATEST:
        _refuse_range(report, name, value, EARLIEST.isoformat(), LATEST.isoformat())


def _check_number(value: Decimal | None, report: Report, name: str) -> bool:
    """Whether the number can be kept as it is."""
    if value is None or is_storable(value):
        return True
    if abs(value) > LARGEST:
        _refuse_range(report, name, value, plain(-LARGEST), plain(LARGEST))
    else:
        report.refuse(
            ProblemCode.OUT_OF_RANGE,
            name,
            message=f"A number has at most {DECIMALS} decimals.",
            rejected=value,
            suggestions=(plain(round(value, DECIMALS)),),
        )
    return False


def _check_header_discount(order: SalesOrderRow, report: Report) -> None:
    if order.discount_amount < ZERO:
        _refuse_range(report, "discount_amount", order.discount_amount, "0", None)
    percent = order.discount_percent
    if percent is not None and not ZERO <= percent <= HUNDRED:
        _refuse_range(report, "discount_percent", percent, "0", "100")


def _check_sequences(order: SalesOrderRow, place: Place, report: Report) -> None:
    seen: set[int] = set()
    for line in order.lines:
        if line.sequence in seen:
            report.refuse(
                ProblemCode.DUPLICATE,
                *place(line),
                "sequence",
                message="Another line of the order has this sequence.",
                rejected=line.sequence,
                suggestions=(str(max(line.sequence for line in order.lines) + 10000),),
            )
        seen.add(line.sequence)


def _refuse_range(report: Report, name: str, value: object, low: str, high: str | None) -> None:
    bounds = (low,) if high is None else (low, high)
    text = f"at least {low}" if high is None else f"between {low} and {high}"
    report.refuse(
        ProblemCode.OUT_OF_RANGE,
        name,
        message=f"The value must be {text}.",
        rejected=value,
        suggestions=bounds,
    )
