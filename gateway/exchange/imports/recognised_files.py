"""The files of an import with their entities, and their description in import_sheets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson

from gateway.exchange.formats.cells import Locale
from gateway.exchange.formats.sheets import FileRefused, Sheet
from gateway.exchange.imports.locale_decision import decide_locales
from gateway.exchange.imports.row_reader import Finding, Place
from gateway.exchange.mappings.columns import FileEntity
from gateway.exchange.mappings.decisions import Decision, FileOutcome, RecognitionRefused
from gateway.exchange.mappings.recognition import check_decisions, decide
from gateway.storage.file_reports import FileReport
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
    opened: Mapping[int, Sheet] = field(default_factory=dict)
    """All sheets that could be opened, by the position of their decision."""


def recognise_files(sheets: Sequence[Sheet], *, is_whole: bool = False) -> RecognisedFiles:
    """The entity and locale of every sheet that can be read. Raises RecognitionRefused if there is none, or
    if there are others and the import must be whole."""
    decisions: list[Decision] = []
    opened: dict[int, Sheet] = {}
    recognised = []
    for sheet in sheets:
        entity, decision = decide(sheet)
        opened[len(decisions)] = sheet
        if entity is not None:
            recognised.append((len(decisions), sheet, entity))
        decisions.append(decision)
        decisions += [
            Decision(skipped.file, FileOutcome.SKIPPED, reason=skipped.reason, code="FILE_SKIPPED")
            for skipped in sheet.skipped
        ]
    _check(decisions, opened, is_whole=is_whole)
    locales = decide_locales([(sheet, entity) for _, sheet, entity in recognised])
    found: list[RecognisedSheet] = []
    for (place, sheet, entity), locale in zip(recognised, locales, strict=True):
        if isinstance(locale, Locale):
            found.append(RecognisedSheet(place, sheet, entity, locale))
        else:
            decisions[place] = _refused(decisions[place], locale)
    is_strict = any(sheet.options.strict for sheet in sheets)
    _check(decisions, opened, is_whole=is_whole or is_strict)
    return RecognisedFiles(decisions, found, opened)


def _check(decisions: Sequence[Decision], opened: Mapping[int, Sheet], *, is_whole: bool) -> None:
    """Raises RecognitionRefused, with reports for which the rows of all files are counted."""
    try:
        check_decisions(decisions, is_whole=is_whole)
    except RecognitionRefused as refused:
        refused.reports = [
            _report(decision, opened.get(place)) for place, decision in enumerate(decisions)
        ]
        raise


def _report(decision: Decision, sheet: Sheet | None) -> FileReport:
    return FileReport(
        name=decision.file,
        entity=decision.entity if decision.outcome is FileOutcome.IMPORTED else None,
        reason=decision.sentence,
        rows=None if sheet is None else _count(sheet),
        format=None if sheet is None else sheet.format or None,
        encoding=None if sheet is None else sheet.encoding,
        separator=None if sheet is None else sheet.separator,
        date_order=None,
        decimal_sign=None,
        columns_used=(),
        columns_skipped=(),
    )


def _count(sheet: Sheet) -> int | None:
    """The number of rows; None if they cannot be read to the end."""
    try:
        return None if sheet.defect else sum(1 for _ in sheet.records())
    except FileRefused:
        return None


def _refused(decision: Decision, refused: FileRefused) -> Decision:
    """The decision about a file that turned out to be broken or ambiguous."""
    return replace(decision, outcome=FileOutcome.REFUSED, reason=refused.message, code=refused.code)


def file_rows(job: ImportJobRow, files: RecognisedFiles) -> list[ImportSheetRow]:
    """The stored descriptions of all files, which outlive the files."""
    sheets = {recognised.place: recognised for recognised in files.sheets}
    return [
        _sheet_row(job, sheets[place], decision)
        if place in sheets
        else _skipped_row(job, place, decision, files.opened.get(place))
        for place, decision in enumerate(files.decisions)
    ]


def _skipped_row(
    job: ImportJobRow, place: int, decision: Decision, sheet: Sheet | None
) -> ImportSheetRow:
    reading = {
        "encoding": sheet and sheet.encoding,
        "separator": sheet and sheet.separator,
        "decision": decision,
        "reason": decision.sentence,
    }
    return ImportSheetRow(
        company_id=job.company_id,
        job_id=job.id,
        place=place,
        file=decision.file,
        format=sheet.format if sheet else "",
        entity="",
        headings="[]",
        reading=orjson.dumps(reading).decode(),
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


def file_findings(files: RecognisedFiles) -> list[Finding]:
    """A warning for each file that is skipped, and a problem for each that is refused."""
    return [
        _file_finding(Place(place), decision)
        for place, decision in enumerate(files.decisions)
        if decision.outcome is not FileOutcome.IMPORTED
    ]


def _file_finding(place: Place, decision: Decision) -> Finding:
    is_warning = decision.outcome is FileOutcome.SKIPPED
    became = "skipped" if is_warning else "refused"
    message = f"The file is {became}: it {decision.reason}."
    return Finding(place, decision.code or FileRefused.code, message, is_warning=is_warning)
