"""Filters: their results on Northwind, and the treatment of letters, null and missing objects."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import get_named_type, is_list_type

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.requests import created, line, order
from tests.support.served import Client, serving, statements
from tests.support.varied import FIELDS, OPERATORS, SCHEMA
from tests.support.world import load_world

Tree = dict[str, Any]

LISTS = {
    "salesOrders": ("SalesOrder", "number"),
    "salesOrderLines": ("SalesOrderLine", "quantity"),
    "customers": ("Customer", "number"),
    "items": ("Item", "number"),
    "accounts": ("Account", "number"),
    "lineObjects": ("LineObject", "number"),
    "currencies": ("Currency", "code"),
    "paymentTerms": ("PaymentTerms", "code"),
    "shipmentMethods": ("ShipmentMethod", "code"),
    "unitsOfMeasure": ("UnitOfMeasure", "code"),
    "taxCodes": ("TaxCode", "code"),
}
"""The type of each list, and the field that distinguishes its objects."""


def found(client: Client, root: str, tree: Tree, *, by: str = "") -> list[Any]:
    """The distinguishing fields of the objects that match a filter."""
    kind, name = LISTS[root]
    query = f"""query ($filter: {kind}Filter) {{ {root}(filter: $filter, first: 200) {{
      nodes {{ value: {by or name} }} }} }}"""
    return [node["value"] for node in client.ask(query, filter=tree)[root]["nodes"]]


LATEST = ["NW-11074", "NW-11075", "NW-11076", "NW-11077"]
FOUND: list[tuple[str, Tree, list[str]]] = [
    ("salesOrders", {"number": {"eq": "NW-10248"}}, ["NW-10248"]),
    ("salesOrders", {"number": {"in": ["NW-10248", "nw-10249", "NW-1"]}}, ["NW-10248", "NW-10249"]),
    ("salesOrders", {"orderDate": {"gte": "1998-05-06", "lt": "1999-01-01"}}, LATEST),
    ("salesOrders", {"orderDate": {"gt": "1998-05-05", "lte": "1998-05-06"}, "number": {"lt": "NW-11075"}}, LATEST[:1]),
    ("salesOrders", {"orderDate": {"eq": "1998-05-06"}, "number": {"notIn": LATEST[1:]}}, LATEST[:1]),
    ("salesOrders", {"and": [{"number": {"gt": "NW-11075"}}, {"number": {"lte": "NW-11077"}}]}, LATEST[2:]),
    ("salesOrders", {"or": [{"number": {"eq": number}} for number in LATEST]}, LATEST),
    ("salesOrders", {"not": {"number": {"startsWith": "nw-1"}}},
     [f"DEMO-000{place}" for place in range(1, 10)]),
    ("salesOrders", {"and": [{"or": []}]}, []),
    ("salesOrders", {"customer": {"number": {"eq": "ALFKI"}}},
     [f"NW-{number}" for number in (10643, 10692, 10702, 10835, 10952, 11011)]),
    ("salesOrders", {"lines": {"every": {"quantity": {"gte": 60}}}},
     [f"NW-{number}" for number in (10402, 10765, 10854, 10865, 10981, 10990, 11030)]),
    ("salesOrders", {"lines": {"none": {"quantity": {"lt": "70"}}}}, ["NW-10765"]),
    ("salesOrders", {"lines": {"some": {"quantity": {"gt": 120}}}}, ["NW-10764", "NW-11072"]),
    ("salesOrders", {"lines": {"some": {"sequence": {"gt": 200000}}, "none": {"sequence": {"gt": 250000}}}}, LATEST[3:]),
    ("salesOrders", {"shipToAddress": {"city": {"eq": "Lander"}, "state": {"eq": "WY"}},
     "orderDate": {"lt": "1996-09-01"}}, ["NW-10271"]),
    ("salesOrderLines", {"item": {"number": {"eq": "9"}}}, ["16", "20", "3", "50", "6"]),
    ("salesOrderLines", {"salesOrder": {"number": {"eq": "NW-10248"}}, "quantity": {"ne": 10}}, ["12", "5"]),
    ("customers", {"address": {"country": {"eq": "CH"}}}, ["CHOPS", "RICSU"]),
    ("customers", {"address": {"postCode": {"isNull": True}}}, ["HUNGO"]),
    ("customers", {"salesOrders": {"none": {}}}, ["FISSA", "PARIS"]),
    ("customers", {"salesOrders": {"some": {"orderDate": {"eq": "1998-05-06"}}}},
     ["BONAP", "RATTC", "RICSU", "SIMOB"]),
    ("customers", {"blocked": {"notIn": ["NONE", "SHIP"]}}, ["PARIS"]),
    ("items", {"unitPrice": {"gte": "81"}}, ["20", "29", "38", "9"]),
    ("items", {"unitPrice": {"gt": 81, "lt": 1e2}}, ["9"]),
    ("items", {"displayName": {"contains": "RÖD"}}, ["22", "23", "73"]),
    ("items", {"displayName": {"startsWith": "rÖd"}}, ["73"]),
    ("items", {"displayName": {"contains": "NUSS"}}, ["25"]),
    ("accounts", {"blocked": {"eq": True}}, ["6190"]),
    ("accounts", {"taxCode": {}, "accountType": {"eq": "POSTING"}}, ["6110", "6120", "6130", "6190"]),
    ("lineObjects", {"kind": {"ne": "CHARGE"}, "unitPrice": {"lte": "85"}}, ["CHEF", "DRIVER"]),
    ("currencies", {"amountRoundingPrecision": {"eq": "0.050"}}, ["CHF"]),
    ("paymentTerms", {"discountPercent": {"gt": 0}}, ["30D2"]),
    ("shipmentMethods", {"displayName": {"contains": "EXPRESS"}}, ["SPEEDY"]),
    ("unitsOfMeasure", {"internationalStandardCode": {"in": ["C62", "HUR"]}}, ["HOUR", "PCS"]),
    ("taxCodes", {"percent": {"gte": 20}}, ["S20", "S25"]),
]  # fmt: skip
"""Filters with their results on Northwind and its invented codes."""


@pytest.mark.parametrize(("root", "tree", "names"), FOUND)
def test_a_filter_selects_rows_of_northwind_in_one_statement(
    demo: Client, root: str, tree: Tree, names: list[str]
) -> None:
    """The page is one statement, through however many relations."""
    with statements() as seen:
        assert sorted(found(demo, root, tree)) == names
    assert len(seen) == 1


@pytest.mark.parametrize("root", LISTS)
def test_every_list_takes_a_filter_with_conditions_on_every_field(root: str) -> None:
    """The conditions are the operators of the field's kind, and every relation."""
    kind, _ = LISTS[root]
    taken = SCHEMA.query_type.fields[root].args["filter"].type
    assert taken.name == f"{kind}Filter"
    fields = {field: input_field.type for field, input_field in taken.fields.items()}
    assert fields.pop("not").name == taken.name
    assert [get_named_type(fields.pop(name)) for name in ("and", "or")] == [taken, taken]
    assert set(fields) == set(FIELDS[kind])
    for field, form in FIELDS[kind].items():
        requested = set(fields[field].fields)
        if form.kind == "one":
            nullable = "Nullable" if form.nullable else ""
            assert fields[field].name == f"{nullable}{form.target}Filter"
        elif form.kind == "many":
            assert requested == {"some", "every", "none"}
        elif form.kind == "PostalAddress":
            assert requested == set(SCHEMA.type_map["PostalAddress"].fields)
        else:
            assert requested == {*OPERATORS[form.kind], *(["isNull"] if form.nullable else [])}
            values = {name for name in requested if is_list_type(fields[field].fields[name].type)}
            assert values == {"in", "notIn"}


