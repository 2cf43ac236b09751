"""The mapping of foreign files in TOML: the entity of a file, the field of each column, and
translations of values."""

import datetime as dt
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any, NoReturn

from gateway.exchange.formats.import_options import BadOption, ImportOptions
from gateway.exchange.formats.sheets import FileRefused
from gateway.exchange.mappings.columns import FileEntity, folded
from gateway.exchange.mappings.file_entities import ENTITIES

LARGEST_MAPPING = 1_000_000
"""Bytes of a mapping."""

OPTIONS = ("dates", "decimal", "encoding", "separator")
KEYS = ("pattern", "entity", "columns", "constants", "values", "fillDown", *OPTIONS)
LONGEST_SHOWN = 60
"""Characters of a bad name that a message quotes."""


class MappingRefused(FileRefused):
    """A mapping has a mistake. The message is a sentence for people that names its place."""

    code = "BAD_MAPPING"


@dataclass(frozen=True)
class FilePattern:
    """How to read the files whose names match `pattern`. `columns` maps headings to column names of the
    entity; `constants`, `values` and `fill_down` use these names too."""

    pattern: str
    entity: FileEntity
    columns: Mapping[str, str]
    constants: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    fill_down: frozenset[str]
    options: ImportOptions

    def matches(self, file: str) -> bool:
        """Whether the pattern matches a file, an entry of an archive or a worksheet: either its whole
        name or the part after the last slash."""
        names = (file.casefold(), PurePosixPath(file).name.casefold())
        return any(fnmatchcase(name, self.pattern.casefold()) for name in names)


@dataclass(frozen=True)
class MappingFile:
    """The patterns of a mapping. The first one that matches a file applies."""

    name: str
    text: str
    patterns: Sequence[FilePattern]

    def pattern_of(self, file: str) -> FilePattern | None:
        return next((pattern for pattern in self.patterns if pattern.matches(file)), None)

    def options_of(self, file: str) -> ImportOptions:
        """The options of the mapping for a file."""
        pattern = self.pattern_of(file)
        return ImportOptions() if pattern is None else pattern.options


def read_mapping(name: str, content: bytes) -> MappingFile:
    """The mapping in a file with this name. Raises MappingRefused."""
    if len(content) > LARGEST_MAPPING:
        raise MappingRefused(name, f"is larger than {LARGEST_MAPPING // 1_000_000} MB")
    try:
        text = content.decode("utf-8-sig")
        whole = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise MappingRefused(name, "is not UTF-8, which TOML must be") from error
    except tomllib.TOMLDecodeError as error:
        raise MappingRefused(name, f"is not valid TOML: {error}") from error
    _Table(name, "", whole).check_keys(("files",))
    files = whole.get("files")
    if not isinstance(files, list) or not files:
        raise MappingRefused(name, "has no [[files]], of which it needs one for each kind of file")
    tables = [_Table(name, f"files[{place}]", table) for place, table in enumerate(files, start=1)]
    return MappingFile(name, text, tuple(map(_pattern, tables)))


class _Table:
    """A table of the mapping, and the place that messages name."""

    def __init__(self, file: str, place: str, values: Any) -> None:
        self.file = file
        self.place = place
        if not isinstance(values, dict):
            self.refuse("must be a table")
        self.values: dict[str, Any] = values

    def refuse(self, message: str, key: str | None = None) -> NoReturn:
        """`message` continues a sentence that begins with the place. Raises MappingRefused."""
        place = self.place if key is None else f"{self.place}.{key}".lstrip(".")
        raise MappingRefused(self.file, f"has a mistake: {place} {message}")

    def check_keys(self, known: Iterable[str]) -> None:
        for key in self.values:
            if key not in known:
                self.refuse(f"is an unknown key{_nearest(key, known)}", _shown(key))

    def text(self, key: str) -> str:
        value = self.values.get(key)
        if not isinstance(value, str) or not value:
            self.refuse("must be a text", key)
        return value

    def table(self, key: str) -> "_Table":
        return _Table(self.file, f"{self.place}.{key}", self.values.get(key, {}))

    def field(self, entity: FileEntity, name: object, key: str | None = None) -> str:
        """The column of the entity with this name, as it is spelled there."""
        names = [column.name for column in entity.columns if column.field]
        column = entity.column(name) if isinstance(name, str) else None
        if column is None:
            nearest = _nearest(str(name), names)
            self.refuse(f"names {_shown(name)!r}, which {entity.name} does not have{nearest}", key)
        if not column.field:
            self.refuse(f"names {column.name!r}, which is not imported: {column.note}", key)
        return column.name


