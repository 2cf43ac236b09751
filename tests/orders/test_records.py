"""Customers, items, accounts and codes are created, changed and deleted by mutations."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from gateway.settings import Settings
from gateway.storage.companies import create_company
from gateway.storage.database import Database
from tests.support.databases import Templates
from tests.support.paths import ROOT
from tests.support.readme import answer, examples
from tests.support.records import record_id
from tests.support.requests import Fields, created, line, order
from tests.support.served import Client, serving
from tests.support.world import load_world

NOWHERE = "00000000-0000-4000-8000-000000000000"
PROBLEMS = "userErrors { message code path rejectedValue suggestions }"

KINDS: dict[str, tuple[Fields, Fields, Fields]] = {
    "Customer": (
        {"number": "NEW", "displayName": "New Ltd", "address": {"city": "Bath"}, "email": "a@new.example"},
        {"displayName": "Newer Ltd", "address": {"country": "GB"}, "email": None, "blocked": "SHIP"},
        {"number": "NEW", "displayName": "Newer Ltd", "address": {"city": "Bath", "country": "GB"}, "email": None, "blocked": "SHIP"},
    ),
    "Item": (
        {"number": "NEW", "displayName": "Tea", "unitPrice": "2.5", "baseUnitOfMeasure": {"code": "PCS"}},
        {"unitPrice": 3, "taxCode": {"code": "R05"}, "salesBlocked": True},
        {"number": "NEW", "displayName": "Tea", "unitPrice": "3", "taxCode": {"code": "R05"}, "salesBlocked": True},
    ),
    "Account": (
        {"number": "4711", "displayName": "Sales"},
        {"blocked": True, "category": "Income"},
        {"number": "4711", "displayName": "Sales", "blocked": True, "category": "Income"},
    ),
    "LineObject": (
        {"kind": "RESOURCE", "number": "CHARGE", "displayName": "Loading"},
        {"unitPrice": "12.5"},
        {"kind": "RESOURCE", "number": "CHARGE", "displayName": "Loading", "unitPrice": "12.5"},
    ),
    "Currency": (
        {"code": "SEK"},
        {"symbol": "kr"},
        {"code": "SEK", "displayName": "Swedish Krona", "symbol": "kr", "amountRoundingPrecision": "0.01"},
    ),
    "PaymentTerms": (
        {"code": "14D", "displayName": "14 days", "dueDateCalculation": "14D"},
        {"discountPercent": 2},
        {"code": "14D", "displayName": "14 days", "dueDateCalculation": "14D", "discountPercent": "2"},
    ),
    "ShipmentMethod": (
        {"code": "EXW", "displayName": "Ex works"},
        {"displayName": "Collected"},
        {"code": "EXW", "displayName": "Collected"},
    ),
    "UnitOfMeasure": (
        {"code": "KG", "displayName": "Kilogram", "symbol": "kg"},
        {"symbol": None},
        {"code": "KG", "displayName": "Kilogram", "symbol": None},
    ),
    "TaxCode": (
        {"code": "R10", "displayName": "Reduced", "percent": 10},
        {"percent": "9.5"},
        {"code": "R10", "displayName": "Reduced", "percent": "9.5"},
    ),
}  # fmt: skip
"""A new record of each kind, a change of it, and its final values."""


@pytest.fixture(scope="module")
def world(templates: Templates) -> Iterator[Client]:
    """The gateway over a world that the tests share. Their records have keys of their own, or are deleted
    at the end."""
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        yield client


def field_of(kind: str) -> str:
    return kind[0].lower() + kind[1:]


def selection(value: Any) -> str:
    if not isinstance(value, dict):
        return ""
    return "{ " + " ".join(f"{name} {selection(part)}" for name, part in value.items()) + " }"


def create(client: Client, kind: str, fields: Fields, wanted: str = "id", **more: Any) -> Fields:
    document = f"""mutation ($input: Create{kind}Input!, $dryRun: Boolean! = false) {{
      it: create{kind}(input: $input, dryRun: $dryRun) {{ {field_of(kind)} {{ {wanted} }} {PROBLEMS} }} }}"""
    return dict(client.ask(document, input=fields, **more)["it"])


def update(
    client: Client, kind: str, key: str, fields: Fields, wanted: str = "id", **more: Any
) -> Fields:
    document = f"""mutation ($id: ID!, $input: Update{kind}Input!, $ifMatch: String, $dryRun: Boolean! = false) {{
      it: update{kind}(id: $id, input: $input, ifMatch: $ifMatch, dryRun: $dryRun) {{
        {field_of(kind)} {{ {wanted} }} {PROBLEMS} }} }}"""
    return dict(client.ask(document, id=key, input=fields, **more)["it"])


def delete(client: Client, kind: str, key: str, **more: Any) -> Fields:
    document = f"""mutation ($id: ID!, $ifMatch: String, $dryRun: Boolean! = false) {{
      it: delete{kind}(id: $id, ifMatch: $ifMatch, dryRun: $dryRun) {{ deletedId {PROBLEMS} }} }}"""
    return dict(client.ask(document, id=key, **more)["it"])


@contextmanager
def stored(client: Client, kind: str, wanted: str = "id") -> Iterator[Fields]:
    """The answer to the creation of the new record of a kind, which is deleted on exit."""
    answer = create(client, kind, KINDS[kind][0], wanted)
    key = answer[field_of(kind)]["id"]
    try:
        yield answer
    finally:
        assert delete(client, kind, key) == {"deletedId": key, "userErrors": []}


def read(client: Client, kind: str, key: str, wanted: str) -> Fields | None:
    document = f"query ($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {wanted} }} }} }}"
    result: Fields | None = client.ask(document, id=key)["node"]
    return result


def refusals_of(payload: Fields) -> list[tuple[str, str, str | None, list[str]]]:
    """Code, path, rejected value and suggestions of each problem."""
    return [
        (each["code"], ".".join(each["path"]), each["rejectedValue"], each["suggestions"])
        for each in payload["userErrors"]
    ]


def test_only_one_of_simultaneous_records_with_the_same_key_is_created(world: Client) -> None:
    """The others are refused like duplicates of any existing record."""
    with ThreadPoolExecutor(4) as pool:
        for kind, (new, _, _) in KINDS.items():
            several = [pool.submit(create, world, kind, new) for _ in range(4)]
            answers = [each.result() for each in several]
            refused = [each for each in answers if each[field_of(kind)] is None]
            codes = [[error["code"] for error in each["userErrors"]] for each in refused]
            assert codes == [["DUPLICATE"]] * 3, kind
            [only] = [each[field_of(kind)] for each in answers if each[field_of(kind)]]
            assert delete(world, kind, only["id"])["userErrors"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_is_created_changed_and_deleted(world: Client, kind: str) -> None:
    new, change, final = KINDS[kind]
    wanted = f"id etag createdDateTime lastModifiedDateTime {selection(final)[1:-1]}"
    created = create(world, kind, new, wanted)
    assert created["userErrors"] == []
    first = created[field_of(kind)]
    assert first["etag"] == "1"
    assert read(world, kind, first["id"], wanted) == first
    changed = update(world, kind, first["id"], change, wanted, ifMatch="1")
    assert changed["userErrors"] == []
    second = changed[field_of(kind)]
    assert {name: second[name] for name in final} == final
    assert second["etag"] == "2"
    assert second["createdDateTime"] == first["createdDateTime"] < second["lastModifiedDateTime"]
    assert read(world, kind, first["id"], wanted) == second
    assert refusals_of(delete(world, kind, first["id"], ifMatch="1")) == [
        ("STALE", "ifMatch", "1", ["2"])
    ]
    assert delete(world, kind, first["id"], ifMatch="2") == {
        "deletedId": first["id"],
        "userErrors": [],
    }
    assert read(world, kind, first["id"], "id") is None
    assert refusals_of(delete(world, kind, first["id"])) == [("NOT_FOUND", "id", first["id"], [])]


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_change_does_not_change_the_etag(world: Client, kind: str) -> None:
    with stored(world, kind) as created:
        key = created[field_of(kind)]["id"]
        for _ in range(2):
            answer = update(world, kind, key, KINDS[kind][1], "etag")
            assert answer[field_of(kind)] == {"etag": "2"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_dry_run_of_a_record_answers_like_the_real_run_and_stores_nothing(
    world: Client, kind: str
) -> None:
    new, change, final = KINDS[kind]
    wanted = selection(new)[1:-1]
    tried = create(world, kind, new, wanted, dryRun=True)
    with stored(world, kind, f"id {wanted}") as created:
        key = created[field_of(kind)].pop("id")
        assert tried == created
        wanted = f"{selection(final)[1:-1]}"
        before = read(world, kind, key, wanted)
        assert update(world, kind, key, change, wanted, dryRun=True)[field_of(kind)] == final
        assert read(world, kind, key, wanted) == before
        assert delete(world, kind, key, dryRun=True)["userErrors"] == []
        assert read(world, kind, key, wanted) == before


def test_a_dry_run_has_ids_and_etags_that_no_stored_record_has(world: Client) -> None:
    key = record_id(world, "customers", number="C1")
    wanted = "id etag salesOrders { totalCount nodes { id } }"
    tried = update(world, "Customer", key, {"salesperson": "X"}, wanted, dryRun=True)["customer"]
    assert (tried["id"], tried["etag"]) == (f"preview:{key}", "preview:2")
    assert tried["salesOrders"] == {"totalCount": 0, "nodes": []}
    stale = update(world, "Customer", key, {"salesperson": "X"}, ifMatch="preview:2")
    assert refusals_of(stale) == [("STALE", "ifMatch", "preview:2", ["1"])]
    assert read(world, "Customer", tried["id"], "id") is None
    item = {**KINDS["Item"][0], "unitsOfMeasure": [{"unitOfMeasure": {"code": "BOX"}}]}
    wanted = "id unitsOfMeasure { id } salesOrderLines { totalCount }"
    created = create(world, "Item", item, wanted, dryRun=True)["item"]
    assert created["id"].startswith("preview:")
    assert [unit["id"].startswith("preview:") for unit in created["unitsOfMeasure"]] == [True, True]
    assert delete(
        world, "Customer", record_id(world, "customers", number="IN-YEN"), dryRun=True
    ) == {
        "deletedId": None,
        "userErrors": [],
    }


CREATED: list[tuple[str, Fields, list[tuple[str, str, str | None, list[str]]]]] = [
    ("Customer", {"number": "C1", "displayName": "Again"}, [("DUPLICATE", "input.number", "C1", [])]),
    ("Customer", {"number": " ", "displayName": "x"}, [("REQUIRED", "input.number", None, [])]),
    ("Customer", {"number": "N", "displayName": "x", "contactId": "contact-1"}, [("DUPLICATE", "input.contactId", "contact-1", [])]),
    ("Customer", {"number": "N", "displayName": "x", "billToCustomer": {"number": "PAYR"}}, [("NOT_FOUND", "input.billToCustomer.number", "PAYR", ["PAYER"])]),
    ("Customer", {"number": "N", "displayName": "x", "address": {"city": "C" * 31}}, [("TOO_LONG", "input.address.city", "C" * 31, ["C" * 30])]),
    ("Customer", {"number": "N", "displayName": "x", "phoneNumber": "call me", "email": "a@"}, [("INVALID", "input.phoneNumber", "call me", []), ("INVALID", "input.email", "a@", [])]),
    ("Item", {"number": "N", "displayName": "x", "baseUnitOfMeasure": {"code": "PC"}}, [("NOT_FOUND", "input.baseUnitOfMeasure.code", "PC", ["PCS"])]),
    ("Item", {"number": "N", "displayName": "x", "baseUnitOfMeasure": {"code": "PCS"}, "unitPrice": "0.000001"}, [("OUT_OF_RANGE", "input.unitPrice", "0.000001", ["0"])]),
    ("Item", {"number": "N", "displayName": "x", "baseUnitOfMeasure": {"code": "PCS"}, "unitsOfMeasure": [{"unitOfMeasure": {"code": "BOX"}}, {"unitOfMeasure": {"code": "BOX"}}]}, [("DUPLICATE", "input.unitsOfMeasure.1.unitOfMeasure.code", "BOX", [])]),
    ("Item", {"number": "N", "displayName": "x", "baseUnitOfMeasure": {"code": "PCS"}, "unitsOfMeasure": [{"unitOfMeasure": {"code": "PCS"}, "quantityPerUnit": 2}, {"unitOfMeasure": {"code": "BOX"}, "quantityPerUnit": 0}]}, [("CONFLICTING", "input.unitsOfMeasure.0.quantityPerUnit", "2", ["1"]), ("OUT_OF_RANGE", "input.unitsOfMeasure.1.quantityPerUnit", "0", ["0.00001"])]),
    ("LineObject", {"kind": "CHARGE", "number": "CHARGE", "displayName": "x"}, [("DUPLICATE", "input.number", "CHARGE", [])]),
    ("Currency", {"code": "ABC"}, [("REQUIRED", "input.displayName", None, [])]),
    ("Currency", {"code": "SEK", "amountRoundingPrecision": 0}, [("OUT_OF_RANGE", "input.amountRoundingPrecision", "0", ["0.00001"])]),
    ("PaymentTerms", {"code": "N", "displayName": "x", "discountPercent": 101}, [("OUT_OF_RANGE", "input.discountPercent", "101", ["0", "100"])]),
    ("TaxCode", {"code": "N", "displayName": "x", "percent": -1}, [("OUT_OF_RANGE", "input.percent", "-1", ["0"])]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "fields", "problems"), CREATED, ids=lambda value: str(value)[:30])
def test_a_new_record_is_refused_with_every_problem(
    world: Client, kind: str, fields: Fields, problems: list[Any]
) -> None:
    answer = create(world, kind, fields)
    assert (answer[field_of(kind)], refusals_of(answer)) == (None, problems)


UPDATED: list[tuple[str, str, Fields, list[tuple[str, str, str | None, list[str]]]]] = [
    ("Customer", "C1", {"displayName": None}, [("REQUIRED", "input.displayName", None, [])]),
    ("Customer", "C1", {"currency": {"code": "EURO"}}, [("NOT_FOUND", "input.currency.code", "EURO", ["EUR"])]),
    ("Customer", "PAYER", {"contactId": "contact-1"}, [("DUPLICATE", "input.contactId", "contact-1", [])]),
    ("Item", "I0001", {"baseUnitOfMeasure": None}, [("REQUIRED", "input.baseUnitOfMeasure", None, [])]),
    ("Item", "I0001", {"unitCost": "1e13"}, [("OUT_OF_RANGE", "input.unitCost", "10000000000000", ["-9999999999999.99999", "9999999999999.99999"])]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "number", "change", "problems"), UPDATED, ids=lambda value: str(value)[:30]
)
def test_a_change_of_a_record_is_refused_with_every_problem(
    world: Client, kind: str, number: str, change: Fields, problems: list[Any]
) -> None:
    key = record_id(world, f"{field_of(kind)}s", number=number)
    answer = update(world, kind, key, change)
    assert (answer[field_of(kind)], refusals_of(answer)) == (None, problems)


def test_null_clears_a_field_or_restores_its_default(world: Client) -> None:
    full: Fields = {
        "number": "FULL",
        "displayName": "Full Ltd",
        "salesperson": "SP1",
        "paymentTerms": {"code": "30D"},
        "address": {"city": "Leeds"},
        "phoneNumber": "+44 113 1",
    }
    key = create(world, "Customer", full)["customer"]["id"]
    cleared = {"salesperson": None, "paymentTerms": None, "address": None, "partialShipping": None}
    wanted = "salesperson paymentTerms { code } address { city } partialShipping phoneNumber"
    assert update(world, "Customer", key, {"partialShipping": False})["userErrors"] == []
    assert update(world, "Customer", key, cleared, wanted)["customer"] == {
        "salesperson": None,
        "paymentTerms": None,
        "address": {"city": None},
        "partialShipping": True,
        "phoneNumber": "+44 113 1",
    }


def test_a_customer_may_be_its_own_payer(world: Client) -> None:
    wanted = "id billToCustomer { number }"
    fields = {"number": "SELF", "displayName": "Self", "billToCustomer": {"number": "SELF"}}
    created = create(world, "Customer", fields, wanted)["customer"]
    assert created["billToCustomer"] is None
    other = {"billToCustomer": {"number": "PAYER"}}
    changed = update(world, "Customer", created["id"], other, wanted)["customer"]
    assert changed["billToCustomer"] == {"number": "PAYER"}
    own = {"billToCustomer": {"id": created["id"]}}
    assert update(world, "Customer", created["id"], own, wanted)["customer"] == created


def test_the_units_of_an_item_are_replaced_as_a_whole(world: Client) -> None:
    """Its base unit always stays, with a quantity per unit of 1."""
    wanted = "id etag unitsOfMeasure { id quantityPerUnit unitOfMeasure { code } }"
    fields = {"number": "BY-UNITS", "displayName": "x", "baseUnitOfMeasure": {"code": "PCS"}}

    def units(**factors: str | None) -> Fields:
        return {
            "unitsOfMeasure": [
                {"unitOfMeasure": {"code": code}, **({"quantityPerUnit": of} if of else {})}
                for code, of in factors.items()
            ]
        }

    def factors(item: Fields) -> Fields:
        result = item["unitsOfMeasure"]
        return {each["unitOfMeasure"]["code"]: each["quantityPerUnit"] for each in result}

    tried = create(world, "Item", fields | units(BOX="12"), wanted, dryRun=True)["item"]
    assert factors(tried) == {"PCS": "1", "BOX": "12"}
    created = create(world, "Item", fields | units(BOX="12"), wanted)["item"]
    assert read(world, "Item", created["id"], wanted) == created
    both = update(world, "Item", created["id"], units(HOUR=None, BOX=None), wanted)["item"]
    assert (factors(both), both["etag"]) == ({"PCS": "1", "BOX": "12", "HOUR": None}, "2")
    stored = update(world, "Item", created["id"], {"displayName": "y"}, wanted)["item"]
    assert (stored["unitsOfMeasure"], stored["etag"]) == (both["unitsOfMeasure"], "3")
    assert read(world, "Item", created["id"], wanted) == stored
    none = update(world, "Item", created["id"], {"unitsOfMeasure": None}, wanted)["item"]
    assert read(world, "Item", created["id"], wanted) == none
    assert factors(none) == {"PCS": "1"}
    based = {"baseUnitOfMeasure": {"code": "BOX"}, **units(PCS="0.1")}
    assert factors(update(world, "Item", created["id"], based, wanted)["item"]) == {
        "BOX": "1",
        "PCS": "0.1",
    }
    assert delete(world, "Item", created["id"])["userErrors"] == []


IN_USE = [
    ("Customer", "customers", {"number": "PAYER"}, "PAYER is used by 1 customer."),
    ("Customer", "customers", {"number": "C1"}, "C1 is used by 2 orders."),
    ("Item", "items", {"number": "I0010"}, "I0010 is used by 2 lines of orders."),
    ("Currency", "currencies", {"code": "EUR"}, "EUR is used by 1 company as its currency and 2 orders."),
    ("TaxCode", "taxCodes", {"code": "S25"}, "S25 is used by 1 account."),
    ("UnitOfMeasure", "unitsOfMeasure", {"code": "HOUR"}, "HOUR is used by 1 unit of an item."),
    ("PaymentTerms", "paymentTerms", {"code": "30D"}, "30D is used by 1 customer and 2 orders."),
]  # fmt: skip


def test_a_record_is_not_deleted_while_something_refers_to_it(client: Client) -> None:
    for _ in range(2):
        created(client, order(line()))
    for kind, connection, by, message in IN_USE:
        key = record_id(client, connection, **by)
        answer = delete(client, kind, key)
        [problem] = answer["userErrors"]
        assert (problem["code"], problem["path"], answer["deletedId"]) == ("IN_USE", ["id"], None)
        words = sorted(message.rstrip(".").partition(" used by ")[2].split(" and "))
        assert (
            sorted(problem["message"].rstrip(".").partition(" used by ")[2].split(" and ")) == words
        )
        assert problem["message"].partition(" used by ")[0] == message.partition(" used by ")[0]


def test_an_id_of_another_kind_of_record_is_not_found(world: Client) -> None:
    key = record_id(world, "customers", number="C1")
    assert refusals_of(update(world, "Item", key, {"displayName": "x"})) == [
        ("NOT_FOUND", "id", key, [])
    ]
    assert refusals_of(delete(world, "Account", NOWHERE)) == [("NOT_FOUND", "id", NOWHERE, [])]


async def load_nothing(database: Database) -> None:
    """The result of `gateway migrate`: a company whose only record is its currency."""
    await create_company(database, "My Company", "EUR")


def test_an_empty_database_gets_to_a_paid_order_as_the_readme_shows(templates: Templates) -> None:
    text = (ROOT / "gateway" / "api" / "README.md").read_text(encoding="utf-8")
    section = text.partition("## From an empty database to a paid order")[2].partition("\n## ")[0]
    shown = examples(section)
    assert len(shown) == 3
    with serving(Settings(database_url=templates.copy("nothing", load_nothing))) as client:
        assert client.ask("{ customers { totalCount } }") == {"customers": {"totalCount": 0}}
        for operation, stated in shown:
            assert answer(client, operation) == stated
        result = client.ask("{ salesOrders { nodes { number status totalAmountIncludingTax } } }")
    assert result["salesOrders"]["nodes"] == [
        {"number": "SO-000001", "status": "PAID", "totalAmountIncludingTax": "267.5"}
    ]
