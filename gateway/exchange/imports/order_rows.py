"""The rows of one order: its header, its lines, and the values that several columns determine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

from gateway.exchange.imports.row_reader import ParsedRow, Place, put_value
from gateway.exchange.mappings.columns import FileEntity, folded
from gateway.orders import refusals
from gateway.orders.amounts import HUNDRED, ZERO
from gateway.orders.fields import NewOrder, Reference
from gateway.orders.problems import Path
from gateway.orders.rounding import EXACT
from gateway.orders.status_labels import status_label
from gateway.orders.totals import line_discount
from gateway.storage.tables.column_types import DECIMALS, case_folded, clean
from gateway.storage.tables.model_columns import text_lengths
from gateway.storage.tables.sales_orders import LineRounding, SalesOrderLineRow, SalesOrderStatus

LONGEST_DESCRIPTION = text_lengths(SalesOrderLineRow)["description"]
FINEST = Decimal(1).scaleb(-DECIMALS)

PLANNED = ("ship_quantity", "invoice_quantity")
"""The quantities to ship and to invoice next."""


@dataclass
class OrderRows:
    """The rows of the files about one order. Without a header the lines are for a stored order."""

    number: str | None
    headers: list[ParsedRow] = field(default_factory=list)
    lines: list[ParsedRow] = field(default_factory=list)
    terms: dict[str, Any] = field(default_factory=dict)
    """Fields of the order that an option of the import sets."""
    has_all_lines: bool = False
    """Whether stored lines without a row are deleted."""
    repeats: list[tuple[ParsedRow, ParsedRow]] = field(default_factory=list)
    """Rows of other files that repeat a row of the order, each with that row."""
    steps: Mapping[str, Decimal] = field(default_factory=dict)
    """The rounding steps of currencies by id."""

    @property
    def header(self) -> ParsedRow | None:
        return self.headers[0] if self.headers else None

    @property
    def rows(self) -> list[ParsedRow]:
        return [*self.headers, *self.lines]

    @property
    def all_rows(self) -> list[ParsedRow]:
        """The rows, and those that repeat them."""
        return [*self.rows, *(row for row, _ in self.repeats)]

    @property
    def first(self) -> ParsedRow:
        """The row to which problems of the order as a whole are attributed."""
        return self.rows[0]

    @property
    def is_refused(self) -> bool:
        return any(row.is_refused for row in self.rows)

    @property
    def header_change(self) -> dict[str, Any]:
        return {**({} if self.header is None else self.header.change), **self.terms}

    @property
    def change(self) -> NewOrder:
        change: Any = {**self.header_change, "lines": [line.change for line in self.lines]}
        return cast(NewOrder, change)


def add_flat_row(order: OrderRows, header: ParsedRow, line: ParsedRow) -> None:
    """Add a row that has a line and repeats cells of its header. Blank header cells are filled from
    other rows."""
    order.lines.append(line)
    known = next((h for h in order.headers if h.place.sheet == header.place.sheet), None)
    if order.number is None:
        header.refuse(refusals.LINE_WITHOUT_ORDER, ("number",))
    elif known is not None:
        _merge(known, header)
    elif len(header.columns) > 1:
        order.headers.append(header)
        return
    line.findings += header.findings


def refuse_foreign_lines(header: ParsedRow, lines: Sequence[ParsedRow]) -> None:
    """Refuse lines within a header that have the number of another order."""
    number = clean(header.change.get("number") or "")
    for line in lines:
        own = clean(line.extras.get("+order_number") or "")
        if number and own and case_folded(own) != case_folded(number):
            line.refuse(refusals.LINE_OF_OTHER_ORDER, ("+order_number",), own, number=number)


def _merge(known: ParsedRow, header: ParsedRow) -> None:
    """Add the header cells that earlier rows lack, and refuse those that differ."""
    for path, heading in header.columns.items():
        value = _value(header, path)
        if path not in known.columns:
            known.columns[path] = heading
            put_value(known, path, value)
        elif _comparable(value) != _comparable(_value(known, path)):
            row = known.place.row
            header.refuse(refusals.HEADER_CELLS_DIFFER, path, value, row=row, heading=heading)


def _value(row: ParsedRow, path: Path) -> Any:
    """The value of the field at `path`."""
    whole = row.extras.get(path[0]) if path[0].startswith("+") else row.change.get(path[0])
    return whole.get(path[1]) if isinstance(whole, dict) else whole


def _comparable(value: Any) -> Any:
    """A value for comparison; references ignore case."""
    return case_folded(value.value) if isinstance(value, Reference) else value


def combine_columns(order: OrderRows) -> None:
    """Derive the values that several columns determine, and refuse contradictions (RULES.md 7.2)."""
    for again in order.headers[1:]:
        again.refuse(
            refusals.HEADER_REPEATED,
            ("number",),
            order.number,
            row=order.first.place.seen_from(again.place),
            number=order.number,
        )
    for header in order.headers:
        _choose_header_discount(header)
        _choose_status(header)
    for line in order.lines:
        _combine_line(line)
    _check_currency(order)
    _refuse_repeated(order.lines)


def _choose_header_discount(header: ParsedRow) -> None:
    """Use the percentage, from which the amount follows. A percentage of 0 next to an amount is
    ignored."""
    percent, amount = (header.change.get(f"discount_{kind}") for kind in ("percent", "amount"))
    if percent or (percent is not None and not amount):
        header.change.pop("discount_amount", None)
    elif amount is not None:
        header.change.pop("discount_percent", None)


def _choose_status(header: ParsedRow) -> None:
    """Use our own status; the vendor's must be a name for it (RULES.md 7.3)."""
    own, vendors = (header.extras.get(name) for name in ("+gateway_status", "+status"))
    if own is None:
        return
    header.extras["+status"] = own
    if vendors is not None and vendors not in _names_of(header.entity, own):
        header.refuse(refusals.STATUSES_DISAGREE, ("+status",), None, status=own.value)