def _pattern(table: _Table) -> FilePattern:
    table.check_keys(KEYS)
    entity = _entity(table)
    columns, constants = _columns(table, entity), _constants(table, entity)
    for name, heading in {name: heading for heading, name in columns.items()}.items():
        if name in constants:
            table.refuse(f"is set by the column {heading!r} too", f"constants.{name}")
    return FilePattern(
        pattern=table.text("pattern"),
        entity=entity,
        columns=columns,
        constants=constants,
        values=_values(table, entity),
        fill_down=_fill_down(table, entity, columns),
        options=_options(table),
    )


def _entity(table: _Table) -> FileEntity:
    name = table.text("entity")
    entities = {folded(entity.name): entity for entity in ENTITIES}
    if folded(name) not in entities:
        nearest = _nearest(name, [entity.name for entity in ENTITIES])
        table.refuse(f"is {_shown(name)!r}, which is no entity{nearest}", "entity")
    return entities[folded(name)]


def _columns(table: _Table, entity: FileEntity) -> dict[str, str]:
    columns = table.table("columns")
    if not columns.values:
        table.refuse("must map at least one column", "columns")
    fields: dict[str, str] = {}
    for heading, name in columns.values.items():
        field = columns.field(entity, name, _shown(heading))
        if field in fields.values():
            columns.refuse(f"sets {field}, which another column sets too", _shown(heading))
        fields[heading] = field
    return fields


def _constants(table: _Table, entity: FileEntity) -> dict[str, str]:
    constants = table.table("constants")
    return {
        constants.field(entity, name, name): _constant(constants, name, value)
        for name, value in constants.values.items()
    }


def _constant(constants: _Table, name: str, value: object) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, dt.date):
        return value.isoformat()
    if not isinstance(value, str | int):
        constants.refuse("must be a text: write numbers as the file does", name)
    return str(value)


def _values(table: _Table, entity: FileEntity) -> dict[str, dict[str, str]]:
    values = table.table("values")
    translations = {}
    for name in values.values:
        words = values.table(name)
        for word, meaning in words.values.items():
            if not isinstance(meaning, str):
                words.refuse("must be a text", _shown(word))
        translations[values.field(entity, name, name)] = dict(words.values)
    return translations


def _fill_down(table: _Table, entity: FileEntity, columns: Mapping[str, str]) -> frozenset[str]:
    names = table.values.get("fillDown", [])
    if not isinstance(names, list):
        table.refuse("must be a list of fields", "fillDown")
    fields = frozenset(table.field(entity, name, "fillDown") for name in names)
    for field in sorted(fields.difference(columns.values())):
        table.refuse(f"names {field!r}, which no column sets", "fillDown")
    return fields


def _options(table: _Table) -> ImportOptions:
    stated = {name: value for name, value in table.values.items() if name in OPTIONS}
    try:
        return ImportOptions.read(stated)
    except BadOption as bad:
        table.refuse(str(bad), bad.option)


def _nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that suggests the nearest of the known names."""
    by_folded = {folded(each): each for each in known}
    close = get_close_matches(folded(name), by_folded, n=1, cutoff=0.5)
    return f"; the nearest is {by_folded[close[0]]}" if close else ""


def _shown(name: object) -> str:
    return str(name)[:LONGEST_SHOWN]
