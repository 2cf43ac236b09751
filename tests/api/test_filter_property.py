"""Filters: whatever is asked, the database finds exactly what a plain predicate in Python finds.

The predicate knows of filters what their documentation says: truth has two values, null equals
nothing, `not` is the exact opposite, and text is searched without regard to case."""

import datetime as dt
import operator
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.support.databases import Templates
from tests.support.served import statements
from tests.support.varied import FIELDS, OPERATORS, PARTS, SCHEMA, Field, Row, Varied, varied

Tree = dict[str, Any]

OPPOSITES = {"ne": "eq", "notIn": "in"}
RELATIONS = ("one", "many")

Predicate = Callable[[Any], bool]
Quantity = Callable[[Iterable[bool]], bool]
QUANTIFIERS: dict[str, Quantity] = {
    "some": any,
    "every": all,
    "none": lambda found: not any(found),
}
PAGE = 200
LISTS: dict[str, tuple[str, Callable[[Row], Any], bool]] = {
    "SalesOrder": ("salesOrders", lambda row: (row["orderDate"], row["id"]), True),
    "SalesOrderLine": ("salesOrderLines", lambda row: (row["salesOrder"]["id"], row["sequence"]), False),
    "Customer": ("customers", lambda row: row["number"], False),
}  # fmt: skip
"""The list of a type, by what it is sorted, and whether backward."""


def composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def parsed(kind: str, given: Any) -> Any:
    """What a value in a filter means; an id in capital letters is the same id."""
    readers: dict[str, Callable[[Any], Any]] = {
        "String": composed,
        "ID": str.lower,
        "Decimal": Decimal,
        "Date": dt.date.fromisoformat,
        "DateTime": dt.datetime.fromisoformat,
    }
    return readers.get(kind, lambda value: value)(given)


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "contains": lambda stored, value: value.casefold() in stored.casefold(),
    "startsWith": lambda stored, value: stored.casefold().startswith(value.casefold()),
    "in": lambda stored, several: stored in several,
}


def comparison(kind: str, name: str, given: Any) -> Predicate:
    if name in OPPOSITES:
        return opposite(comparison(kind, OPPOSITES[name], given))
    if name == "isNull":
        return lambda stored: (stored is None) == given
    is_list = name == "in"
    value = [parsed(kind, each) for each in given] if is_list else parsed(kind, given)
    compare = COMPARE[name]
    return lambda stored: stored is not None and compare(stored, value)


def joined(quantity: Quantity, parts: Iterable[Predicate]) -> Predicate:
    several = list(parts)
    return lambda value: quantity(part(value) for part in several)


def condition(kind: str, asked: Tree) -> Predicate:
    return joined(all, (comparison(kind, name, value) for name, value in asked.items()))


def opposite(part: Predicate) -> Predicate:
    return lambda value: not part(value)


def predicate(name: str, tree: Tree) -> Predicate:
    """Whether a row of the type `name` matches a filter."""
    return joined(all, (predicate_of_part(name, field, value) for field, value in tree.items()))


def predicate_of_part(name: str, field: str, value: Any) -> Predicate:
    if field in ("and", "or"):
        return joined(all if field == "and" else any, (predicate(name, tree) for tree in value))
    if field == "not":
        return opposite(predicate(name, value))
    form = FIELDS[name][field]
    if form.kind == "PostalAddress":
        parts = {part: condition("String", asked) for part, asked in value.items()}
        return lambda row: all(holds(row[field][part]) for part, holds in parts.items())
    if form.kind == "one":
        holds = predicate(form.target, value)
        return lambda row: row[field] is not None and holds(row[field])
    if form.kind == "many":
        quantified = [
            (QUANTIFIERS[kind], predicate(form.target, tree)) for kind, tree in value.items()
        ]
        return lambda row: all(check(map(holds, row[field])) for check, holds in quantified)
    met = condition(form.kind, value)
    return lambda row: met(row[field])


ABSENT: dict[str, list[Any]] = {
    "String": ["", "nowhere", "%", "_", "A", "e", "ss", "\u03c2", "e\u0301", "\U0001f601"],
    "ID": ["", "x", "00000000-0000-0000-0000-000000000000", "1"],
    "Int": [0, -1, 2**31 - 1, -(2**31)],
    "Decimal": ["0", "-0.00001", "9999999999999.99999", "-9999999999999.99999"],
    "Date": ["0001-01-01", "9999-12-31", "1997-02-28"],
    "DateTime": ["0001-01-02T00:00:00Z", "9999-12-30T23:59:59.999999Z"],
}
NEAR: dict[str, list[Callable[[Any], Any]]] = {
    "String": [
        *(str.upper, str.lower, str.swapcase, lambda text: text + "a", lambda text: text[1:-1]),
        *(lambda text: text[:1], lambda text: text[1:3], decomposed),
    ],
    "ID": [str.upper, lambda guid: guid[:-1], lambda guid: guid.replace("-", "")],
    "Int": [lambda number: number + 1, lambda number: number - 1],
    "Decimal": [
        *(lambda number: number + Decimal("0.00001"), lambda number: number - Decimal("0.00001")),
        *(lambda number: -number, lambda number: number.quantize(Decimal("0.000000000"))),
    ],
    "Date": [lambda date: date + dt.timedelta(1), lambda date: date - dt.timedelta(1)],
    "DateTime": [
        lambda moment: moment + dt.timedelta(microseconds=1),
        lambda moment: moment.astimezone(dt.timezone(dt.timedelta(hours=-7))),
    ],
}


