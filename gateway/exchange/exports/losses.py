"""Values of orders that an exported file cannot contain, so that an import would not restore them."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.exchange.exports.export_request import ExportRequest
from gateway.exchange.mappings.columns import camel_case
from gateway.exchange.mappings.reference_columns import RECORD_ENTITIES
from gateway.storage.streaming import Stream

TODAYS: Mapping[str, tuple[str, str]] = {
    "customer_name": ("orders", "the customer has another name now"),
    "contact_id": ("orders", "the customer has another contact now"),
    "bill_to_name": ("orders", "the paying customer has another name now"),
    "tax_percent": ("lines", "the tax code has another percent now, from which amounts follow"),
    "allow_invoice_discount": ("lines", "the item takes part in order discounts otherwise now"),
}
"""By column: the reason why an import would set another value."""


@dataclass(frozen=True)
class Loss:
    """A field that a file cannot contain, and the number of affected orders or lines."""

    field: str
    count: int
    of: str
    reason: str

    def __str__(self) -> str:
        one = self.of.removesuffix("s") if self.count == 1 else self.of
        return f"{self.field} is lost on {self.count:,} {one}: {self.reason}."


async def find_losses(stream: Stream, request: ExportRequest) -> list[Loss]:
    """The losses of an export. No format lacks a whole field, because all have our own columns."""
    if request.dataset in RECORD_ENTITIES:
        return []
    counts = await stream.outdated_copies(request.filter)
    return [
        Loss(camel_case(name), counts[name], *why) for name, why in TODAYS.items() if name in counts
    ]
