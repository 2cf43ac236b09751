"""A model of the life cycle of an order according to RULES.md 4.3: states, guards and quantities."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from tests.support.life_cycle import (
    APPROVE,
    CANCEL,
    DELETE,
    HOLD,
    INVOICE,
    PAY,
    REJECT,
    RELEASE,
    REOPEN,
    RESUME,
    SHIP,
    SHIP_AND_INVOICE,
    SUBMIT,
)
from tests.support.requests import Fields

ALIVE = ("DRAFT", "IN_REVIEW", "OPEN", "RELEASED")
TABLE: dict[str, tuple[tuple[str, ...], str | None]] = {
    SUBMIT: (("DRAFT",), "IN_REVIEW"),
    APPROVE: (("IN_REVIEW",), "OPEN"),
    REJECT: (("IN_REVIEW",), "DRAFT"),
    RELEASE: (("DRAFT", "OPEN"), "RELEASED"),
    REOPEN: (("OPEN", "RELEASED"), "DRAFT"),
    SHIP: (("RELEASED",), None),
    INVOICE: (("RELEASED",), None),
    SHIP_AND_INVOICE: (("DRAFT", "OPEN", "RELEASED"), "RELEASED"),
    PAY: (("INVOICED",), "PAID"),
    CANCEL: (ALIVE, "CANCELLED"),
    HOLD: ((*ALIVE, "INVOICED"), None),
    RESUME: ((*ALIVE, "INVOICED"), None),
    DELETE: (("DRAFT", "OPEN", "RELEASED"), "GONE"),
}
"""The source states of each event and its target state; None means the same state."""
FINAL = ("PAID", "CANCELLED", "GONE")

Parts = Mapping[str, Decimal]
"""The quantities by line."""


class Refused(Exception):
    """The model refuses the event with all of these codes."""

    def __init__(self, *codes: str) -> None:
        self.codes = set(codes)


@dataclass(frozen=True)
class Line:
    """A line; `is_lost` if its object is missing."""

    is_comment: bool = False
    is_lost: bool = False
    quantity: Decimal = Decimal(0)
    shipped: Decimal = Decimal(0)
    invoiced: Decimal = Decimal(0)


def is_part(part: Decimal, whole: Decimal) -> bool:
    """Whether the quantity lies between 0 and `whole`, inclusive."""
    return abs(part) <= abs(whole) and part * whole >= 0


@dataclass
class Order:
    status: str
    partial_shipping: bool
    lines: dict[str, Line]
    on_hold: bool = False

    def carry_out(self, event: str, parts: Parts | None, shown: Fields) -> None:
        """Raises Refused. `shown` is the order as a client saw it last: without `parts`, what it says
        is to be shipped and invoiced next is."""
        sources, target = TABLE[event]
        if self.status == "GONE":
            raise Refused("NOT_FOUND")
        if self.status not in sources:
            raise Refused("WRONG_STATUS")
        total = Decimal(shown["totalAmountIncludingTax"])
        to_ship, to_invoice = (
            {each["id"]: Decimal(each[name]) for each in shown["lines"]}
            for name in ("shipQuantity", "invoiceQuantity")
        )
        if event == SHIP_AND_INVOICE and not any(to_invoice.values()):
            total = Decimal(0)
        if codes := set(self._guards(event, total)):
            raise Refused(*codes)
        lines, status = self.lines, target or self.status
        if event in (RELEASE, SHIP_AND_INVOICE) and self._is_invoiced():
            self.status = "INVOICED"
            return
        if event == SHIP or (event == SHIP_AND_INVOICE and any(to_ship.values())):
            lines = self._ship(lines, to_ship if parts is None else parts)
        only_ships = event == SHIP_AND_INVOICE and any(to_ship.values())
        only_ships = only_ships and not any(to_invoice.values())
        if event in (INVOICE, SHIP_AND_INVOICE) and not only_ships:
            shipped = {key: each.shipped - each.invoiced for key, each in lines.items()}
            default = {key: min(shipped[key], to_invoice[key], key=abs) for key in lines}
            lines = _invoice(lines, default if parts is None else parts)
            if all(each.invoiced == each.quantity for each in lines.values()):
                status = "INVOICED"
        self.lines, self.status = lines, status
        self.on_hold = {HOLD: True, RESUME: False}.get(event, self.on_hold)
        self.on_hold = self.on_hold and status not in FINAL

    def _guards(self, event: str, total: Decimal) -> Iterator[str]:
        lines = self.lines.values()
        if self.on_hold and event in (RELEASE, SHIP, INVOICE, SHIP_AND_INVOICE):
            yield "ON_HOLD"
        if event in (SUBMIT, RELEASE, SHIP_AND_INVOICE) and not any(ln.quantity for ln in lines):
            yield "NOTHING_TO_RELEASE"
        if event in (RELEASE, SHIP_AND_INVOICE) and any(line.is_lost for line in lines):
            yield "LINE_INCOMPLETE"
        last = event == RELEASE and self._is_invoiced()
        if (last or event in (INVOICE, SHIP_AND_INVOICE)) and total < 0:
            yield "OUT_OF_RANGE"
        is_flawed = total < 0 or any(line.is_lost for line in lines)
        if event == REOPEN and self._is_invoiced() and not is_flawed:
            yield "HAS_SHIPMENTS"
        if event in (CANCEL, DELETE) and any(line.shipped for line in lines):
            yield "HAS_SHIPMENTS"

    def _is_invoiced(self) -> bool:
        """Whether there is something to sell and all of it is invoiced."""
        sold = [line for line in self.lines.values() if line.quantity]
        return bool(sold) and all(line.invoiced == line.quantity for line in sold)

    def _ship(self, lines: dict[str, Line], parts: Parts) -> dict[str, Line]:
        left = {key: lines[key].quantity - lines[key].shipped for key in parts}
        if not all(is_part(part, left[key]) for key, part in parts.items()):
            raise Refused("SHIP_TOO_MANY")
        if not any(parts.values()):
            raise Refused("NOTHING_TO_SHIP")
        moved = {
            key: replace(lines[key], shipped=lines[key].shipped + part)
            for key, part in parts.items()
        }
        is_complete = all(line.shipped == line.quantity for line in {**lines, **moved}.values())
        if not is_complete and not self.partial_shipping:
            raise Refused("PARTIAL_NOT_ALLOWED")
        return lines | moved

    def edit(self, kind: str, key: str, quantity: Decimal) -> None:
        """Add a line of this key, remove it, or change its quantity, what is shipped next, its text, or
        its type alone. Raises Refused."""
        if self.status == "GONE":
            raise Refused("NOT_FOUND")
        line = self.lines.get(key, Line(is_comment=kind == "add comment", quantity=quantity))
        costs_nothing = line.is_comment or kind in ("next", "text")
        is_open = costs_nothing and self.status in ("OPEN", "RELEASED")
        if self.status != "DRAFT" and not is_open:
            shipped = ("HAS_SHIPMENTS",) if line.shipped and kind == "remove" else ()
            raise Refused("NOT_EDITABLE", *shipped)
        if line.shipped and kind in ("remove", "type"):
            raise Refused("HAS_SHIPMENTS")
        if kind == "quantity" and not is_part(line.shipped, quantity):
            raise Refused("OUT_OF_RANGE")
        if kind == "next" and not is_part(quantity, line.quantity - line.shipped):
            raise Refused("SHIP_TOO_MANY")
        if kind == "quantity":
            line = replace(line, quantity=quantity)
        elif kind == "type":
            line = replace(line, is_lost=True)
        self.lines = {**self.lines, key: line}
        if kind == "remove":
            del self.lines[key]


def _invoice(lines: dict[str, Line], parts: Parts) -> dict[str, Line]:
    left = {key: lines[key].shipped - lines[key].invoiced for key in parts}
    if not all(is_part(part, left[key]) for key, part in parts.items()):
        raise Refused("INVOICE_TOO_MANY")
    if not any(parts.values()):
        raise Refused("NOTHING_TO_INVOICE")
    return lines | {
        key: replace(lines[key], invoiced=lines[key].invoiced + part) for key, part in parts.items()
    }
