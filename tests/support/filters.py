"""Random filters on the rows of a database: with stored values, similar values and others."""

import datetime as dt
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.support.varied import FIELDS, OPERATORS, PARTS, SCHEMA, Field, Row

Tree = dict[str, Any]
RELATIONS = ("one", "many")
QUANTIFIERS = ("some", "every", "none")


def composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def unaccented(text: str) -> str:
    """Text without the accents and variants of letters that containsFolded ignores."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(each for each in apart if unicodedata.category(each)[0] != "M")


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
        *(lambda text: text[:1], lambda text: text[1:3], decomposed, unaccented),
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
    """Stored values, similar values, and values that do not occur."""
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
    """Usually one condition, sometimes none or several."""
    possible = OPERATORS[kind] + (("isNull",) if nullable else ())
    requested: Tree = {}
    for name in draw(st.lists(st.sampled_from(possible), max_size=2)) or possible[:1]:
        if name == "isNull":
            requested[name] = draw(st.booleans())
        elif name == "on":
            requested[name] = draw(operands.map(lambda moment: moment[:10]))
        else:
            is_list = name in ("in", "notIn")
            requested[name] = draw(st.lists(operands, max_size=9) if is_list else operands)
    return draw(st.sampled_from([requested] * 9 + [{}]))


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
def trees(
    draw: st.DrawFn, known: Known, name: str, depth: int = 3, *, nullable: bool = False
) -> Tree:
    """A filter on the type `name`, with at most `depth` nested relations and combinations; if
    `nullable`, on an object that may be missing."""
    requested: Tree = {}
    if nullable and draw(st.integers(0, 3)) == 0:
        requested["isNull"] = draw(st.booleans())
    related = [field for field, form in FIELDS[name].items() if form.kind in RELATIONS]
    columns = [field for field in FIELDS[name] if field not in related]
    choices = [columns] + [related or columns, ["and", "or", "not"]] * (depth > 0)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 2, 3, 0]))):
        field = draw(st.sampled_from(draw(st.sampled_from(choices))))
        if field in columns:
            requested[field] = draw(known[name, field])
            continue
        form = FIELDS[name].get(field, Field(field, name, nullable=nullable))
        is_nullable = form.nullable and form.kind != "many"
        below = trees(known, form.target, depth - 1, nullable=is_nullable)
        if form.kind in ("and", "or"):
            below = st.lists(below, max_size=3)
        elif form.kind == "many":
            below = st.dictionaries(st.sampled_from(QUANTIFIERS), below, max_size=2)
        requested[field] = draw(below)
    return requested
