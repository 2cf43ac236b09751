"""The units in which items are sold, and the number of base units in each (RULES.md 3.3)."""

from decimal import Decimal

from gateway.orders import refusals
from gateway.orders.amounts import ONE
from gateway.orders.fields import Field, Reference
from gateway.orders.problems import Report
from gateway.orders.value_checks import check_number, check_range
from gateway.storage.tables.column_types import DECIMALS
from gateway.storage.tables.reference_data import ItemRow, ItemUnitOfMeasureRow, UnitOfMeasureRow

QUANTITY_PER_UNIT = Field(least=ONE.scaleb(-DECIMALS))


def check_unit(
    item: ItemRow,
    unit: UnitOfMeasureRow,
    units: tuple[str, ...],
    reference: Reference,
    report: Report,
) -> None:
    """Refuse a line whose unit is not one of the codes in `units`, in which the item is sold."""
    if unit.code not in units:
        report.refuse(
            refusals.UNIT_NOT_SOLD,
            "unit_of_measure",
            reference.by,
            rejected=reference,
            suggestions=units,
            number=item.number,
            unit=unit.code,
        )


def check_factor(
    factor: Decimal | None,
    base_unit_id: str | None,
    unit: UnitOfMeasureRow,
    report: Report,
    *path: str,
) -> None:
    """Report a quantity per unit that is not positive, or that is not 1 for the base unit."""
    if factor is None:
        return
    if unit.id == base_unit_id and factor != ONE:
        report.refuse(
            refusals.BASE_UNIT_FACTOR,
            *path,
            rejected=factor,
            suggestions=("1",),
            unit=unit.code,
        )
    elif check_number(factor, report, *path):
        check_range(factor, QUANTITY_PER_UNIT, refusals.UNIT_FACTOR_OUT_OF_RANGE, report, *path)


def list_own_units(item: ItemRow) -> bool:
    """Add an item's base unit, with a quantity per unit of 1, and its sales unit to its units. Returns
    whether anything changed. When the base unit has changed, the other quantities per unit are cleared,
    because they counted the old one."""
    units = {row.unit_of_measure_id: row for row in item.units_of_measure}
    size = len(units)
    for unit_id in own_units(item):
        if unit_id not in units:
            units[unit_id] = ItemUnitOfMeasureRow(
                company_id=item.company_id, item_id=item.id, unit_of_measure_id=unit_id
            )
            item.units_of_measure.append(units[unit_id])
    base = units[item.base_unit_of_measure_id]
    is_new_base = base.quantity_per_unit != ONE
    if is_new_base:
        for row in units.values():
            row.quantity_per_unit = None
        base.quantity_per_unit = ONE
    return is_new_base or len(units) != size


def own_units(item: ItemRow) -> tuple[str, ...]:
    """The ids of an item's base unit and sales unit, which are always among its units."""
    return tuple(filter(None, (item.base_unit_of_measure_id, item.sales_unit_of_measure_id)))
