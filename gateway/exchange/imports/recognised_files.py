"""The files of an import with their entities, and their description in import_sheets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from gateway.exchange.formats.cells import Locale
from gateway.exchange.formats.sheets import Sheet
from gateway.exchange.imports.locale_decision import decide_locales
from gateway.exchange.imports.row_reader import Finding, Place
from gateway.exchange.mappings.columns import FileEntity
from gateway.exchange.mappings.decisions import Decision, FileOutcome
from gateway.exchange.mappings.recognition import check_decisions, decide
from gateway.storage.tables.import_jobs import ImportJobRow, ImportSheetRow


@dataclass(frozen=True)
class RecognisedSheet:
    """A sheet with its entity and the locale of its dates and numbers."""

    place: int
    sheet: Sheet
    entity: FileEntity
    locale: Locale


@dataclass(frozen=True)
class RecognisedFiles:
    """The decisions about all files of an import, and the sheets that are imported. A sheet has the
    position of its decision."""

    decisions: Sequence[Decision]
    sheets: Sequence[RecognisedSheet]


def recognise_files(sheets: Sequence[Sheet]) -> RecognisedFiles:
    """The entity and locale of every sheet. Raises RecognitionRefused if a file contradicts its name, or if
    none is recognised."""
    decisions: list[Decision] = []
    recognised = []
    for sheet in sheets:
        entity, decision = decide(sheet)
        if entity is not None:
            recognised.append((len(decisions), sheet, entity))
        decisions.append(decision)
        decisions += [
            Decision(skipped.file, FileOutcome.SKIPPED, reason=skipped.reason)
            for skipped in sheet.skipped
        ]
    check_decisions(decisions)
    locales = decide_locales([(sheet, entity) for _, sheet, entity in recognised])
    result = zip(recognised, locales, strict=True)
    return RecognisedFiles(
        decisions, [RecognisedSheet(*description, locale) for description, locale in result]
    )


def file_rows(job: ImportJobRow, files: RecognisedFiles) -> list[ImportSheetRow]:
    """The stored descriptions of all files, which outlive the files."""
    sheets = {recognised.place: recognised for recognised in files.sheets}
    return [
        _sheet_row(job, sheets[place], decision)
        if place in sheets
        else _skipped_row(job, place, decision)
        for place, decision in enumerate(files.decisions)
    ]


def _skipped_row(job: ImportJobRow, place: int, decision: Decision) -> ImportSheetRow:
    return ImportSheetRow(
        company_id=job.company_id,
        job_id=job.id,
        place=place,
        file=decision.file,
        format="",
        entity="",
        headings="[]",
        reading=orjson.dumps({"decision": decision, "reason": decision.sentence}).decode(),
    )


def _sheet_row(
    job: ImportJobRow, recognised: RecognisedSheet, decision: Decision
) -> ImportSheetRow:
    sheet = recognised.sheet
    reading = {
        **recognised.locale.stored(),
        "encoding": sheet.encoding,
        "separator": sheet.separator,
        "fields": dict(sheet.fields),
        "decision": decision,
        "reason": decision.sentence,
        **headings_by_use(recognised, sheet.headings, ()),
    }
    return ImportSheetRow(
        company_id=job.company_id,
        job_id=job.id,
        place=recognised.place,
        file=sheet.file,
        format=sheet.format,
        entity=recognised.entity.name,
        headings=orjson.dumps(sheet.headings).decode(),
        reading=orjson.dumps(reading).decode(),
    )


def headings_by_use(
    recognised: RecognisedSheet, headings: Iterable[str], of_lines: Iterable[str]
) -> dict[str, list[str]]:
    """The headings of a sheet, and of the lines within its records, by whether the import uses them."""
    sheet, entity = recognised.sheet, recognised.entity
    used = {heading: entity.reads(sheet.fields.get(heading, heading)) for heading in headings}
    used |= {heading: (entity.lines or entity).reads(heading) for heading in of_lines}
    used |= dict.fromkeys(sheet.unmapped, False)
    return {
        "used": [heading for heading, is_used in used.items() if heading and is_used],
        "skipped": [heading for heading, is_used in used.items() if heading and not is_used],
    }


def skipped_findings(files: RecognisedFiles) -> list[Finding]:
    """A warning for each skipped file."""
    return [
        Finding(
            Place(place),
            "FILE_SKIPPED",
            f"The file is skipped: it {decision.reason}.",
            is_warning=True,
        )
        for place, decision in enumerate(files.decisions)
        if decision.outcome is FileOutcome.SKIPPED
    ]
