"""The records that changes refer to, all of which are read before any rule is applied (RULES.md
3.6)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar, cast

from gateway.orders import refusals
from gateway.orders.amounts import ONE
from gateway.orders.fields import HEADER, LineChange, NewOrder, OrderPatch, Reference
from gateway.orders.problems import Missing, Report
from gateway.orders.record_fields import RECORDS
from gateway.storage.tables.column_types import Base, case_folded
from gateway.storage.tables.reference_data import (
    AccountRow,
    CurrencyRow,
    CustomerRow,
    ItemRow,
    ItemUnitOfMeasureRow,
    LineObjectRow,
    TaxCodeRow,
    UnitOfMeasureRow,
)
from gateway.storage.tables.reference_enums import LineObjectKind
from gateway.storage.tables.sales_orders import SalesOrderLineType, SalesOrderRow
from gateway.storage.writing import Writer

Model = TypeVar("Model", bound=Base)
OrderChange = NewOrder | OrderPatch

LINE_OBJECTS: Mapping[SalesOrderLineType, type[Base]] = {
    SalesOrderLineType.ITEM: ItemRow,
    SalesOrderLineType.ACCOUNT: AccountRow,
    SalesOrderLineType.RESOURCE: LineObjectRow,
    SalesOrderLineType.FIXED_ASSET: LineObjectRow,
    SalesOrderLineType.CHARGE: LineObjectRow,
}
"""The type of object that a line of each type sells. A comment sells nothing."""

NAMES = ("id", "number", "code", "contact_id")
"""The ways to refer to a record."""


def comparable(by: str, value: str) -> str:
    """A reference as it is compared: ignoring case, except for the contact of a customer."""
    if by == "id":
        return value.lower()
    return value if by == "contact_id" else case_folded(value)


class References:
    """The records that changes refer to, and those that these records refer to. The placeholder stands
    in for a customer who does not exist."""

    def __init__(self, company_currency: CurrencyRow) -> None:
        self.company_currency = company_currency
        self._rows: dict[tuple[type[Base], str, str], Any] = {}
        self._payers: dict[str, CustomerRow] = {}
        """By id: customers that no change can refer to, because the caller may see them only as
        payers."""

        self._item_units: dict[str, dict[str, Decimal | None]] = defaultdict(dict)
        self.placeholder = CustomerRow(
            company_id=company_currency.company_id, number="placeholder", display_name="placeholder"
        )
        self._keep(CurrencyRow, [company_currency])
        self._rows[CustomerRow, "id", self.placeholder.id] = self.placeholder

    def get(self, model: type[Model], reference: Reference) -> Model | None:
        return self._rows.get((model, reference.by, comparable(reference.by, reference.value)))

    def is_hidden(self, payer_id: str, reference: Reference) -> bool:
        """Whether a reference names the payer of an order, whom the caller may not choose."""
        payer = self._payers.get(payer_id)
        if payer is None or self.get(CustomerRow, reference) is not None:
            return False
        value = getattr(payer, reference.by, None)
        return value is not None and comparable(reference.by, value) == comparable(
            reference.by, reference.value
        )

    def by_id(self, model: type[Model], key: str) -> Model:
        """The record with an id that comes from another record or an order."""
        row: Any = self._rows.get((model, "id", key)) or self._payers[key]
        return cast(Model, row)

    def named(
        self,
        model: type[Model],
        change: Mapping[str, object],
        name: str,
        report: Report,
        among: tuple[str, ...] | None = None,
    ) -> Model | None:
        """The record that a field refers to, or None. Reports a record that does not exist; `among`
        lists those that would be accepted."""
        reference = cast(Reference | None, change.get(name))
        if reference is None:
            return None
        row = self.get(model, reference)
        if row is None:
            report.refuse(
                refusals.RECORD_NOT_FOUND,
                name,
                reference.by,
                rejected=reference.value,
                missing=Missing(model, reference.by, reference.value, among=among),
                label=RECORDS[model].label,
                have=RECORDS[model].have,
                by=reference.by.replace("_", " "),
            )
        return row

    def units_of(self, item: ItemRow) -> list[UnitOfMeasureRow]:
        """The units in which an item may be sold, by code."""
        ids = {*self._item_units[item.id], item.base_unit_of_measure_id}
        if item.sales_unit_of_measure_id is not None:
            ids |= {item.sales_unit_of_measure_id}
        units = [self.by_id(UnitOfMeasureRow, key) for key in ids]
        return sorted(units, key=lambda unit: unit.code)

    def quantity_per_unit(self, item: ItemRow, unit_id: str | None) -> Decimal | None:
        """The number of base units in a unit of the item; None if it is unknown."""
        if unit_id in (None, item.base_unit_of_measure_id):
            return ONE
        return self._item_units[item.id].get(unit_id)

    async def load(
        self,
        writer: Writer,
        model: type[Base],
        references: Iterable[Reference | None] = (),
        ids: Iterable[str | None] = (),
    ) -> None:
        """Read the records that are not known yet, in at most one statement."""
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
                self._rows[model, row.kind.value, case_folded(row.number)] = row
            for name in NAMES:
                if value := getattr(row, name, None):
                    self._rows[model, name, comparable(name, value)] = row

    def add(self, row: Base) -> None:
        """Let later changes refer to a record that is about to be stored."""
        self._keep(type(row), [row])

    def _all(self, model: type[Model]) -> list[Model]:
        return [row for (of, by, _), row in self._rows.items() if of is model and by == "id"]

    @classmethod
    async def gather(
        cls, writer: Writer, changes: Sequence[OrderChange], *stored: SalesOrderRow
    ) -> "References":
        """All records that changes and `stored` orders refer to and that orders copy from. The number
        of statements does not depend on the number of orders and lines."""
        references = cls(await writer.company_currency())
        lines = [line for change in changes for line in written_lines(change)]
        if stored:
            await references._load_stored(writer, stored)
        await references._load_header(writer, changes)
        references_of = [object_reference(line) for line in lines]
        for model in (ItemRow, AccountRow, LineObjectRow):
            await references.load(
                writer, model, [reference for of, reference in references_of if of is model]
            )
        await references._load_line_codes(writer, lines, stored)
        return references

    async def _load_stored(self, writer: Writer, orders: Sequence[SalesOrderRow]) -> None:
        payers = [key for order in orders for key in (order.customer_id, order.bill_to_customer_id)]
        lines = [line for order in orders for line in order.lines]
        await self._load_payers(writer, payers)
        await self.load(writer, CurrencyRow, ids=[order.currency_id for order in orders])
        await self.load(writer, ItemRow, ids=[line.item_id for line in lines])
        await self.load(writer, AccountRow, ids=[line.account_id for line in lines])
        await self.load(writer, LineObjectRow, ids=[line.line_object_id for line in lines])
        await self.load(writer, TaxCodeRow, ids=[line.tax_code_id for line in lines])

    async def _load_payers(self, writer: Writer, ids: Iterable[str | None]) -> None:
        """Read the customers who are not known yet, in at most one statement."""
        known = {row.id for row in self._all(CustomerRow)} | self._payers.keys()
        rows = await writer.payers({key for key in ids if key is not None} - known)
        visible = writer.scope.customers
        self._keep(CustomerRow, [row for row in rows if visible is None or row.id in visible])
        self._payers |= {row.id: row for row in rows}

    async def _load_header(self, writer: Writer, changes: Sequence[OrderChange]) -> None:
        """Read the records that headers refer to, then the payers and the currencies of their
        customers."""
        by_model: dict[type[Base], list[Any]] = defaultdict(list)
        for name, field in HEADER.items():
            if field.model is not None:
                by_model[field.model] += [change.get(name) for change in changes]
        await self.load(writer, CustomerRow, by_model.pop(CustomerRow))
        customers = self._all(CustomerRow)
        await self._load_payers(writer, [row.bill_to_customer_id for row in customers])
        currencies = [row.currency_id for row in (*self._all(CustomerRow), *self._payers.values())]
        await self.load(writer, CurrencyRow, by_model.pop(CurrencyRow), currencies)
        for model, references in by_model.items():
            await self.load(writer, model, references)

    async def _load_line_codes(
        self, writer: Writer, lines: Sequence[LineChange], stored: Sequence[SalesOrderRow]
    ) -> None:
        items = self._all(ItemRow)
        tax_codes = [row.tax_code_id for row in items]
        tax_codes += [row.tax_code_id for row in self._all(AccountRow)]
        tax_codes += [row.tax_code_id for row in self._all(LineObjectRow)]
        await self.load(writer, TaxCodeRow, [line.get("tax_code") for line in lines], tax_codes)
        rows = await writer.find(ItemUnitOfMeasureRow, {"item_id": {item.id for item in items}})
        for row in rows:
            self._item_units[row.item_id][row.unit_of_measure_id] = row.quantity_per_unit
        units: list[str | None] = [row.unit_of_measure_id for row in rows]
        units += [item.base_unit_of_measure_id for item in items]
        units += [item.sales_unit_of_measure_id for item in items]
        units += [line.unit_of_measure_id for order in stored for line in order.lines]
        codes = [line.get("unit_of_measure") for line in lines]
        await self.load(writer, UnitOfMeasureRow, codes, units)


def written_lines(change: OrderChange) -> Sequence[LineChange]:
    """The lines that a change writes: all lines of a new order, or those that a patch adds or updates."""
    lines = change.get("lines") or ()
    if isinstance(lines, Mapping):
        return [*(lines.get("add") or ()), *(lines.get("update") or ())]
    return lines


def object_reference(line: LineChange) -> tuple[type[Base] | None, Reference | None]:
    """The model of the object that the line sells, and the reference to it: `item`, `account`, or
    `line_object_number` together with a `line_type`."""
    if (item := line.get("item")) is not None:
        return ItemRow, item
    if (account := line.get("account")) is not None:
        return AccountRow, account
    line_type, number = line.get("line_type"), line.get("line_object_number")
    if number is None or line_type is None or line_type not in LINE_OBJECTS:
        return None, None
    model = LINE_OBJECTS[line_type]
    by = LineObjectKind[line_type.name].value if model is LineObjectRow else "number"
    return model, Reference(by, number)