@pytest.mark.parametrize(
    ("currency", "number"),
    [
        ({"code": {"ne": "EUR"}}, 91),
        ({"code": {"notIn": ["EUR", "USD"]}}, 91),
        ({"not": {"code": {"eq": "EUR"}}}, 91),
        ({"isNull": True}, 91),
        ({"isNull": False}, 0),
        ({"code": {"eq": "EUR"}}, 0),
        ({}, 0),
    ],
)
def test_the_null_currency_of_customers_equals_nothing(
    demo: Client, currency: Tree, number: int
) -> None:
    """None of the 91 customers of Northwind has a currency. Counting takes a statement, the page
    another."""
    query = (
        "query ($filter: CustomerFilter) { customers(filter: $filter) { totalCount nodes { id } } }"
    )
    with statements() as seen:
        counted = demo.ask(query, filter={"currency": currency})
    assert counted["customers"]["totalCount"] == number
    assert len(seen) == 2


@pytest.mark.parametrize("day", [-1, 0, 1])
def test_a_time_matches_its_day_in_utc(world: Client, day: int) -> None:
    """The orders were written just now, which may be yesterday around midnight."""
    query = "{ salesOrders(first: 1) { nodes { id lastModifiedDateTime } } }"
    [order] = world.ask(query)["salesOrders"]["nodes"]
    date = dt.datetime.fromisoformat(order["lastModifiedDateTime"]).date() + dt.timedelta(day)
    tree = {"id": {"eq": order["id"]}, "lastModifiedDateTime": {"on": date.isoformat()}}
    assert len(found(world, "salesOrders", tree)) == (day == 0)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_can_be_requested(world: Client, day: str) -> None:
    assert found(world, "salesOrders", {"lastModifiedDateTime": {"on": day}}) == []