def _names_of(entity: FileEntity, status: SalesOrderStatus) -> set[Any]:
    """The meanings of the vendor's names for an order in this status."""
    if entity.statuses is None:
        return {status}
    words = {
        status_label(status, entity.statuses, on_hold=False, fully_shipped=is_shipped)
        for is_shipped in (False, True)
    }
    return {entity.choices["+status"][folded(word)] for word in words}


def _combine_line(line: ParsedRow) -> None:
    change = line.change
    if change.get("item") is not None:
        change.pop("account", None)
    description = change.get("description")
    if description is not None and len(description) > LONGEST_DESCRIPTION:
        change["description"] = description[:LONGEST_DESCRIPTION]
        line.warn(
            "TOO_LONG",
            f"The description is cut after {LONGEST_DESCRIPTION} characters.",
            ("description",),
            description[:LONGEST_DESCRIPTION],
        )
    _set_planned_aside(line)
    divide_price(line)
    _combine_discounts(line)


def _set_planned_aside(line: ParsedRow) -> None:
    """Keep the planned quantities of a shipped line for `planned_quantities.plan_again`."""
    for name in PLANNED:
        if line.extras.get("+shipped") and name in line.change:
            line.extras[f"+{name}"] = line.change.pop(name)


def divide_price(line: ParsedRow) -> None:
    """The price is for a number of units, which is one if it is missing or zero."""
    units = line.extras.get("+price_quantity") or Decimal(1)
    price = line.change.get("unit_price")
    if price is not None and units != 1:
        exact = EXACT.divide(price, units)
        line.change["unit_price"] = exact.quantize(FINEST)
        if exact != line.change["unit_price"]:
            line.refuse(refusals.PRICE_TOO_FINE, ("unit_price",), price, decimals=DECIMALS)


def _combine_discounts(line: ParsedRow) -> None:
    """Amounts are per price unit and are deducted first, percentages from the remainder (RULES.md
    7.2)."""
    units = line.extras.get("+price_quantity") or Decimal(1)
    per_unit = (line.extras.get("+unit_discount") or ZERO) + (
        line.extras.get("+multiline_discount") or ZERO
    )
    further = line.extras.get("+multiline_percent") or ZERO
    percent = line.change.get("discount_percent") or ZERO
    if further:
        percent = HUNDRED - (HUNDRED - percent) * (HUNDRED - further) / HUNDRED
        line.change["discount_percent"] = percent.quantize(FINEST)
    if per_unit:
        quantity = line.change.get("quantity") or ZERO
        price = line.change.get("unit_price") or ZERO
        amount = EXACT.divide(EXACT.multiply(quantity, per_unit), units)
        rest = EXACT.multiply(quantity, price) - amount
        whole = amount + EXACT.divide(EXACT.multiply(rest, percent), HUNDRED)
        line.change["discount_amount"] = whole.quantize(FINEST)
        line.change.pop("discount_percent", None)


def choose_discounts(order: OrderRows, steps: Mapping[str | None, Decimal]) -> None:
    """If a line has both a percentage and an amount, use the percentage if the amount follows from it,
    or else the amount. `steps` are the rounding steps of currencies by code."""
    header = {} if order.header is None else order.header.change
    currency = header.get("currency")
    rounding = header.get("line_rounding") or LineRounding.TWO_STEP
    step = steps.get(None if currency is None else case_folded(currency.value), FINEST)
    for line in order.lines:
        percent, amount = (line.change.get(f"discount_{kind}") for kind in ("percent", "amount"))
        if percent is None or amount is None:
            continue
        quantity, price = (line.change.get(name) or ZERO for name in ("quantity", "unit_price"))
        fits = line_discount(quantity, price, percent, step, rounding) == amount
        line.change.pop("discount_amount" if fits else "discount_percent")


def _check_currency(order: OrderRows) -> None:
    currency = None if order.header is None else order.header.change.get("currency")
    for line in order.lines:
        own = line.extras.get("+currency")
        if currency is None or own is None:
            continue
        if case_folded(clean(own)) != case_folded(currency.value):
            line.refuse(
                refusals.LINE_IN_OTHER_CURRENCY,
                ("+currency",),
                own,
                currency.value,
                currency=currency.value,
            )


def _refuse_repeated(lines: Sequence[ParsedRow]) -> None:
    """Refuse two rows with the same key, which would be one line."""
    for name, word in (("inventory_lot_id", "lot"), ("sequence", "sequence")):
        seen: dict[Any, Place] = {}
        for line in lines:
            key = line.change.get(name)
            if isinstance(key, str):
                key = clean(key) or None
            if key is None:
                continue
            if key in seen:
                row = seen[key].seen_from(line.place)
                line.refuse(refusals.ROW_REPEATED, (name,), key, row=row, label=word)
            seen.setdefault(key, line.place)
