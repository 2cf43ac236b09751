"""The units in which items are sold, and how many base units each holds (RULES.md 3.3)."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from gateway.orders import refusals
from gateway.orders.amounts import ONE
from gateway.orders.fields import Field
from gateway.orders.problems import Report
from gateway.orders.value_checks import check_number, check_range
from gateway.storage.tables.column_types import DECIMALS
from gateway.storage.tables.reference_data import ItemRow, ItemUnitOfMeasureRow, UnitOfMeasureRow
from gateway.storage.writing import Writer

QUANTITY_PER_UNIT = Field(least=ONE.scaleb(-DECIMALS))


def check_factor(
    factor: Decimal | None, item: ItemRow, unit: UnitOfMeasureRow, report: Report, *path: str
) -> None:
    """Report a quantity per unit that is not more than 0, or one of the base unit that is not 1."""
    if factor is None:
        return
    if unit.id == item.base_unit_of_measure_id and factor != ONE:
        report.refuse(
            refusals.BASE_UNIT_FACTOR,
            *path,
            rejected=factor,
            suggestions=("1",),
            number=item.number,
            unit=unit.code,
        )
    elif check_number(factor, report, *path):
        check_range(factor, QUANTITY_PER_UNIT, report, *path)


async def list_own_units(writer: Writer, items: Sequence[ItemRow]) -> None:
    """Let each item list its base unit, with a quantity per unit of 1, and its sales unit. An item that
    has another base unit than before loses the quantities that counted the old one."""
    listed: dict[str, dict[str, ItemUnitOfMeasureRow]] = defaultdict(dict)
    for row in await writer.find(ItemUnitOfMeasureRow, {"item_id": {item.id for item in items}}):
        listed[row.item_id][row.unit_of_measure_id] = row
    new: list[ItemUnitOfMeasureRow] = []
    for item in items:
        units = listed[item.id]
        for unit_id in filter(None, (item.base_unit_of_measure_id, item.sales_unit_of_measure_id)):
            if unit_id not in units:
                units[unit_id] = ItemUnitOfMeasureRow(
                    company_id=item.company_id, item_id=item.id, unit_of_measure_id=unit_id
                )
                new.append(units[unit_id])
        base = units[item.base_unit_of_measure_id]
        if base.quantity_per_unit != ONE:
            for row in units.values():
                row.quantity_per_unit = None
            base.quantity_per_unit = ONE
    await writer.add(new)
