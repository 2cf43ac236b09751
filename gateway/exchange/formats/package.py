"""Reads data packages of Finance & Operations: a manifest and one file per entity."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element
from zipfile import ZipInfo

from gateway.exchange.formats.archive import entry_name, entry_source
from gateway.exchange.formats.sheets import FileRefused, Sheet, SkippedFile, broken_sheet
from gateway.exchange.formats.sources import FileSource, bom_encoding
from gateway.exchange.formats.stray_files import collected
from gateway.exchange.formats.xml_sheets import MAX_DOCUMENT, xml_document

MANIFEST = "manifest.xml"
HEADER = "packageheader.xml"
TEMPLATE = "template.json"

ReadEntry = Callable[[FileSource], list[Sheet]]


@dataclass(frozen=True)
class PackageEntity:
    """An entity of the manifest; `place` is its execution unit, level and sequence, and `target` its
    technical name."""

    name: str
    target: str
    place: tuple[int, int, int]
    file: str
    worksheet: str
    fields: dict[str, str]
    generated: frozenset[str]


def package_sheets(source: FileSource, infos: Sequence[ZipInfo], read: ReadEntry) -> list[Sheet]:
    """The sheets of an archive: in the order of its manifest, or of its files if it has none."""
    manifest = next((info for info in infos if _base(info.filename) == MANIFEST), None)
    if manifest is None:
        return collected([partial(read, entry_source(source, info)) for info in infos])
    files = {_base(info.filename): info for info in infos}
    entities = _entities(entry_source(source, manifest))
    used = [_file_of(entity, files) for entity in entities]
    sheets = [
        _as_entity(entity, _read(source, entity, info, read))
        for entity, info in zip(entities, used, strict=True)
    ]
    if not sheets:
        raise source.refuse("names no entity that can be read")
    return [
        replace(sheets[0], skipped=_unnamed(source, infos, list(filter(None, used)))),
        *sheets[1:],
    ]


def _unnamed(
    source: FileSource, infos: Sequence[ZipInfo], used: Sequence[ZipInfo]
) -> tuple[SkippedFile, ...]:
    """The files that the manifest does not name."""
    known = {info.filename for info in used}
    return tuple(
        SkippedFile(f"{source.name}/{entry_name(info)}", "is not in the manifest")
        for info in infos
        if info.filename not in known and _base(info.filename) not in {MANIFEST, HEADER, TEMPLATE}
    )


def _base(name: str) -> str:
    """The name of a file without its folders, case-folded for comparison."""
    return name.replace("\\", "/").rpartition("/")[2].casefold()


def _file_of(entity: PackageEntity, files: dict[str, ZipInfo]) -> ZipInfo | None:
    """The file that the manifest names, or else the one named after the entity."""
    stems = {PurePosixPath(name).stem: info for name, info in files.items()}
    return files.get(_base(entity.file)) or stems.get(entity.name.casefold())


def _read(
    source: FileSource, entity: PackageEntity, info: ZipInfo | None, read: ReadEntry
) -> list[Sheet]:
    """The sheets of an entity. A missing or broken file becomes a defect of its sheet, because it only
    matters for some entities."""
    if info is None:
        missing = f"has no file for {entity.name!r}: the manifest names {entity.file!r}"
        return [broken_sheet(source.refuse(missing))]
    try:
        return read(entry_source(source, info))
    except FileRefused as refused:
        return [broken_sheet(refused)]


def _as_entity(entity: PackageEntity, sheets: list[Sheet]) -> Sheet:
    """The worksheet that the manifest names, or else the first."""
    named = [sheet for sheet in sheets if entity.worksheet and sheet.worksheet == entity.worksheet]
    return replace(
        (named or sheets)[0],
        entity=entity.name,
        target=entity.target,
        is_in_manifest=True,
        fields=entity.fields,
        generated=entity.generated,
    )


def _entities(source: FileSource) -> list[PackageEntity]:
    """The entities that are not disabled, in the order of their import."""
    root = xml_document(source, _text(source))
    elements = root.iterfind("{*}PackageEntityList/{*}DataManagementPackageEntityData")
    entities = [_entity(source, data) for data in elements if _value(data, "Disable") != "true"]
    return sorted(entities, key=lambda entity: entity.place)


def _text(source: FileSource) -> str:
    content = source.read(MAX_DOCUMENT)
    try:
        return content.decode(bom_encoding(content[:4]) or _unmarked(content)).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        raise source.refuse("is neither UTF-8 nor UTF-16") from error


def _unmarked(content: bytes) -> str:
    return "utf-16-le" if content[1:2] == b"\0" else "utf-8"


def _entity(source: FileSource, data: Element) -> PackageEntity:
    maps = [
        (_value(field, "XMLField"), _value(field, "EntityField"), _value(field, "IsAutoGenerated"))
        for field in data.iterfind("{*}EntityMapList/{*}EntityMap")
    ]
    return PackageEntity(
        name=_value(data, "EntityName"),
        target=_value(data, "TargetEntity"),
        place=(
            _whole(source, data, "ExecutionUnit"),
            _whole(source, data, "LevelInExecutionUnit"),
            _whole(source, data, "SequenceInLevel"),
        ),
        file=_value(data, "InputFilePath"),
        worksheet=_value(data, "ExcelSheetName").rstrip("$"),
        fields={heading: field for heading, field, _ in maps if heading},
        generated=frozenset(heading for heading, _, is_made in maps if is_made == "true"),
    )


def _value(element: Element, name: str) -> str:
    return (element.findtext(f"{{*}}{name}") or "").strip()


def _whole(source: FileSource, data: Element, name: str) -> int:
    """A number for the order of the import; 0 if the manifest has none."""
    value = _value(data, name) or "0"
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise source.refuse(f"has {value!r} for {name}, which is not a whole number")
    return int(value)
