"""Reads sheets according to a mapping."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from gateway.exchange.formats.detection import read_sheets
from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.formats.sheets import FileRecord, FileRefused, Sheet
from gateway.exchange.formats.sources import FileLocation
from gateway.exchange.mappings.mapping_file import FilePattern, MappingFile, MappingRefused

CONSTANT = "{} (constant)"
"""The heading of a constant, which no file has by accident."""


def read_mapped_sheets(
    files: Sequence[Path | FileLocation], options: ImportOptions, mapping: MappingFile | None
) -> list[Sheet]:
    """The sheets of the files; those that match a pattern of the mapping are read accordingly. An
    option that is stated for the whole import overrides that of a pattern.

    Raises FileRefused for a file that lacks a column of its pattern, and MappingRefused if no pattern
    matches a file."""

    def options_of(file: str) -> ImportOptions:
        return options if mapping is None else options.or_else(mapping.options_of(file))

    sheets = [
        replace(sheet, options=options_of(sheet.file)) for sheet in read_sheets(files, options_of)
    ]
    return sheets if mapping is None else _map_sheets(sheets, mapping)


def _map_sheets(sheets: Sequence[Sheet], mapping: MappingFile) -> list[Sheet]:
    patterns = [mapping.pattern_of(sheet.file) for sheet in sheets]
    if not any(patterns):
        names = ", ".join(pattern.pattern for pattern in mapping.patterns)
        raise MappingRefused(mapping.name, f"matches none of the files: its patterns are {names}")
    return [
        sheet if pattern is None else _mapped(sheet, pattern)
        for sheet, pattern in zip(sheets, patterns, strict=True)
    ]


def _mapped(sheet: Sheet, pattern: FilePattern) -> Sheet:
    """The sheet with only the mapped columns, translated values, and the constants. The headings do not
    change, so that messages name cells as their author knows them."""
    fields = _fields(sheet, pattern)
    constants: dict[str, str | None] = {
        CONSTANT.format(name): value for name, value in pattern.constants.items()
    }
    names = fields | {CONSTANT.format(name): name for name in pattern.constants}

    is_json = sheet.format.startswith("JSON")

    def records() -> Iterator[FileRecord]:
        above: dict[str, str | None] = {}
        for record in sheet.records():
            cells = _cells(record, fields, pattern, above)
            surplus = {} if is_json else _surplus(record, sheet)
            if cells or surplus:
                yield replace(record, cells=cells | constants | surplus)

    return replace(
        sheet,
        headings=tuple(names),
        records=records,
        entity=pattern.entity.name,
        fields=names,
        is_mapped=True,
        unmapped=tuple(heading for heading in sheet.headings if heading not in fields),
    )


def _fields(sheet: Sheet, pattern: FilePattern) -> dict[str, str]:
    """From headings of the sheet to columns of the entity. JSON headings are those of one record, which
    may lack some."""
    headings = {_key(heading): heading for heading in sheet.headings}
    fields = {}
    for stated, name in pattern.columns.items():
        heading = headings.get(_key(stated))
        if heading is None and not sheet.format.startswith("JSON"):
            near = get_close_matches(_key(stated), headings, n=1)
            hint = f"; the nearest is {headings[near[0]]!r}" if near else ""
            raise FileRefused(sheet.file, f"lacks the column {stated!r} of the mapping{hint}")
        fields[heading or stated] = name
    return fields


def _surplus(record: FileRecord, sheet: Sheet) -> dict[str, str | None]:
    """The cells without a heading, for which a row is refused."""
    return {name: cell for name, cell in record.cells.items() if name not in sheet.headings}


def _key(heading: str) -> str:
    return heading.strip().casefold()


def _cells(
    record: FileRecord,
    fields: Mapping[str, str],
    pattern: FilePattern,
    above: dict[str, str | None],
) -> dict[str, str | None]:
    """The mapped cells of a record; `above` has the cells of the previous record for filling blank
    ones."""
    cells: dict[str, str | None] = {}
    for heading, name in fields.items():
        cell = record.cells.get(heading)
        if name in pattern.fill_down:
            cell = above[heading] = cell or above.get(heading)
        words = pattern.values.get(name, {})
        cell = words.get((cell or "").strip(), cell)
        if cell is not None or heading in record.cells:
            cells[heading] = cell
    return cells