TEXTS = ["Straße 100%", "STRASSE 100_", "Σίσυφος", "ΣΊΣΥΦΟΣ", "İzmir", "\ufb01n\\e", "caf\u00e9", "Zz", "zz", "\U0001f600"]  # fmt: skip
"""The external numbers of the orders in the world; one further order has none."""


@pytest.fixture(scope="module")
def world(templates: Templates) -> Iterator[Client]:
    """The gateway over the world with an order for each text, for tests that only read."""
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        for text in [*TEXTS, None]:
            created(client, order(line(), externalDocumentNumber=text))
        created(
            client,
            order({"lineType": "COMMENT", "description": "x"}, externalDocumentNumber="comment"),
        )
        created(client, order(externalDocumentNumber="no lines"))
        yield client


def texts(client: Client, tree: Tree) -> set[str | None]:
    """The external numbers of the matching orders in the world."""
    return {*found(client, "salesOrders", tree, by="externalDocumentNumber")}


GIVEN = {*TEXTS, "comment", "no lines"}
EVERYTHING = {*GIVEN, None}
STRASSEN, SISYPHI = {"Straße 100%", "STRASSE 100_"}, {"Σίσυφος", "ΣΊΣΥΦΟΣ"}


@pytest.mark.parametrize(
    ("operator", "inputs", "matching"),
    [
        ("contains", "STRASSE", STRASSEN),
        ("contains", "straß", STRASSEN),
        ("startsWith", "strasSE 1", STRASSEN),
        ("startsWith", "trasse", set()),
        ("contains", "0%", {"Straße 100%"}),
        ("contains", "0_", {"STRASSE 100_"}),
        ("contains", "N\\E", {"\ufb01n\\e"}),
        ("startsWith", "f", {"\ufb01n\\e"}),
        ("contains", "σίσυφοσ", SISYPHI),
        ("startsWith", "i\u0307Z", {"İzmir"}),
        ("contains", "CAFE\u0301", {"caf\u00e9"}),
        ("eq", "cafe\u0301", {"caf\u00e9"}),
        ("eq", "CAF\u00c9", set()),
        ("in", ["zz", "cafe\u0301", "straße 100%"], {"zz", "caf\u00e9"}),
        ("startsWith", "zZ", {"Zz", "zz"}),
        ("contains", "\U0001f600", {"\U0001f600"}),
        ("containsFolded", "CAFE", {"caf\u00e9"}),
        ("containsFolded", "cafe\u0301", {"caf\u00e9"}),
        ("containsFolded", "izm", {"İzmir"}),
        ("containsFolded", "FIN", {"\ufb01n\\e"}),
        ("containsFolded", "strasse", STRASSEN),
        ("containsFolded", "σισυφοσ", SISYPHI),
        ("containsFolded", "\u0301", GIVEN),
        ("contains", "", GIVEN),
        ("startsWith", "", GIVEN),
        ("gt", "\ufb01n\\e", {"\U0001f600"}),
        ("lt", "Straße 100%", {"STRASSE 100_"}),
        ("gte", "zz", {"zz", "İzmir", *SISYPHI, "\ufb01n\\e", "\U0001f600"}),
    ],
)
def test_text_is_searched_ignoring_case_and_compared_by_code_point(
    world: Client, operator: str, inputs: Any, matching: set[str]
) -> None:
    assert texts(world, {"externalDocumentNumber": {operator: inputs}}) == matching


