"""An order that goes through its life cycle, compared with a model at each step."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from tests.support.life_cycle import (
    APPROVE,
    CANCEL,
    CREATE,
    INVOICE,
    PAY,
    REJECT,
    RELEASE,
    REOPEN,
    RESUME,
    SHIP,
    UPDATE,
    change,
    problems,
)
from tests.support.life_cycle_model import FINAL, TABLE, Line, Order, Refused
from tests.support.requests import Fields, line, order
from tests.support.served import Client

AMOUNTS = {
    "totalAmountExcludingTax": "netAmount",
    "totalTaxAmount": "netTaxAmount",
    "totalAmountIncludingTax": "netAmountIncludingTax",
}
"""Each total and the line amount that it adds up."""
FIELDS = f"""id etag number status onHold fullyShipped {" ".join(AMOUNTS)} lines {{ id etag lineType
  description item {{ id }} quantity shippedQuantity invoicedQuantity shipQuantity invoiceQuantity
  {" ".join(AMOUNTS.values())} }}"""
READ = f"query ($id: ID!) {{ salesOrder(id: $id) {{ {FIELDS} }} }}"
ONWARDS = [("IN_REVIEW", APPROVE), ("DRAFT", RELEASE), ("OPEN", RELEASE)]
ONWARDS += [("RELEASED", SHIP), ("RELEASED", INVOICE), ("INVOICED", PAY)]
"""The transitions that complete a partly shipped order from any state."""

Seen = Counter[tuple[str, str]]
"""The number of outcomes of each event: "done" or a code."""


def lines_of(result: Fields) -> dict[str, Line]:
    """The lines of an order in the model."""
    return {
        each["id"]: Line(
            is_comment=each["lineType"] == "COMMENT",
            is_lost=each["lineType"] != "COMMENT" and each["item"] is None,
            quantity=Decimal(each["quantity"]),
            shipped=Decimal(each["shippedQuantity"]),
            invoiced=Decimal(each["invoicedQuantity"]),
        )
        for each in result["lines"]
    }


OUTCOMES = {"done", "NOT_FOUND", "WRONG_STATUS", "NOT_EDITABLE", "ON_HOLD", "HAS_SHIPMENTS"}
OUTCOMES |= {"NOTHING_TO_RELEASE", "LINE_INCOMPLETE", "OUT_OF_RANGE", "PARTIAL_NOT_ALLOWED"}
OUTCOMES |= {"SHIP_TOO_MANY", "NOTHING_TO_SHIP", "INVOICE_TOO_MANY", "NOTHING_TO_INVOICE"}
"""All outcomes of the model."""


def refusal(predict: Callable[[], None]) -> set[str]:
    """The codes of the model's refusal, if any."""
    try:
        predict()
    except Refused as refused:
        return refused.codes
    return set()


def without_etag(result: Fields) -> Fields:
    return {name: value for name, value in result.items() if name != "etag"}


