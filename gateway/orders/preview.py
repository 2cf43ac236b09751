"""The result of a dry run: a preview that cannot be mistaken for a stored record (RULES.md 6.2)."""

from typing import Any

PREVIEW = "preview:"
"""The prefix of the ids and etags of a preview."""


def preview_of(row: Any) -> Any:
    """Mark the ids and etags of `row`, of an order's lines and of an item's units as those of a
    preview. The id of a deleted row becomes None."""
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