NAMES = {
    "salesOrders": "SO-000001",
    "customers": "IN-YEN",
    "items": "BOXED",
    "accounts": "A-HEADING",
    "lineObjects": "CHARGE",
    "currencies": "EUR",
    "paymentTerms": "30D",
    "shipmentMethods": "CIF",
    "unitsOfMeasure": "PCS",
    "taxCodes": "S20",
}
"""A number or code in the world for each list that has them."""


@pytest.mark.parametrize("root", NAMES)
def test_numbers_and_codes_are_equal_in_any_case_but_sorted_as_they_are_written(
    world: Client, root: str
) -> None:
    """This is the same in look-ups and in the references of inputs (RULES.md 3.6)."""
    by, name = LISTS[root][1], NAMES[root]
    lowered = name.lower()
    for conditions in ({"eq": lowered}, {"in": ["nowhere", lowered]}):
        assert found(world, root, {by: conditions}) == [name]
        assert name not in found(world, root, {"not": {by: conditions}})
    for conditions in ({"ne": lowered}, {"notIn": [lowered]}):
        assert name not in found(world, root, {by: conditions})
        assert found(world, root, {"not": {by: conditions}}) == [name]
    assert found(world, root, {by: {"gte": lowered, "lte": lowered}}) == []


def test_a_relation_matches_its_number_or_code_in_any_case(world: Client) -> None:
    assert found(world, "customers", {"currency": {"code": {"eq": "jpy"}}}) == ["IN-YEN"]
    assert found(world, "customers", {"currency": {"code": {"in": ["jpy"]}}}) == ["IN-YEN"]
    assert "IN-YEN" not in found(world, "customers", {"currency": {"code": {"ne": "jpy"}}})
    lines = {"lines": {"some": {"item": {"number": {"eq": "i0010"}}}}}
    assert texts(world, lines) == WITH_ITEM


@pytest.mark.parametrize(
    ("conditions", "matching"),
    [
        ({"eq": "i0010"}, {"I0010"}),
        ({"in": ["nowhere", "i0010"]}, {"I0010"}),
        ({"ne": "i0010"}, {None}),
        ({"notIn": ["nowhere", "i0010"]}, {None}),
        ({"isNull": False, "ne": "i0010"}, set()),
    ],
)
def test_the_number_on_a_line_is_equal_in_any_case(
    world: Client, conditions: Tree, matching: set[str | None]
) -> None:
    tree = {"lineObjectNumber": conditions}
    assert set(found(world, "salesOrderLines", tree, by="lineObjectNumber")) == matching


