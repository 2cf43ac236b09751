"""Recognises what a file contains, without guessing: by the manifest, or else by a name, or else by
columns that only fit one entity."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.exchange.formats.sheets import FileRefused, Sheet
from gateway.exchange.mappings.columns import FileEntity, RowKind, folded
from gateway.exchange.mappings.decisions import (
    Decision,
    Evidence,
    FileOutcome,
    RecognitionRefused,
)
from gateway.exchange.mappings.entity_names import (
    LINES,
    Subject,
    exact_subject,
    subjects_in,
)
from gateway.exchange.mappings.file_entities import ENTITIES, ENTITIES_BY_NAME, FLAT_ORDERS
from gateway.exchange.mappings.sheet_headings import (
    folded_headings,
    has_foreign_word,
    names_document,
    unknown_headings,
)


class NotRecognised(Exception):
    """A file is skipped or refused for the reason in str(), a sentence without its subject and full stop."""

    def __init__(self, outcome: FileOutcome, reason: str, subject: str | None = None) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.subject = subject


@dataclass(frozen=True)
class Recognised:
    """The entity of a sheet, and the evidence for it."""

    entity: FileEntity
    evidence: Evidence


def decide(sheet: Sheet) -> tuple[FileEntity | None, Decision]:
    """The entity of a sheet, if it is to be imported, and the decision about it."""
    try:
        result = _recognised(sheet)
    except NotRecognised as unknown:
        reason = str(unknown)
        code = "FILE_SKIPPED" if unknown.outcome is FileOutcome.SKIPPED else FileRefused.code
        return None, Decision(sheet.file, unknown.outcome, unknown.subject, None, reason, code)
    decision = Decision(sheet.file, FileOutcome.IMPORTED, result.entity.name, result.evidence)
    return result.entity, decision


def check_decisions(decisions: Sequence[Decision], *, is_whole: bool) -> None:
    """Raises RecognitionRefused if no file is imported, or if one is refused of an import that must be
    whole."""
    refused = [each for each in decisions if each.outcome is FileOutcome.REFUSED]
    is_any_imported = any(each.outcome is FileOutcome.IMPORTED for each in decisions)
    if not is_any_imported:
        refused = refused or list(decisions)
    if refused and (is_whole or not is_any_imported):
        raise RecognitionRefused(refused[0])


def _recognised(sheet: Sheet) -> Recognised:
    if sheet.is_mapped:
        _check_defect(sheet)
        return Recognised(ENTITIES_BY_NAME[sheet.entity or ""], Evidence.MAPPING)
    if sheet.is_in_manifest:
        return Recognised(_of_manifest(sheet), Evidence.MANIFEST)
    for name, is_weak in _names(sheet):
        subject = _subject(name, sheet)
        if subject is None:
            continue
        if not is_weak:
            return Recognised(_of_subject(subject, name, sheet), Evidence.NAME)
        try:
            return Recognised(_of_subject(subject, name, sheet), Evidence.NAME)
        except NotRecognised:
            continue
    return Recognised(_of_columns(sheet), Evidence.COLUMNS)


def _names(sheet: Sheet) -> Iterator[tuple[str, bool]]:
    """The names that may identify the entity, and whether each is weak. Weak names, which are those of
    folders and of workbooks with several worksheets, only count if the columns agree."""
    if sheet.entity:
        yield sheet.entity, False
    path = sheet.file.split("/")
    if sheet.worksheet:
        yield sheet.worksheet, False
        is_one_of_many = path[-1] == sheet.worksheet and len(path) > 1
        path = path[:-1] if is_one_of_many else path
        yield _stem(path[-1]), is_one_of_many
    else:
        yield _stem(path[-1]), False
    yield from ((folder, True) for folder in reversed(path[1:-1]))


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _of_manifest(sheet: Sheet) -> FileEntity:
    """In a manifest, a name counts as a whole: "Sales order header charges" does not mean headers."""
    for name in filter(None, (sheet.entity, sheet.target)):
        subject = exact_subject(name)
        if subject is not None and not subject.is_foreign:
            return _of_subject(subject, name, sheet)
    raise NotRecognised(
        FileOutcome.SKIPPED,
        f"contains {sheet.entity!r} according to the manifest, which the gateway does not have",
        sheet.entity,
    )


def _subject(name: str, sheet: Sheet) -> Subject | None:
    """The only subject that a name mentions; among several, a foreign one at its end, or the one of
    ours that fits the columns."""
    subjects = list(dict.fromkeys(subjects_in(name)))
    if len(subjects) < 2:
        return subjects[0] if subjects else None
    if subjects[-1].is_foreign:
        return subjects[-1]
    if any(subject.is_foreign for subject in subjects):
        raise NotRecognised(FileOutcome.REFUSED, _mentions(subjects))
    headings = folded_headings(sheet)
    fitting = [
        subject
        for subject in subjects
        if any(entity.has_signs(headings) for entity in subject.entities)
    ]
    if len(fitting) != 1:
        raise NotRecognised(FileOutcome.REFUSED, _mentions(subjects))
    return fitting[0]


def _mentions(subjects: Sequence[Subject]) -> str:
    names = " and ".join(subject.name for subject in subjects)
    return f"mentions {names} in its name, so that it may be either: name it after its content"


def _of_subject(subject: Subject, name: str, sheet: Sheet) -> FileEntity:
    if subject.is_foreign:
        raise NotRecognised(
            FileOutcome.SKIPPED,
            f"is named {name!r}: the gateway does not have {subject.name.lower()}",
            subject.name,
        )
    _check_defect(sheet)
    headings = folded_headings(sheet)
    if not headings:
        return _namesake(subject, name)
    fitting = [entity for entity in subject.entities if entity.has_keys(headings)]
    if not fitting:
        keys = " or ".join(
            dict.fromkeys(entity.keys[0].split("|")[0] for entity in subject.entities)
        )
        raise NotRecognised(
            FileOutcome.REFUSED,
            f"is named {name!r} but lacks the column {keys}, without which it cannot contain"
            f" {subject.name}",
        )
    best = max(fitting, key=lambda entity: entity.known(headings))
    _check_contradiction(subject, name, best, headings)
    _check_documents(best, sheet)
    return best


def _namesake(subject: Subject, name: str) -> FileEntity:
    """The entity of a file without columns: the one with its name, or else the first entity of its
    subject."""
    bearers = (
        entity
        for entity in subject.entities
        if folded(name) in map(folded, (entity.name, *entity.names))
    )
    return next(bearers, subject.entities[0])


def _check_contradiction(
    subject: Subject, name: str, best: FileEntity, headings: frozenset[str]
) -> None:
    """Refuse a file whose columns fit something else better than its name."""
    own = {*subject.entities, *(FLAT_ORDERS if subject is LINES else ())}
    others = [entity for entity in ENTITIES if entity not in own and entity.has_signs(headings)]
    other = max(others, key=lambda entity: entity.known(headings), default=best)
    if other.known(headings) > best.known(headings):
        raise NotRecognised(
            FileOutcome.REFUSED,
            f"is named {name!r} but has the columns of {other.name}: name it after its content",
        )


def _check_documents(entity: FileEntity, sheet: Sheet) -> None:
    """Refuse a list of orders or invoices that would be read as customers or items, since it has
    several rows for each."""
    if entity.row_kind is not RowKind.REFERENCE:
        return
    for heading in unknown_headings(entity, sheet):
        if names_document(heading):
            raise NotRecognised(
                FileOutcome.REFUSED,
                f"has the column {heading!r}, which {entity.name} do not have: a list of documents"
                f" never changes {entity.name}",
            )


def _check_defect(sheet: Sheet) -> None:
    if sheet.defect is not None:
        raise NotRecognised(FileOutcome.REFUSED, sheet.defect.message)


def _of_columns(sheet: Sheet) -> FileEntity:
    _check_defect(sheet)
    headings = folded_headings(sheet)
    fitting = [entity for entity in ENTITIES if entity.has_signs(headings)]
    fitting = [entity for entity in fitting if entity in FLAT_ORDERS] or fitting
    most = max((entity.known(headings) for entity in fitting), default=0)
    best = [entity for entity in fitting if entity.known(headings) == most]
    if len(best) != 1:
        raise _not_of_columns(sheet, headings, best)
    [entity] = best
    unknown = unknown_headings(entity, sheet)
    for heading in unknown:
        if has_foreign_word(heading):
            raise NotRecognised(
                FileOutcome.REFUSED,
                f"has the columns of {entity.name}, but also {heading!r}: name it after its content",
            )
    if len(unknown) > len(headings) / 2:
        raise NotRecognised(
            FileOutcome.REFUSED,
            f"may contain {entity.name}, but most of its columns are unknown, such as"
            f" {unknown[0]!r}: name it after its content",
        )
    _check_documents(entity, sheet)
    return entity


def _not_of_columns(
    sheet: Sheet, headings: frozenset[str], best: Sequence[FileEntity]
) -> NotRecognised:
    """The reason why the columns alone do not identify an entity. A file without any known column is
    skipped, since it is more likely a note than data."""
    possible = best or [entity for entity in ENTITIES if entity.has_keys(headings)]
    if possible:
        names = ", ".join(entity.name for entity in possible)
        return NotRecognised(
            FileOutcome.REFUSED,
            f"names no entity, and its columns may be those of {names}: name it after its content",
        )
    shown = ", ".join(sheet.headings[:5])
    begins = f"it begins with {shown}" if shown else "it is empty"
    return NotRecognised(FileOutcome.SKIPPED, f"names no entity and has no known columns: {begins}")
