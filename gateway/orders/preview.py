"""What a dry run returns: a preview, which nobody can mistake for a stored record (RULES.md 6.2)."""

from typing import Any

PREVIEW = "preview:"
"""How the ids and etags of a preview begin."""


def preview_of(row: Any) -> Any:
    """`row`, which is not stored, with ids and etags of its own, and likewise the lines of an order and
    the units of an item. The id of a deleted row becomes None."""
    if isinstance(row, str):
        return None
    row.id = PREVIEW + row.id
    row.etag = f"{PREVIEW}{row.etag}"
    for line in getattr(row, "lines", ()):
        preview_of(line)
        line.sales_order_id = row.id
    for unit in getattr(row, "units_of_measure", ()):
        unit.id, unit.item_id = PREVIEW + unit.id, row.id
    return row


def is_preview(key: str) -> bool:
    """Whether an id or an etag comes from a dry run."""
    return key.startswith(PREVIEW)
