"""The blocks on customers and on what is sold. In a full export they are files of their own, which are
imported after the orders, since a blocked record takes no new orders."""

from typing import Any

from gateway.exchange.mappings.columns import FileEntity, RowKind
from gateway.exchange.mappings.reference_columns import ACCOUNTS, CUSTOMERS, ITEMS, LINE_OBJECTS

AFTER_ORDERS = 10
"""The rank of records that are imported last."""


def _blocks(
    name: str, file: str, entity: FileEntity, keys: tuple[str, ...], *names: str
) -> FileEntity:
    columns = tuple(column for column in entity.columns if column.name in (*keys, *names))
    return FileEntity(
        name,
        RowKind.REFERENCE,
        entity.model,
        (file,),
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


def block_fields(blocks: FileEntity) -> dict[str, Any]:
    """The fields that block a record, with the value of each for a record that is not blocked."""
    columns = blocks.model.__table__.c
    return {
        column.field: columns[column.field].default.arg
        for column in blocks.columns
        if column.name not in blocks.keys[:-1]
    }
