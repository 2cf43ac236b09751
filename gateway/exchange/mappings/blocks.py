"""What closes customers and what is sold to new orders, to be imported after the orders that there
were before: so a database moves whole."""

from typing import Any

from gateway.exchange.mappings.columns import Entity, Part
from gateway.exchange.mappings.reference_columns import ACCOUNTS, CUSTOMERS, ITEMS, LINE_OBJECTS

AFTER_ORDERS = 10
"""The rank of what is applied last."""


def _blocks(name: str, called: str, entity: Entity, keys: tuple[str, ...], *names: str) -> Entity:
    columns = tuple(column for column in entity.columns if column.name in (*keys, *names))
    return Entity(
        name,
        Part.REFERENCE,
        entity.model,
        (called,),
        (*keys, "blocked"),
        columns,
        AFTER_ORDERS,
        entity.choices,
    )


CUSTOMER_BLOCKS = _blocks(
    "customerBlocks", "customer-blocks", CUSTOMERS, ("number",), "blocked", "privacyBlocked"
)
ITEM_BLOCKS = _blocks("itemBlocks", "item-blocks", ITEMS, ("number",), "blocked", "salesBlocked")
ACCOUNT_BLOCKS = _blocks(
    "accountBlocks", "account-blocks", ACCOUNTS, ("number",), "blocked", "directPosting"
)
LINE_OBJECT_BLOCKS = _blocks(
    "lineObjectBlocks", "line-object-blocks", LINE_OBJECTS, ("kind", "number"), "blocked"
)
BLOCKS = (CUSTOMER_BLOCKS, ITEM_BLOCKS, ACCOUNT_BLOCKS, LINE_OBJECT_BLOCKS)


def block_fields(blocks: Entity) -> dict[str, Any]:
    """The fields that close a record, with what they are while it is open."""
    columns = blocks.model.__table__.c
    return {
        column.field: columns[column.field].default.arg
        for column in blocks.columns
        if column.name not in blocks.keys[:-1]
    }
