"""Filters: whatever is asked, the database finds exactly what a plain predicate in Python finds.

The predicate knows of filters what their documentation says: truth has two values, null equals
nothing, `not` is the exact opposite, all fields of a missing object are null, a filter without a
condition asks only that the object exists, text is searched without regard to case, and numbers and
codes are equal without regard to case."""

import datetime as dt
import operator
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import event, given, settings

from tests.support.databases import Templates
from tests.support.filters import (
    Known,
    Tree,
    composed,
    known_conditions,
    trees,
    unaccented,
)
from tests.support.served import statements
from tests.support.varied import FIELDS, LINKS, PARTS, Field, Row, Varied, varied

CASELESS = {"number", "code"}
EQUALITY = {"eq", "in"}
OPPOSITES = {"ne": "eq", "notIn": "in"}


class Missing(Row):
    """A missing object: its fields are null and its lists empty, at every depth."""

    def __missing__(self, field: str) -> Any:
        if field.lower().endswith("address"):
            return dict.fromkeys(PARTS)
        return [] if field in LISTED else None


LISTED = {field for _, field in LINKS}
MISSING = Missing()

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
"""The list of a type, its sort columns, and whether the order is descending."""


def parsed(kind: str, given: Any) -> Any:
    """The meaning of a value in a filter; an id in capital letters is the same id."""
    readers: dict[str, Callable[[Any], Any]] = {
        "String": composed,
        "ID": str.lower,
        "Decimal": Decimal,
        "Date": dt.date.fromisoformat,
        "DateTime": dt.datetime.fromisoformat,
    }
    return readers.get(kind, lambda value: value)(given)


def folded(text: str) -> str:
    return unaccented(text).casefold()


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "contains": lambda stored, value: value.casefold() in stored.casefold(),
    "startsWith": lambda stored, value: stored.casefold().startswith(value.casefold()),
    "containsFolded": lambda stored, value: folded(value) in folded(stored),
    "on": lambda stored, day: stored.astimezone(dt.UTC).date() == day,
    "in": lambda stored, several: stored in several,
}


def caseless(text: str) -> str:
    return composed(text.casefold())


def comparison(field: str, kind: str, name: str, given: Any) -> Predicate:
    if name in OPPOSITES:
        return opposite(comparison(field, kind, OPPOSITES[name], given))
    if name == "isNull":
        return lambda stored: (stored is None) == given
    is_list = name == "in"
    kind = "Date" if name == "on" else kind
    value = [parsed(kind, each) for each in given] if is_list else parsed(kind, given)
    compare = COMPARE[name]
    if field in CASELESS and name in EQUALITY:
        lowered = [caseless(each) for each in value] if is_list else caseless(value)
        return lambda stored: stored is not None and compare(caseless(stored), lowered)
    return lambda stored: stored is not None and compare(stored, value)


def joined(quantity: Quantity, parts: Iterable[Predicate]) -> Predicate:
    several = list(parts)
    return lambda value: quantity(part(value) for part in several)


def condition(field: str, kind: str, requested: Tree) -> Predicate:
    return joined(all, (comparison(field, kind, name, value) for name, value in requested.items()))


def opposite(part: Predicate) -> Predicate:
    return lambda value: not part(value)


def predicate(name: str, tree: Tree) -> Predicate:
    """Whether a row of the type `name` matches a filter."""
    return joined(all, (predicate_of_part(name, field, value) for field, value in tree.items()))


def has_condition(name: str, tree: Tree) -> bool:
    """Whether a filter has any condition or relation."""
    for field, value in tree.items():
        if field in ("and", "or") and any(has_condition(name, each) for each in value):
            return True
        if field == "not" and has_condition(name, value):
            return True
        form = FIELDS[name].get(field)
        if field == "isNull" or (form and form.kind in ("one", "many")):
            return True
        if form and (any(value.values()) if form.kind == "PostalAddress" else value):
            return True
    return False


def predicate_of_part(name: str, field: str, value: Any) -> Predicate:
    if field in ("and", "or"):
        return joined(all if field == "and" else any, (predicate(name, tree) for tree in value))
    if field == "not":
        return opposite(predicate(name, value))
    if field == "isNull":
        return lambda row: (row is MISSING) == value
    return predicate_of_field(FIELDS[name][field], field, value)


def predicate_of_field(form: Field, field: str, value: Any) -> Predicate:
    if form.kind == "PostalAddress":
        parts = {part: condition(part, "String", requested) for part, requested in value.items()}
        return lambda row: all(holds(row[field][part]) for part, holds in parts.items())
    if form.kind == "one":
        holds = predicate(form.target, value)
        holds_for_missing = has_condition(form.target, value) and holds(MISSING)
        return lambda row: holds_for_missing if row[field] is None else holds(row[field])
    if form.kind == "many":
        quantified = [
            (QUANTIFIERS[kind], predicate(form.target, tree)) for kind, tree in value.items()
        ]
        return lambda row: all(check(map(holds, row[field])) for check, holds in quantified)
    met = condition(field, form.kind, value)
    return lambda row: met(row[field])


@pytest.fixture(scope="module")
def stored(templates: Templates) -> Iterator[Varied]:
    with varied(templates) as result:
        yield result


@pytest.fixture(scope="module")
def known(stored: Varied) -> Known:
    return known_conditions(stored.rows)


def check(stored: Varied, name: str, tree: Tree) -> None:
    """The list returns the matching rows in its order, and counts them, in two statements."""
    root, key, backward = LISTS[name]
    query = f"""query ($filter: {name}Filter) {{ {root}(filter: $filter, first: {PAGE}) {{
      totalCount nodes {{ id }} }} }}"""
    holds = predicate(name, tree)
    holding = [row for row in stored.rows[name] if holds(row)]
    holding.sort(key=key, reverse=backward)
    with statements() as seen:
        result = stored.client.ask(query, filter=tree)[root]
    assert [node["id"] for node in result["nodes"]] == [row["id"] for row in holding[:PAGE]]
    assert result["totalCount"] == len(holding)
    assert len(seen) == 2
    event(f"{len(holding) * 10 // len(stored.rows[name])} tenths of {root} hold")


@pytest.mark.parametrize("examples", [50, pytest.param(1000, marks=pytest.mark.full)])
@pytest.mark.parametrize("name", LISTS)
def test_a_filter_matches_what_the_predicate_matches(
    stored: Varied, known: Known, name: str, examples: int
) -> None:
    @settings(max_examples=examples)
    @given(tree=trees(known, name))
    def search(tree: Tree) -> None:
        check(stored, name, tree)

    search()
