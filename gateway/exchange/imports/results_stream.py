"""The results of an import job as JSON lines, one for each row, in the order of the files."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, BinaryIO

import orjson

from gateway.exchange.formats.destinations import write_chunk
from gateway.exchange.imports.importer import Importer
from gateway.exchange.imports.row_results import Entry, key_name
from gateway.exchange.mappings.columns import FileEntity
from gateway.exchange.mappings.file_entities import ENTITIES_BY_NAME
from gateway.storage.tables.import_jobs import ImportSheetRow
from gateway.storage.transactions import read_only

RUNS_AT_ONCE = 500
"""Stored runs of rows that are in memory at once; each has at most the rows of one order."""


async def result_lines(importer: Importer, key: str) -> AsyncIterator[bytes]:
    """The results that a job has so far. A file that was not read has one line without a row."""
    async with read_only(importer.database, importer.scope) as writer:
        sheets = await writer.staging.sheets(key)
    for sheet in sheets:
        if not sheet.entity:
            yield _unread(sheet)
            continue
        async for lines in _lines_of(importer, key, sheet):
            yield lines


async def save_results(importer: Importer, key: str, file: BinaryIO) -> None:
    """Write the results of a job to a file. Raises CannotWrite."""
    async for lines in result_lines(importer, key):
        write_chunk(file, lines)


async def _lines_of(importer: Importer, key: str, sheet: ImportSheetRow) -> AsyncIterator[bytes]:
    entity, after = ENTITIES_BY_NAME[sheet.entity], -1
    while True:
        async with read_only(importer.database, importer.scope) as writer:
            runs = await writer.import_results.of_sheet(key, sheet.place, after, RUNS_AT_ONCE)
        if not runs:
            return
        after = runs[-1].row
        yield b"".join(line for run in runs for line in _lines(run, sheet.file, entity))


def _lines(run: Any, file: str, entity: FileEntity) -> Iterator[bytes]:
    for entry in orjson.loads(run.entries):
        yield _line(file, run.row + entry.get("after", 0), entry, (entity.header or entity).name)


def _line(file: str, row: int | None, entry: Entry, entity: str | None) -> bytes:
    name = entry.get("entity", entity)
    key = "number" if name is None else key_name(ENTITIES_BY_NAME[name])
    result: Mapping[str, Any] = {
        "file": file,
        "row": row,
        "line": entry.get("line"),
        "outcome": entry["outcome"],
        "entity": name,
        "id": entry.get("id"),
        key: entry.get("key"),
        "lineId": entry.get("lineId"),
        "etag": entry.get("etag"),
        "codes": entry.get("codes", ()),
    }
    return orjson.dumps(result, option=orjson.OPT_APPEND_NEWLINE)


def _unread(sheet: ImportSheetRow) -> bytes:
    """The result of a file that is skipped or refused as a whole."""
    decision = orjson.loads(sheet.reading)["decision"]
    codes = [decision.get("code") or "FILE_SKIPPED"]
    return _line(sheet.file, None, {"outcome": decision["outcome"], "codes": codes}, None)
