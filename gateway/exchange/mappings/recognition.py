"""Recognising which kind of record a file contains."""

from difflib import get_close_matches
from pathlib import PurePath

from gateway.exchange.formats.sheets import FileRefused, Sheet
from gateway.exchange.mappings import business_central, finance_operations, reference_columns
from gateway.exchange.mappings.blocks import BLOCKS
from gateway.exchange.mappings.columns import FileEntity, folded

ENTITIES: tuple[FileEntity, ...] = (
    finance_operations.HEADERS,
    finance_operations.LINES,
    finance_operations.CUSTOMERS,
    business_central.ORDERS,
    business_central.LINES,
    *reference_columns.RECORD_ENTITIES.values(),
    *BLOCKS,
)
ENTITIES_BY_NAME = {entity.name: entity for entity in ENTITIES}


def recognise_entity(sheet: Sheet) -> FileEntity:
    """The entity of a sheet: the one that the sheet or its file name states, or else the one that its
    headings fit best. Raises FileRefused."""
    headings = mapped_headings(sheet)
    fitting = {entity: entity.matches(headings) for entity in ENTITIES}
    candidates = [entity for entity in ENTITIES if fitting[entity]]
    if not candidates:
        shown = ", ".join(headings[:5])
        raise FileRefused(sheet.file, f"has no known columns: it begins with {shown}")
    named = [entity for entity in candidates if _is_named(entity, sheet)]
    most = max(fitting.values())
    best = named or [entity for entity in candidates if fitting[entity] == most]
    if len(best) > 1:
        names = ", ".join(entity.name for entity in best)
        raise FileRefused(
            sheet.file, f"may contain any of {names}: name the file after its content"
        )
    return best[0]


def mapped_headings(sheet: Sheet) -> tuple[str, ...]:
    """The headings, as the columns of the entity where the manifest of the package maps them."""
    return tuple(sheet.fields.get(heading, heading) for heading in sheet.headings)


def nearest_column(entity: FileEntity, heading: str) -> str | None:
    """The column of `entity` that `heading` probably stands for."""
    close = get_close_matches(folded(heading), entity.by_name, n=1, cutoff=0.7)
    return entity.by_name[close[0]].name if close else None


def _is_named(entity: FileEntity, sheet: Sheet) -> bool:
    stated = sheet.entity if sheet.entity is not None else PurePath(sheet.file).stem
    return folded(stated) in {folded(name) for name in (entity.name, *entity.names)}
