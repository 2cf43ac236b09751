"""What closes customers and what is sold to new orders, to be imported after the orders that there
were before: so a database moves whole."""

from dataclasses import fields
from typing import Any

from gateway.exchange.business_central import ACCOUNTS, CUSTOMERS, ITEMS, LINE_OBJECTS
from gateway.exchange.columns import Entity, Part

AFTER_ORDERS = 10
"""The rank of what is applied last."""


def _blocks(name: str, entity: Entity, keys: tuple[str, ...], *names: str) -> Entity:
    columns = tuple(column for column in entity.columns if column.name in (*keys, *names))
    return Entity(
        f"{name}Blocks",
        Part.REFERENCE,
        entity.model,
        (f"{name}-blocks",),
        (*keys, "blocked"),
        columns,
        AFTER_ORDERS,
        entity.choices,
    )


CUSTOMER_BLOCKS = _blocks("customer", CUSTOMERS, ("number",), "blocked", "privacyBlocked")
ITEM_BLOCKS = _blocks("item", ITEMS, ("number",), "blocked", "salesBlocked")
ACCOUNT_BLOCKS = _blocks("account", ACCOUNTS, ("number",), "blocked", "directPosting")
LINE_OBJECT_BLOCKS = _blocks("lineObject", LINE_OBJECTS, ("kind", "number"), "blocked")
BLOCKS = (CUSTOMER_BLOCKS, ITEM_BLOCKS, ACCOUNT_BLOCKS, LINE_OBJECT_BLOCKS)


def block_fields(blocks: Entity) -> dict[str, Any]:
    """The fields that close a record, with what they are while it is open."""
    columns = {column.field for column in blocks.columns if column.name not in blocks.keys[:-1]}
    return {each.name: each.default for each in fields(blocks.model) if each.name in columns}
