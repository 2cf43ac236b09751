"""Patches of orders: the input of updateSalesOrder and its answer."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.requests import (
    ORDER,
    Fields,
    as_stored,
    codes_and_paths,
    created,
    post,
)
from tests.support.served import Client

UPDATE = """mutation ($id: ID!, $input: UpdateSalesOrderInput!, $ifMatch: String,
  $dryRun: Boolean! = false) {
  updateSalesOrder(id: $id, input: $input, ifMatch: $ifMatch, dryRun: $dryRun) {
    salesOrder { %s } userErrors { message code path parameters { name value } rejectedValue suggestions } } }"""


def addressed(patch: Fields, created: Fields) -> Fields:
    """The patch of an order, with line ids instead of line indexes."""
    lines = patch.get("lines")
    if lines is None:
        return patch
    ids = [one["id"] for one in created["lines"]]
    update = [{**one, "id": ids[one["id"]]} for one in lines.get("update") or ()]
    remove = [ids[one] if isinstance(one, int) else one for one in lines.get("remove") or ()]
    return {**patch, "lines": {**lines, "update": update, "remove": remove}}


def patch_answer(
    client: Client, created: Fields, patch: Fields, selection: str = ORDER, **more: Any
) -> Fields:
    """The answer of updateSalesOrder to a patch with line indexes."""
    variables = {"id": created["id"], "input": addressed(patch, created), **more}
    body = json.dumps({"query": UPDATE % selection, "variables": variables})
    answer = post(client, body).json()
    assert "errors" not in answer, answer["errors"]
    return dict(answer["data"]["updateSalesOrder"])


def patched(client: Client, created: Fields, patch: Fields, **more: Any) -> Fields:
    """The order after a patch, which must not be refused."""
    answer = patch_answer(client, created, patch, **more)
    assert answer["userErrors"] == []
    return dict(answer["salesOrder"])


def changing(*updates: Fields) -> Fields:
    """The patch that changes the first lines of an order, one after the other."""
    return {"lines": {"update": [{"id": place, **one} for place, one in enumerate(updates)]}}


@dataclass(frozen=True)
class Shop:
    """The gateway over orders that are created once. Patches are tried on them in dry runs."""

    client: Client
    _made: dict[str, Fields] = field(default_factory=dict)

    def order(self, fields: Fields) -> Fields:
        key = json.dumps(fields)
        if key not in self._made:
            self._made[key] = created(self.client, fields)
        return self._made[key]

    def tried(self, created: Fields, patch: Fields, **more: Any) -> Fields:
        """The order as it would be stored after the patch."""
        return dict(as_stored(patched(self.client, created, patch, dryRun=True, **more)))


AMOUNTS = """id currency { code } discountAmount discountPercent totalAmountExcludingTax
  totalTaxAmount totalAmountIncludingTax lines { id sequence quantity unitPrice discountAmount
    discountPercent taxPercent amountIncludingTax invoiceDiscountAllocation netAmount netTaxAmount } """


def lines_of(result: Fields, field: str) -> list[Any]:
    return [one[field] for one in result["lines"]]


def header_of(result: Fields) -> list[str]:
    names = ("discountAmount", "totalAmountExcludingTax", "totalTaxAmount")
    return [result[name] for name in (*names, "totalAmountIncludingTax")]


def refusals(client: Client, created: Fields, patch: Fields) -> list[tuple[str, str]]:
    answer = patch_answer(client, created, patch)
    assert answer["salesOrder"] is None
    return codes_and_paths(answer["userErrors"])


def also(patch: Fields, **more: Any) -> Fields:
    return {**patch, "lines": {**patch.get("lines", {}), **more}}
