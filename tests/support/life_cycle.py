"""Mutations of orders, and orders in every state."""

from typing import Any

from tests.support.requests import Fields, line, order
from tests.support.served import Client

CREATE, UPDATE, DELETE = "createSalesOrder", "updateSalesOrder", "deleteSalesOrder"
SUBMIT, APPROVE, REJECT = "submitSalesOrderForReview", "approveSalesOrder", "rejectSalesOrder"
RELEASE, REOPEN, CANCEL = "releaseSalesOrder", "reopenSalesOrder", "cancelSalesOrder"
HOLD, RESUME, PAY = "holdSalesOrder", "resumeSalesOrder", "registerSalesOrderPayment"
SHIP, INVOICE = "shipSalesOrder", "invoiceSalesOrder"
SHIP_AND_INVOICE = "shipAndInvoiceSalesOrder"

TYPES = {"id": "ID!", "ifMatch": "String", "idempotencyKey": "String", "dryRun": "Boolean!"}
TYPES["lines"] = "[SalesOrderLineQuantityInput!]"
"""Types of the arguments, apart from `input`."""

IDS = "id lines { id }"
"""The default selection of an order."""

WAYS: dict[str, tuple[str, ...]] = {
    "DRAFT": (),
    "IN_REVIEW": (SUBMIT,),
    "OPEN": (SUBMIT, APPROVE),
    "RELEASED": (RELEASE,),
    "SHIPPED IN PART": (RELEASE, SHIP),
    "SHIPPED": (RELEASE, SHIP),
    "INVOICED": (SHIP_AND_INVOICE,),
    "PAID": (SHIP_AND_INVOICE, PAY),
    "CANCELLED": (CANCEL,),
}
"""The mutations that bring a draft to each state; a released order has three of them."""


def change(client: Client, mutation: str, fields: str = IDS, **arguments: Any) -> Fields:
    """The payload of a mutation."""
    types = {**TYPES, "input": f"{mutation[0].upper()}{mutation[1:]}Input!"}
    declared = ", ".join(f"${name}: {types[name]}" for name in arguments)
    passed = ", ".join(f"{name}: ${name}" for name in arguments)
    result = "deletedId" if mutation == DELETE else f"salesOrder {{ {fields} }}"
    query = f"""mutation ({declared}) {{ {mutation}({passed}) {{ {result}
      userErrors {{ message code path rejectedValue suggestions }} }} }}"""
    return dict(client.ask(query, **arguments)[mutation])


def done(client: Client, mutation: str, key: str, fields: str = IDS, **arguments: Any) -> Fields:
    """The order after a mutation, which must not be refused."""
    answer = change(client, mutation, fields, id=key, **arguments)
    assert answer["userErrors"] == []
    return dict(answer["salesOrder"])


def problems(answer: Fields) -> list[tuple[str, str]]:
    """The codes and paths of a refusal; empty if the mutation succeeded."""
    errors = answer["userErrors"]
    created = answer["deletedId"] if "deletedId" in answer else answer["salesOrder"]
    assert (created is None) is bool(errors)
    return [(error["code"], ".".join(error["path"])) for error in errors]


def drafted(client: Client, *lines: Fields, **header: Any) -> tuple[str, list[str]]:
    """The ids of a new order and of its lines."""
    answer = change(client, CREATE, input=order(*lines, **header))
    assert answer["userErrors"] == []
    return answer["salesOrder"]["id"], [each["id"] for each in answer["salesOrder"]["lines"]]


def released(client: Client, *lines: Fields, **header: Any) -> tuple[str, list[str]]:
    """The ids of a new order that is released, and of its lines."""
    key, lines_of_it = drafted(client, *lines, **header)
    done(client, RELEASE, key)
    return key, lines_of_it


def walked(client: Client, state: str, *, suspended: bool = False) -> str:
    """The id of an order of five pieces and a comment in `state`; if it is partly shipped, two of the
    five are shipped. An order in a final status is never on hold."""
    first = {"shipQuantity": 2} if state == "SHIPPED IN PART" else {}
    key, _ = drafted(client, line(quantity=5, **first), {"description": "text"})
    steps = list(WAYS[state])
    if suspended and state not in ("PAID", "CANCELLED"):
        steps.append(HOLD)
    for step in steps:
        done(client, step, key)
    return key
