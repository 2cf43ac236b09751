"""Interprets the headings of a sheet."""

from difflib import get_close_matches

from gateway.exchange.formats.sheets import Sheet
from gateway.exchange.mappings.columns import FileEntity, folded
from gateway.exchange.mappings.entity_names import words_of

NAMES = (
    *("order", "sales order", "purchase order", "transfer order", "return order"),
    *("invoice", "sales invoice", "quote", "sales quote", "quotation", "sales quotation"),
    *("shipment", "packing slip", "delivery note", "credit memo", "credit note", "voucher"),
)
DOCUMENTS = frozenset(map(words_of, NAMES))
NUMBERS = frozenset(("number", "no", "nr", "id", "code", "account"))
"""Words that may follow the name of a document in a heading of its number."""

DOCUMENT_HEADINGS = frozenset(folded(name + last) for name in NAMES for last in ("", *NUMBERS))
"""The same where a heading does not separate its words, such as SALESORDERNUMBER."""

FOREIGN_WORDS = frozenset(
    (
        *("invoice", "quote", "quotation", "shipment", "packing", "slip", "credit"),
        *("memo", "receipt", "purchase", "vendor", "supplier", "valid"),
        *("journal", "voucher", "charge", "return", "refund"),
    )
)
"""Words of headings that neither customers nor orders have."""

REPORT_COLUMNS = frozenset({"row", "code", "reason", "errorrow", "errorcode", "errorreason"})
"""The columns that an error report adds to those of its file."""


def _mapped_headings(sheet: Sheet) -> tuple[str, ...]:
    """The headings, as the columns of the entity where the manifest of the package maps them."""
    return tuple(sheet.fields.get(heading, heading) for heading in sheet.headings)


def folded_headings(sheet: Sheet) -> frozenset[str]:
    """The headings in the form in which columns are compared."""
    return frozenset(folded(heading) for heading in _mapped_headings(sheet) if heading)


def unknown_headings(entity: FileEntity, sheet: Sheet) -> list[str]:
    """The headings that are not columns of the entity."""
    return [
        heading
        for heading in _mapped_headings(sheet)
        if heading and not entity.known([folded(heading)]) and folded(heading) not in REPORT_COLUMNS
    ]


def names_document(heading: str) -> bool:
    """Whether a column has an order, an invoice or the like, or the number of one."""
    words = words_of(heading)
    is_number = words[-1:] and words[-1] in NUMBERS
    is_split = words in DOCUMENTS or bool(is_number and words[:-1] in DOCUMENTS)
    return is_split or folded(heading) in DOCUMENT_HEADINGS


def has_foreign_word(heading: str) -> bool:
    """Whether neither customers nor orders have this column. If only the columns can identify the
    content of a file, it is something else."""
    words = words_of(heading)
    if len(words) == 1:  # INVOICEDATE does not separate its words
        return words[0].startswith(tuple(FOREIGN_WORDS))
    return not FOREIGN_WORDS.isdisjoint(words)


def nearest_column(entity: FileEntity, heading: str) -> str | None:
    """The column of `entity` that `heading` probably means."""
    close = get_close_matches(folded(heading), entity.by_name, n=1, cutoff=0.7)
    return entity.by_name[close[0]].name if close else None