def written(value: Any) -> Any:
    """A value as a client writes it."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, dt.date) else value


def values(kind: str, form: Field, stored: set[Any]) -> st.SearchStrategy[Any]:
    """Values that are stored, values beside them, and values that are nowhere."""
    if kind == "Boolean":
        return st.booleans()
    if kind == "enum":
        return st.sampled_from(list(SCHEMA.type_map[form.target].values))
    absent = st.sampled_from(ABSENT[kind])
    if not stored:
        return absent
    known = st.sampled_from(sorted(stored))
    near = st.builds(lambda value, shift: shift(value), known, st.sampled_from(NEAR[kind]))
    return st.one_of(*[known.map(written)] * 3, *[near.map(written)] * 3, absent)


@st.composite
def conditions(
    draw: st.DrawFn, kind: str, operands: st.SearchStrategy[Any], *, nullable: bool
) -> Tree:
    """One condition as a rule; none or several at times."""
    possible = OPERATORS[kind] + (("isNull",) if nullable else ())
    asked: Tree = {}
    for name in draw(st.lists(st.sampled_from(possible), max_size=2)) or possible[:1]:
        if name == "isNull":
            asked[name] = draw(st.booleans())
        else:
            is_list = name in ("in", "notIn")
            asked[name] = draw(st.lists(operands, max_size=9) if is_list else operands)
    return draw(st.sampled_from([asked] * 9 + [{}]))


class Known(dict[tuple[str, str], st.SearchStrategy[Tree]]):
    """Conditions on each column and address of each type."""

    def __repr__(self) -> str:
        return "known"


def known_conditions(rows: dict[str, list[Row]]) -> Known:
    known = Known()
    for name, fields in FIELDS.items():
        for field, form in fields.items():
            stored = [row[field] for row in rows[name]]
            if form.kind == "PostalAddress":
                parts = {text for address in stored for text in address.values()} - {None}
                on_part = conditions("String", values("String", form, parts), nullable=True)
                known[name, field] = st.dictionaries(st.sampled_from(PARTS), on_part, max_size=2)
            elif form.kind not in RELATIONS:
                operands = values(form.kind, form, set(stored) - {None})
                known[name, field] = conditions(form.kind, operands, nullable=form.nullable)
    return known


@st.composite
def trees(draw: st.DrawFn, known: Known, name: str, depth: int = 3) -> Tree:
    """A filter on the type `name`, at most so many relations and combinations deep."""
    asked: Tree = {}
    related = [field for field, form in FIELDS[name].items() if form.kind in RELATIONS]
    columns = [field for field in FIELDS[name] if field not in related]
    choices = [columns] + [related or columns, ["and", "or", "not"]] * (depth > 0)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 2, 3, 0]))):
        field = draw(st.sampled_from(draw(st.sampled_from(choices))))
        if field in columns:
            asked[field] = draw(known[name, field])
            continue
        form = FIELDS[name].get(field, Field(field, name, nullable=False))
        below = trees(known, form.target, depth - 1)
        if form.kind in ("and", "or"):
            below = st.lists(below, max_size=3)
        elif form.kind == "many":
            below = st.dictionaries(st.sampled_from(list(QUANTIFIERS)), below, max_size=2)
        asked[field] = draw(below)
    return asked


@pytest.fixture(scope="module")
def stored(templates: Templates) -> Iterator[Varied]:
    with varied(templates) as found:
        yield found


@pytest.fixture(scope="module")
def known(stored: Varied) -> Known:
    return known_conditions(stored.rows)


def check(stored: Varied, name: str, tree: Tree) -> None:
    """The list finds the rows that hold, in its order, and counts them, in two statements."""
    root, key, backward = LISTS[name]
    query = f"""query ($filter: {name}Filter) {{ {root}(filter: $filter, first: {PAGE}) {{
      totalCount nodes {{ id }} }} }}"""
    holds = predicate(name, tree)
    holding = [row for row in stored.rows[name] if holds(row)]
    holding.sort(key=key, reverse=backward)
    with statements() as seen:
        found = stored.client.ask(query, filter=tree)[root]
    assert [node["id"] for node in found["nodes"]] == [row["id"] for row in holding[:PAGE]]
    assert found["totalCount"] == len(holding)
    assert len(seen) == 2
    event(f"{len(holding) * 10 // len(stored.rows[name])} tenths of {root} hold")


@pytest.mark.parametrize("examples", [50, pytest.param(1000, marks=pytest.mark.full)])
@pytest.mark.parametrize("name", LISTS)
def test_a_filter_finds_what_the_predicate_finds(
    stored: Varied, known: Known, name: str, examples: int
) -> None:
    @settings(max_examples=examples)
    @given(tree=trees(known, name))
    def search(tree: Tree) -> None:
        check(stored, name, tree)

    search()