@pytest.mark.parametrize(
    ("conditions", "matching"),
    [
        ({}, {"C1", "PAYER"}),
        ({"eq": "Ann Buyer"}, {"C1"}),
        ({"ne": "Ann Buyer"}, {"PAYER"}),
        ({"ne": "Bob"}, {"C1", "PAYER"}),
        ({"in": ["Ann Buyer", "Bob"]}, {"C1"}),
        ({"in": []}, set()),
        ({"notIn": ["Ann Buyer"]}, {"PAYER"}),
        ({"notIn": []}, {"C1", "PAYER"}),
        ({"lt": "Z"}, {"C1"}),
        ({"lte": "A"}, set()),
        ({"gt": ""}, {"C1"}),
        ({"gte": "Z"}, set()),
        ({"contains": ""}, {"C1"}),
        ({"startsWith": "ann"}, {"C1"}),
        ({"isNull": True}, {"PAYER"}),
        ({"isNull": False}, {"C1"}),
        ({"isNull": True, "ne": "Ann Buyer"}, {"PAYER"}),
        ({"isNull": True, "eq": "Ann Buyer"}, set()),
    ],
)
def test_null_equals_nothing_and_not_is_the_exact_opposite(
    world: Client, conditions: Tree, matching: set[str]
) -> None:
    """C1 has the contact Ann Buyer, PAYER has none."""
    both, requested = {"number": {"in": ["C1", "PAYER"]}}, {"contactName": conditions}
    assert {*found(world, "customers", {**both, **requested})} == matching
    assert {*found(world, "customers", {**both, "not": requested})} == {"C1", "PAYER"} - matching
    assert {*found(world, "customers", {**both, "not": {"not": requested}})} == matching


WITH_ITEM = EVERYTHING - {"comment", "no lines"}


@pytest.mark.parametrize(
    ("tree", "matching"),
    [
        ({}, EVERYTHING),
        ({"and": []}, EVERYTHING),
        ({"or": []}, set()),
        ({"not": {}}, set()),
        ({"not": {"or": []}}, EVERYTHING),
        ({"lines": {}}, EVERYTHING),
        ({"lines": {"some": {}}}, EVERYTHING - {"no lines"}),
        ({"lines": {"every": {}}}, EVERYTHING),
        ({"lines": {"every": {"or": []}}}, {"no lines"}),
        ({"lines": {"none": {}}}, {"no lines"}),
        ({"lines": {"some": {}, "none": {"item": {}}}}, {"comment"}),
        ({"lines": {"some": {"item": {}}}}, WITH_ITEM),
        ({"lines": {"some": {"item": {"id": {}}}}}, WITH_ITEM),
        ({"lines": {"some": {"item": {"number": {"ne": "nothing"}}}}}, EVERYTHING - {"no lines"}),
        ({"lines": {"some": {"item": {"number": {"ne": "I0010"}}}}}, {"comment"}),
        ({"lines": {"some": {"item": {"number": {"notIn": ["I0010"]}}}}}, {"comment"}),
        ({"lines": {"some": {"item": {"isNull": True}}}}, {"comment"}),
        ({"lines": {"some": {"item": {"isNull": False}}}}, WITH_ITEM),
        ({"lines": {"some": {"item": {"not": {"isNull": True}}}}}, WITH_ITEM),
        ({"lines": {"some": {"not": {"item": {"isNull": True}}}}}, WITH_ITEM),
        ({"lines": {"some": {"item": {"or": [{"isNull": True}, {"number": {"eq": "x"}}]}}}}, {"comment"}),
        ({"lines": {"some": {"item": {"taxCode": {"isNull": True}}}}}, {"comment"}),
        ({"lines": {"some": {"item": {"salesOrderLines": {"none": {}}}}}}, {"comment"}),
        ({"lines": {"some": {"item": {"and": [{"number": {"eq": "I0010"}}]}}}}, WITH_ITEM),
        ({"lines": {"some": {"item": {"not": {"number": {"eq": "I0010"}}}}}}, {"comment"}),
        ({"lines": {"some": {"not": {"item": {"number": {"eq": "nothing"}}}}}}, EVERYTHING - {"no lines"}),
        ({"lines": {"every": {"item": {}}}}, EVERYTHING - {"comment"}),
        ({"not": {"lines": {"every": {"item": {}}}}}, {"comment"}),
        ({"not": {"lines": {"some": {"item": {}}}}}, {"comment", "no lines"}),
        ({"not": {"lines": {"none": {"not": {"item": {}}}}}}, {"comment"}),
    ],
)  # fmt: skip
def test_fields_of_a_missing_object_are_null_and_an_empty_list_matches_all_and_none(
    world: Client, tree: Tree, matching: set[str | None]
) -> None:
    """A filter without conditions only requires that the object exists."""
    assert texts(world, tree) == matching