class Walk:
    """One order after the other. It is read and compared with the model after each change."""

    def __init__(self, client: Client, seen: Seen) -> None:
        self._client, self._seen = client, seen

    def start(self, quantities: list[Decimal], *, partial: bool) -> None:
        """Continue with a new draft that has a line of each quantity and a comment."""
        lines = [line(quantity=str(quantity)) for quantity in quantities]
        fields = order(*lines, {"description": "text"}, partialShipping=partial, discountPercent=10)
        self._shown = change(self._client, CREATE, FIELDS, input=fields)["salesOrder"]
        self._key = self._shown["id"]
        self.model = Order("DRAFT", partial, lines_of(self._shown))

    def carry_out(self, event: str, parts: dict[str, Decimal] | None = None) -> None:
        fields: Fields = {}
        if parts is not None:
            lines = [{"id": key, "quantity": str(part)} for key, part in parts.items()]
            fields = {"lines": lines}
        self._step(event, fields, lambda: self.model.carry_out(event, parts, self._shown))

    def edit(self, kind: str, key: str = "new", quantity: Decimal = Decimal(0)) -> None:
        """Add a line, or edit the line of this key. `kind` is a key of the patches below."""
        patches: dict[str, Fields] = {
            "add": {"add": [line(quantity=str(quantity))]},
            "add comment": {"add": [{"description": "more text"}]},
            "remove": {"remove": [key]},
            "quantity": {"update": [{"id": key, "quantity": str(quantity)}]},
            "next": {"update": [{"id": key, "shipQuantity": str(quantity)}]},
            "text": {"update": [{"id": key, "description": f"text of {quantity}"}]},
            "type": {"update": [{"id": key, "lineType": "RESOURCE"}]},
        }
        fields = {"input": {"lines": patches[kind]}}
        size = Decimal(0) if kind == "add comment" else quantity
        self._step(UPDATE, fields, lambda: self.model.edit(kind, key, size))

    def _step(self, mutation: str, fields: Fields, predict: Callable[[], None]) -> None:
        answer = change(self._client, mutation, FIELDS, id=self._key, **fields)
        codes = {code for code, _ in problems(answer)}
        self._seen.update((mutation, outcome) for outcome in codes or {"done"})
        assert codes == refusal(predict)
        if not codes:
            self.compare(answer.get("salesOrder"))

    def come_to_an_end(self) -> None:
        """Cancel the order if nothing is shipped; otherwise repair it if necessary, release it, ship
        and invoice everything, and pay."""
        model = self.model
        if model.status in FINAL:
            return
        if model.on_hold:
            self.carry_out(RESUME)
        if not any(each.shipped for each in model.lines.values()):
            self.carry_out(CANCEL)
            return
        self._repair()
        for status, event in ONWARDS:
            if model.status == status:
                if event in (SHIP, INVOICE):
                    self._attempt_too_many(event)
                self.carry_out(event, self._left(event))
        assert model.status in FINAL

    def try_everything(self) -> None:
        """Each mutation once more, so that every walk covers all of them."""
        for event in sorted(TABLE):
            self.carry_out(event)
        self.edit("add comment")

    def _attempt_too_many(self, event: str) -> None:
        """Try twice what the order sells, which is always too much."""
        lines = self.model.lines.items()
        self.carry_out(event, {key: 2 * each.quantity for key, each in lines if each.quantity})

    def _repair(self) -> None:
        """Repair an order that cannot be released because of a line without an object or a negative
        total: make it a draft again and change it."""
        lost = [key for key, each in self.model.lines.items() if each.is_lost]
        is_negative = Decimal(self._shown["totalAmountIncludingTax"]) < 0
        if not lost and not is_negative:
            return
        if self.model.status != "DRAFT":
            self.carry_out(REJECT if self.model.status == "IN_REVIEW" else REOPEN)
        for key in lost:
            self.edit("remove", key)
        if is_negative:
            self.edit("add", quantity=Decimal(100))

    def _left(self, event: str) -> dict[str, Decimal] | None:
        """The remaining quantities to ship or, once everything is shipped, to invoice."""
        if event not in (SHIP, INVOICE):
            return None
        done = {
            key: each.shipped if event == SHIP else each.invoiced
            for key, each in self.model.lines.items()
        }
        left = {key: each.quantity - done[key] for key, each in self.model.lines.items()}
        return {key: part for key, part in left.items() if part}

    def compare(self, answered: Fields | None = None) -> None:
        result = self._client.ask(READ, id=self._key)["salesOrder"]
        if self.model.status == "GONE":
            assert result is None
            return
        assert answered in (None, result)
        is_same = without_etag(result) == without_etag(self._shown)
        assert (result["etag"] == self._shown["etag"]) is is_same
        self._shown = result
        lines = lines_of(result)
        if "new" in self.model.lines:
            [new] = set(lines) - set(self.model.lines)
            self.model.lines[new] = self.model.lines.pop("new")
        assert lines == self.model.lines
        assert (result["status"], result["onHold"]) == (self.model.status, self.model.on_hold)
        sold = [each for each in lines.values() if each.quantity]
        is_shipped = bool(sold) and all(each.shipped == each.quantity for each in sold)
        assert result["fullyShipped"] is is_shipped
        for total, part in AMOUNTS.items():
            assert Decimal(result[total]) == sum(Decimal(each[part]) for each in result["lines"])
