"""Rows that occur in several files of an import, such as a file and the error report of an earlier
import."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

from gateway.exchange.imports.matching import is_keyless
from gateway.exchange.imports.order_rows import OrderRows
from gateway.exchange.imports.row_reader import ParsedRow
from gateway.exchange.mappings.columns import RowKind
from gateway.orders.records import RecordOutcome
from gateway.storage.tables.column_types import clean

Repeats = list[tuple[ParsedRow, ParsedRow]]
"""Rows, each with the row of another file that it repeats in every cell that is read."""


def set_repeats_aside(order: OrderRows) -> None:
    """Remove repeated rows from the headers and lines of an order, with one warning. Lines without a
    key only count as repeated together with their header, since they may otherwise be further lines."""
    if not any(_are_in_several_files(rows) for rows in (order.headers, order.lines)):
        return
    headers = _repeats(order.headers, lambda _: ())
    keyless = _repeated_lists([row for row in order.lines if is_keyless(row)]) if headers else []
    if keyless is None:
        headers, keyless = [], []
    keyed = _repeats([row for row in order.lines if not is_keyless(row)], _key)
    order.repeats = [*headers, *keyed, *keyless]
    repeated = {id(row) for row, _ in order.repeats}
    order.headers = [row for row in order.headers if id(row) not in repeated]
    order.lines = [row for row in order.lines if id(row) not in repeated]
    if order.repeats:
        row, original = order.repeats[0]
        row.warn(
            "DUPLICATE",
            f"The row repeats row {original.place.seen_from(row.place)} in every cell, so it is read"
            " once.",
        )


def _are_in_several_files(rows: Sequence[ParsedRow]) -> bool:
    return len(rows) > 1 and len({row.place.sheet for row in rows}) > 1


def _key(line: ParsedRow) -> tuple[str, int | None]:
    return clean(line.change.get("inventory_lot_id") or ""), line.change.get("sequence")


def _repeats(rows: Sequence[ParsedRow], key: Callable[[ParsedRow], Hashable]) -> Repeats:
    first: dict[Hashable, ParsedRow] = {}
    for row in rows:
        first.setdefault(key(row), row)
    return [(row, first[key(row)]) for row in rows if _is_repeated(row, first[key(row)])]


def _is_repeated(row: ParsedRow, original: ParsedRow) -> bool:
    return (
        row.place.sheet != original.place.sheet
        and not (row.is_refused or original.is_refused)
        and (row.change, row.extras) == (original.change, original.extras)
    )


def _repeated_lists(rows: Sequence[ParsedRow]) -> Repeats | None:
    """The rows of all files but the first, if each file has the same rows; None otherwise."""
    files: dict[int, list[ParsedRow]] = defaultdict(list)
    for row in rows:
        files[row.place.sheet].append(row)
    first, *others = list(files.values()) or [[]]
    if any(len(other) != len(first) for other in others):
        return None
    pairs = [pair for other in others for pair in zip(other, first, strict=True)]
    return pairs if all(_is_repeated(*pair) for pair in pairs) else None


def note_repeats(order: OrderRows) -> Counter[str]:
    """Give repeated rows the results of the rows that they repeat, and count them."""
    counts: Counter[str] = Counter()
    for row, original in order.repeats:
        kind = "headers" if row.entity.row_kind is RowKind.HEADER else "lines"
        if original.target is None:
            counts[f"{kind}_failed"] += 1
            row.findings += [
                replace(finding, place=row.place)
                for finding in original.findings
                if not finding.is_warning
            ]
        else:
            counts[f"{kind}_unchanged"] += 1
            row.target = replace(original.target, outcome=RecordOutcome.UNCHANGED)
    return counts
