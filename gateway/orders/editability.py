"""What a patch may change in each status of an order (RULES.md 4.2), as its fields declare it."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from gateway.orders import refusals
from gateway.orders.fields import (
    HEADER,
    LINE,
    UNTIL_INVOICED,
    WHILE_DRAFT,
    Field,
    LineChange,
    LinesPatch,
    OrderPatch,
)
from gateway.orders.life_cycle import refuse_status
from gateway.orders.line_objects import names_object
from gateway.orders.problems import Report
from gateway.storage.tables.sales_orders import SalesOrderLineType, SalesOrderRow, SalesOrderStatus

COMMENTS = UNTIL_INVOICED
"""The statuses in which comments may be added, changed and removed."""

NAMED = 3
"""The number of locked fields that a refusal lists."""


def check_editable(order: SalesOrderRow, change: OrderPatch, report: Report) -> bool:
    """Whether the status of the order allows the change; reports the parts that it does not allow."""
    if order.status in WHILE_DRAFT:
        return True
    if order.status not in COMMENTS:
        refuse_status(refusals.NOT_EDITABLE, order, WHILE_DRAFT, report)
        return False
    locked = list(dict.fromkeys(_locked(order, change)))
    if locked:
        refuse_status(refusals.FIELD_LOCKED, order, WHILE_DRAFT, report, parts=_listed(locked))
    return not locked


def _listed(names: Sequence[str]) -> str:
    """The first names and the number of others, since a client may send every field."""
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _locked(order: SalesOrderRow, change: OrderPatch) -> Iterator[str]:
    """The parts of the change that the status of the order does not allow, in words."""
    yield from _locked_fields(change.keys() - {"lines"}, HEADER, order.status)
    comments = {line.id for line in order.lines if line.line_type is SalesOrderLineType.COMMENT}
    patch: LinesPatch = change.get("lines") or {}
    if any(_sells(line) for line in patch.get("add") or ()):
        yield "new lines"
    if {key.lower() for key in patch.get("remove") or ()} - comments:
        yield "removed lines"
    for update in patch.get("update") or ():
        if update["id"].lower() not in comments:
            yield from _locked_fields(update.keys() - {"id"}, LINE, order.status)
        elif _sells(update):
            yield "the type of a comment"


def _locked_fields(
    names: Collection[str], fields: Mapping[str, Field], status: SalesOrderStatus
) -> Iterator[str]:
    return (
        name.replace("_", " ")
        for name, field in fields.items()
        if name in names and status not in field.statuses
    )


def _sells(change: LineChange) -> bool:
    return names_object(change) or change.get("line_type") not in (
        None,
        SalesOrderLineType.COMMENT,
    )
