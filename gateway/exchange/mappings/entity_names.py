"""Interprets the names of files, worksheets, XML elements and entities of a manifest: each may mean
some of our entities, or something of the vendor's that the gateway does not have."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from gateway.exchange.mappings import business_central, finance_operations, reference_columns
from gateway.exchange.mappings.blocks import BLOCKS
from gateway.exchange.mappings.columns import FileEntity
from gateway.exchange.mappings.finance_operations_records import COUNTERPARTS

VERSION = re.compile(r"[vV]\d+(?![a-z])")
WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[^\W\d_]?[^\W\d_A-Z]+|[A-Z]+")
NOISE = frozenset(
    [
        "entity",
        "page",
        "part",
        "export",
        "exported",
        "exports",
        "import",
        "imported",
        "imports",
        "all",
        "new",
        "my",
        "copy",
        "final",
        "data",
        "list",
        "listing",
        "table",
        "sheet",
        "open",
        "the",
    ]
)
"""Words that say nothing about the content of a file."""

Words = tuple[str, ...]


@dataclass(frozen=True)
class Subject:
    """The meaning of a name: the columns decide among the candidates in `entities`; a foreign subject
    has none."""

    name: str
    entities: tuple[FileEntity, ...] = ()

    @property
    def is_foreign(self) -> bool:
        return not self.entities


HEADERS = Subject("sales order headers", (finance_operations.HEADERS, business_central.ORDERS))
LINES = Subject("sales order lines", (finance_operations.LINES, business_central.LINES))
ORDERS = Subject(
    "sales orders",
    (
        *HEADERS.entities,
        *LINES.entities,
        finance_operations.FLAT_ORDERS,
        business_central.FLAT_ORDERS,
    ),
)
HEADER_NAMES = ("sales order header", "order header", "header")
LINE_NAMES = ("sales order line", "order line", "line")
ORDER_NAMES = ("sales order", "order", "sales order composite", "sales order header and line")


def words_of(name: str) -> Words:
    """The words of a name in lower case and the singular, without versions, digits and meaningless
    words."""
    result = (word.lower() for word in WORD.findall(VERSION.sub(" ", name)))
    return tuple(_singular(word) for word in result if word not in NOISE)


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("xes", "sses", "ches")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def exact_subject(name: str) -> Subject | None:
    """The subject called `name`, ignoring case, number, spaces and version."""
    return _subjects().get(words_of(name)) or _joined().get(_joined_capitals(name))


def _joined_capitals(name: str) -> str:
    """The form of a name in capitals, such as SALESORDERHEADERV2ENTITY, whose words are not separated."""
    bare = re.sub(r"(v\d+)?(entity)?$", "", "".join(filter(str.isalnum, name.lower())))
    return _singular(bare)


def subjects_in(name: str) -> list[Subject]:
    """The subjects that `name` mentions, in order, each by the longest of its names."""
    exact = exact_subject(name)
    return [exact] if exact is not None else list(_mentioned(words_of(name)))


def _mentioned(words: Words) -> Iterator[Subject]:
    place = 0
    while place < len(words):
        lengths = range(min(LONGEST, len(words) - place), 0, -1)
        length = next((n for n in lengths if words[place : place + n] in _subjects()), None)
        if length is not None:
            yield _subjects()[words[place : place + length]]
        place += length or 1


LONGEST = 6
"""The number of words in the longest name that is searched for within another."""


@cache
def _subjects() -> Mapping[Words, Subject]:
    """All subjects by the words of their names; ours take precedence."""
    foreign = {words_of(name): Subject(name) for name in _foreign_names()}
    own = {words_of(name): subject for name, subject in _own_names()}
    return foreign | own


@cache
def _joined() -> Mapping[str, Subject]:
    """All subjects by their names without spaces, which some programs write in capitals."""
    foreign = {_joined_capitals(name): Subject(name) for name in _foreign_names()}
    own = {_joined_capitals(name): subject for name, subject in _own_names()}
    return foreign | own


def _own_names() -> Iterator[tuple[str, Subject]]:
    for subject, names in ((HEADERS, HEADER_NAMES), (LINES, LINE_NAMES), (ORDERS, ORDER_NAMES)):
        yield from ((name, subject) for name in names)
    for entity, subject in (
        (finance_operations.HEADERS, HEADERS),
        (finance_operations.LINES, LINES),
    ):
        yield from ((name, subject) for name in (entity.name, *entity.names))
    for entity, subject in ((business_central.ORDERS, ORDERS), (business_central.LINES, LINES)):
        yield from ((name, subject) for name in (entity.name, *entity.names))
    for entity in (*reference_columns.RECORD_ENTITIES.values(), *BLOCKS):
        subject = Subject(entity.name, (entity, *COUNTERPARTS.get(entity, ())))
        for each in subject.entities:
            yield from ((name, subject) for name in (each.name, *each.names))


def _foreign_names() -> Sequence[str]:
    listed = files("gateway.exchange.mappings").joinpath("foreign_entities.txt").read_text("utf-8")
    return [line for line in listed.splitlines() if line and not line.startswith("#")]
