"""What a change names: customers, items and codes, looked up together before anything is decided."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from gateway.orders.problems import Missing, ProblemCode, Report
from gateway.storage.tables.column_types import Base
from gateway.storage.tables.reference_data import (
    AccountRow,
    CurrencyRow,
    CustomerRow,
    ItemRow,
    ItemUnitOfMeasureRow,
    LineObjectKind,
    LineObjectRow,
    PaymentTermsRow,
    ShipmentMethodRow,
    TaxCodeRow,
    UnitOfMeasureRow,
)
from gateway.storage.tables.sales_orders import SalesOrderLineType, SalesOrderRow
from gateway.storage.writing import Writer

Change = Mapping[str, Any]
"""The given fields of an order or a line by name: a missing one is not given, None clears it."""

Model = TypeVar("Model", bound=Base)


@dataclass(frozen=True)
class Reference:
    """A record named in one way: `by` is id, number, code or contact_id; for a line object its kind."""

    by: str
    value: str

    def __str__(self) -> str:
        return self.value


LABELS: Mapping[type[Base], str] = {
    CustomerRow: "customer",
    CurrencyRow: "currency",
    PaymentTermsRow: "payment terms",
    ShipmentMethodRow: "shipment method",
    UnitOfMeasureRow: "unit of measure",
    TaxCodeRow: "tax code",
    ItemRow: "item",
    AccountRow: "account",
    LineObjectRow: "line object",
}

LINE_OBJECTS: Mapping[SalesOrderLineType, type[Base]] = {
    SalesOrderLineType.ITEM: ItemRow,
    SalesOrderLineType.ACCOUNT: AccountRow,
    SalesOrderLineType.RESOURCE: LineObjectRow,
    SalesOrderLineType.FIXED_ASSET: LineObjectRow,
    SalesOrderLineType.CHARGE: LineObjectRow,
}
"""What a line of each type sells; a comment sells nothing."""

CUSTOMER_FIELDS = ("customer", "bill_to_customer")
NAMES = ("id", "number", "code", "contact_id")


class References:
    """The records that changes name, and those that these refer to in turn."""

    def __init__(self, company_currency: CurrencyRow) -> None:
        self.company_currency = company_currency
        self._rows: dict[tuple[type[Base], str, str], Any] = {}
        self._item_units: dict[str, set[str]] = defaultdict(set)
        self.nobody = CustomerRow(
            company_id=company_currency.company_id, number="nobody", display_name="nobody"
        )
        self._keep(CurrencyRow, [company_currency])
        self._rows[CustomerRow, "id", self.nobody.id] = self.nobody

    def get(self, model: type[Model], reference: Reference) -> Model | None:
        value = reference.value.lower() if reference.by == "id" else reference.value
        return self._rows.get((model, reference.by, value))

    def by_id(self, model: type[Model], key: str) -> Model:
        """The record with an id that another record or an order refers to."""
        row: Model = self._rows[model, "id", key]
        return row

    def named(
        self,
        model: type[Model],
        change: Change,
        field: str,
        report: Report,
        among: tuple[str, ...] | None = None,
    ) -> Model | None:
        """The record that `field` names, or None if it names none; reports one that is not there, of
        which only those `among` would do."""
        reference: Reference | None = change.get(field)
        if reference is None:
            return None
        row = self.get(model, reference)
        if row is None:
            report.refuse(
                ProblemCode.NOT_FOUND,
                field,
                reference.by,
                message=f"There is no {LABELS[model]} with this {reference.by.replace('_', ' ')}.",
                rejected=reference.value,
                missing=Missing(model, reference.by, reference.value, among=among),
            )
        return row

    def units_of(self, item: ItemRow) -> list[UnitOfMeasureRow]:
        """The units in which an item may be sold, by code."""
        ids = self._item_units[item.id] | {item.base_unit_of_measure_id}
        if item.sales_unit_of_measure_id is not None:
            ids |= {item.sales_unit_of_measure_id}
        units = [self.by_id(UnitOfMeasureRow, key) for key in ids]
        return sorted(units, key=lambda unit: unit.code)

    async def load(
        self,
        writer: Writer,
        model: type[Base],
        references: Iterable[Reference | None] = (),
        ids: Iterable[str | None] = (),
    ) -> None:
        """Fetch what is not known yet, in one statement or none."""
        wanted: dict[str, set[str]] = {}
        by_id = (Reference("id", key) for key in ids if key is not None)
        for reference in (*filter(None, references), *by_id):
            if self.get(model, reference) is None:
                is_kind = model is LineObjectRow and reference.by != "id"
                column = "number" if is_kind else reference.by
                wanted.setdefault(column, set()).add(reference.value)
        self._keep(model, await writer.find(model, wanted))

    def _keep(self, model: type[Base], rows: Sequence[Any]) -> None:
        for row in rows:
            if isinstance(row, LineObjectRow):
                self._rows[model, row.kind.value, row.number] = row
            for name in NAMES:
                if value := getattr(row, name, None):
                    self._rows[model, name, value] = row

    def _all(self, model: type[Model]) -> list[Model]:
        return [row for (of, by, _), row in self._rows.items() if of is model and by == "id"]

    @classmethod
    async def gather(
        cls, writer: Writer, changes: Sequence[Change], stored: SalesOrderRow | None = None
    ) -> "References":
        """Everything that changes name, or orders take over, or a `stored` order has already, in at
        most a dozen statements whatever the number of orders and lines."""
        found = cls(await writer.company_currency())
        lines = [line for change in changes for line in given_lines(change)]
        if stored is not None:
            await found._load_stored(writer, stored)
        customers = [change.get(name) for change in changes for name in CUSTOMER_FIELDS]
        await found.load(writer, CustomerRow, customers)
        named = [object_reference(line) for line in lines]
        for model in (ItemRow, AccountRow, LineObjectRow):
            await found.load(writer, model, [reference for of, reference in named if of is model])
        await found._load_header_codes(writer, changes)
        await found._load_line_codes(writer, lines)
        return found

    async def _load_stored(self, writer: Writer, order: SalesOrderRow) -> None:
        payers = [order.customer_id, order.bill_to_customer_id]
        await self.load(writer, CustomerRow, ids=payers)
        await self.load(writer, CurrencyRow, ids=[order.currency_id])
        await self.load(writer, ItemRow, ids=[line.item_id for line in order.lines])
        await self.load(writer, AccountRow, ids=[line.account_id for line in order.lines])
        await self.load(writer, LineObjectRow, ids=[line.line_object_id for line in order.lines])
        await self.load(writer, TaxCodeRow, ids=[line.tax_code_id for line in order.lines])

    async def _load_header_codes(self, writer: Writer, changes: Sequence[Change]) -> None:
        customers = self._all(CustomerRow)
        await self.load(writer, CustomerRow, ids=[row.bill_to_customer_id for row in customers])
        currencies = [change.get("currency") for change in changes]
        await self.load(writer, CurrencyRow, currencies, [row.currency_id for row in customers])
        terms = [change.get("payment_terms") for change in changes]
        await self.load(writer, PaymentTermsRow, terms)
        methods = [change.get("shipment_method") for change in changes]
        await self.load(writer, ShipmentMethodRow, methods)

    async def _load_line_codes(self, writer: Writer, lines: Sequence[Change]) -> None:
        items = self._all(ItemRow)
        tax_codes = [row.tax_code_id for row in items]
        tax_codes += [row.tax_code_id for row in self._all(AccountRow)]
        tax_codes += [row.tax_code_id for row in self._all(LineObjectRow)]
        await self.load(writer, TaxCodeRow, [line.get("tax_code") for line in lines], tax_codes)
        rows = await writer.find(ItemUnitOfMeasureRow, {"item_id": {item.id for item in items}})
        for row in rows:
            self._item_units[row.item_id].add(row.unit_of_measure_id)
        units: list[str | None] = [row.unit_of_measure_id for row in rows]
        units += [item.base_unit_of_measure_id for item in items]
        units += [item.sales_unit_of_measure_id for item in items]
        named = [line.get("unit_of_measure") for line in lines]
        await self.load(writer, UnitOfMeasureRow, named, units)


def given_lines(change: Change) -> Sequence[Change]:
    """The lines that a change describes: all of a new order, or those that a patch adds or updates."""
    lines = change.get("lines") or ()
    if isinstance(lines, Mapping):
        return [*(lines.get("add") or ()), *(lines.get("update") or ())]
    return lines


def object_reference(line: Change) -> tuple[type[Base] | None, Reference | None]:
    """What the line sells and how it is named: by `item`, by `account`, or by `line_object_number`
    together with a `line_type`."""
    if line.get("item") is not None:
        return ItemRow, line["item"]
    if line.get("account") is not None:
        return AccountRow, line["account"]
    line_type: SalesOrderLineType | None = line.get("line_type")
    number: str | None = line.get("line_object_number")
    if number is None or line_type is None or line_type not in LINE_OBJECTS:
        return None, None
    model = LINE_OBJECTS[line_type]
    by = LineObjectKind[line_type.name].value if model is LineObjectRow else "number"
    return model, Reference(by, number)
