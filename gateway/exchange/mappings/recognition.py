"""Which kind of record a file holds."""

from difflib import get_close_matches
from pathlib import PurePath

from gateway.exchange.formats.sheets import Refused, Sheet
from gateway.exchange.mappings import business_central, finance_operations
from gateway.exchange.mappings import reference_columns as reference_entities
from gateway.exchange.mappings.blocks import BLOCKS
from gateway.exchange.mappings.columns import Entity, folded

ENTITIES: tuple[Entity, ...] = (
    finance_operations.HEADERS,
    finance_operations.LINES,
    finance_operations.CUSTOMERS,
    business_central.ORDERS,
    business_central.LINES,
    reference_entities.CUSTOMERS,
    reference_entities.ITEMS,
    reference_entities.ACCOUNTS,
    reference_entities.LINE_OBJECTS,
    reference_entities.CURRENCIES,
    reference_entities.PAYMENT_TERMS,
    reference_entities.SHIPMENT_METHODS,
    reference_entities.UNITS_OF_MEASURE,
    reference_entities.TAX_CODES,
    *BLOCKS,
)
BY_NAME = {entity.name: entity for entity in ENTITIES}


def entity_of(sheet: Sheet) -> Entity:
    """What `sheet` holds: what it says itself or by its name, else what its headings fit best.

    Raises Refused."""
    headings = named_headings(sheet)
    fitting = {entity: entity.matches(headings) for entity in ENTITIES}
    candidates = [entity for entity in ENTITIES if fitting[entity]]
    if not candidates:
        shown = ", ".join(headings[:5])
        raise Refused(sheet.file, f"has no column that is known: it begins with {shown}")
    called = [entity for entity in candidates if _is_called(entity, sheet)]
    most = max(fitting.values())
    best = called or [entity for entity in candidates if fitting[entity] == most]
    if len(best) > 1:
        names = ", ".join(entity.name for entity in best)
        raise Refused(sheet.file, f"may hold any of {names}: name it after what it holds")
    return best[0]


def named_headings(sheet: Sheet) -> tuple[str, ...]:
    """The headings as the entity's own columns, where the manifest of the package maps them."""
    return tuple(sheet.fields.get(heading, heading) for heading in sheet.headings)


def nearest(entity: Entity, heading: str) -> str | None:
    """The column of `entity` that `heading` was probably meant to be."""
    close = get_close_matches(folded(heading), entity.by_name, n=1, cutoff=0.7)
    return entity.by_name[close[0]].name if close else None


def _is_called(entity: Entity, sheet: Sheet) -> bool:
    said = sheet.entity if sheet.entity is not None else PurePath(sheet.file).stem
    return folded(said) in {folded(name) for name in (entity.name, *entity.names)}
