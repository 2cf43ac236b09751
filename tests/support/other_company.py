"""A second company beside the world, and the requests of isolation tests."""

from decimal import Decimal

from sqlalchemy.pool import NullPool

from gateway.storage.companies import create_company
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
from gateway.storage.tables import reference_data as rows
from gateway.storage.tables.reference_data import CustomerRow
from gateway.storage.tables.reference_enums import LineObjectKind
from gateway.storage.transactions import writing

REQUIRED = {
    "input": ", input: {}",
    "name": ', name: "Another"',
    "refuseDuplicateExternalDocumentNumbers": ", refuseDuplicateExternalDocumentNumbers: true",
}
"""Arguments of mutations besides the id, by name."""

OTHER = "Other"
CREATE = """mutation ($input: CreateSalesOrderInput!) { createSalesOrder(input: $input) {
  salesOrder { id number customer { displayName } } userErrors { code path suggestions } } }"""


async def load_other(url: str) -> None:
    """Load the other company into the database at `url`."""
    database = Database(url, poolclass=NullPool)
    await load_other_company(database)
    await database.dispose()


async def load_other_company(database: Database) -> None:
    """A second company whose records have the same numbers and codes as the first."""
    await create_company(database, OTHER, "EUR")
    async with writing(database, ScopeRequest(OTHER)) as writer:
        company = {"company_id": writer.scope.company}
        named = {"display_name": "Theirs", **company}
        unit = rows.UnitOfMeasureRow(code="PCS", **named)
        await writer.add(
            [
                unit,
                rows.TaxCodeRow(code="S20", percent=Decimal(20), **named),
                rows.PaymentTermsRow(code="30D", **named),
                rows.ShipmentMethodRow(code="CIF", **named),
                rows.AccountRow(number="6110", **named),
                rows.LineObjectRow(kind=LineObjectKind.CHARGE, number="CHARGE", **named),
                CustomerRow(number="C1", **named),
                CustomerRow(number="THEIRS", contact_id="contact-9", **named),
            ]
        )
        await writer.add([rows.ItemRow(number="I0001", base_unit_of_measure_id=unit.id, **named)])
