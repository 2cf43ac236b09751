"""Scope: a request sees one company, and only the customers that it may see."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.pool import NullPool

from gateway.api.context import Context
from gateway.api.operations import Operation, run_operation
from gateway.exchange.imports.runner import Runner
from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from gateway.storage.reading import Reader
from gateway.storage.scope import Scope, ScopeRequest
from gateway.storage.tables.import_jobs import ImportJobRow, ImportJobStatus
from gateway.storage.tables.reference_data import CustomerRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow
from gateway.storage.transactions import writing
from gateway.storage.writing import Writer
from tests.support.databases import Templates
from tests.support.default_rules import RULES
from tests.support.other_company import CREATE, OTHER, REQUIRED, load_other
from tests.support.served import Client, serving
from tests.support.world import COMPANY, load_world


async def import_into(url: str, company: str) -> None:
    """An ended import job."""
    database = Database(url, poolclass=NullPool)
    async with writing(database, ScopeRequest(company)) as writer:
        job = ImportJobRow(
            company_id=writer.scope.company,
            files="orders.csv",
            fingerprint=company,
            status=ImportJobStatus.SUCCEEDED,
        )
        await writer.add([job])
    await database.dispose()


@dataclass(frozen=True)
class Companies:
    """World with orders of C1 and PAYER, and Other with an order of its own customer C1."""

    client: Client
    url: str
    orders: dict[str, str]

    def ask(self, company: str, query: str, **variables: Any) -> Any:
        answer = self.client.send(query, headers={"Company": company}, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]


@pytest.fixture(scope="module")
def companies(templates: Templates) -> Iterator[Companies]:
    url = templates.copy("world", load_world)
    asyncio.run(load_other(url))
    for name in (COMPANY, OTHER):
        asyncio.run(import_into(url, name))
    with serving(Settings(database_url=url)) as client:
        companies = Companies(client, url, {})
        for name, company, number in [
            ("ours", COMPANY, "C1"),
            ("payer's", COMPANY, "PAYER"),
            ("theirs", OTHER, "C1"),
        ]:
            line = {"item": {"number": "I0001"}, "quantity": 1, "unitPrice": 1}
            order = {"customer": {"number": number}, "lines": [line]}
            created = companies.ask(company, CREATE, input=order)["createSalesOrder"]
            assert created["userErrors"] == []
            companies.orders[name] = created["salesOrder"]["id"]
        yield companies


def codes(answer: Any) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", [])]


@pytest.mark.parametrize("name", [COMPANY, OTHER])
@pytest.mark.parametrize("spell", [str, str.upper])
def test_a_company_is_selected_by_its_name_or_id(
    companies: Companies, name: str, spell: Any
) -> None:
    own = companies.ask(name, "{ company { id } }")["company"]["id"]
    assert companies.ask(spell(own), "{ company { name } }") == {"company": {"name": name}}


@pytest.mark.parametrize(
    "company", ["Nobody", "world", "%", "", "00000000-0000-4000-8000-000000000000", None]
)
def test_an_unknown_company_or_none_of_several_is_not_found(
    companies: Companies, company: str | None
) -> None:
    headers = {} if company is None else {"Company": company}
    for query in ("{ company { id } }", "{ items { totalCount } }", CREATE):
        answer = companies.client.send(query, headers=headers, input={"customer": {"number": "C1"}})
        assert codes(answer) == ["COMPANY_NOT_FOUND"]
        message = answer["errors"][0]["message"]
        assert "Company header" in message
        assert repr(COMPANY) in message
        assert repr(OTHER) in message


def test_the_only_company_need_not_be_selected(client: Client) -> None:
    assert client.ask("{ company { name } }") == {"company": {"name": "World"}}


def test_without_any_company_the_error_says_how_to_create_one(templates: Templates) -> None:
    url = templates.empty()
    asyncio.run(migrate(Database(url, poolclass=NullPool)))
    with serving(Settings(database_url=url)) as client:
        answer = client.send("{ company { name } }")
    assert codes(answer) == ["COMPANY_NOT_FOUND"]
    assert "gateway company create" in answer["errors"][0]["message"]


ROOT = """{ __type(name: "%s") { fields { name args { name type { kind } } } } }"""


def root_fields(companies: Companies, root: str) -> dict[str, dict[str, str]]:
    """The arguments of each root field with their kinds."""
    fields = companies.ask(COMPANY, ROOT % root)["__type"]["fields"]
    return {
        field["name"]: {argument["name"]: argument["type"]["kind"] for argument in field["args"]}
        for field in fields
    }


def seen(companies: Companies, company: str) -> dict[str, list[str]]:
    """The ids on the first page of each list."""
    lists = [name for name, args in root_fields(companies, "Query").items() if "first" in args]
    query = "{" + " ".join(f"{name}(first: 200) {{ nodes {{ id }} }}" for name in lists) + "}"
    answer = companies.ask(company, query)
    return {name: [node["id"] for node in answer[name]["nodes"]] for name in lists}


def test_no_list_shows_rows_of_another_company(companies: Companies) -> None:
    ours, theirs = seen(companies, COMPANY), seen(companies, OTHER)
    assert len(ours) >= 11
    for name in ours:
        assert ours[name], f"World needs a row in {name}"
        assert theirs[name], f"Other needs a row in {name}"
        assert not set(ours[name]) & set(theirs[name]), name


LISTS = {
    "salesOrderByNumber": "salesOrders",
    "customerByNumber": "customers",
    "itemByNumber": "items",
    "accountByNumber": "accounts",
    "currencyByCode": "currencies",
    "paymentTermsByCode": "paymentTerms",
    "shipmentMethodByCode": "shipmentMethods",
    "unitOfMeasureByCode": "unitsOfMeasure",
    "taxCodeByCode": "taxCodes",
}
"""The list with the records of each look-up."""


def test_no_root_field_finds_a_row_of_another_company(companies: Companies) -> None:
    theirs = list(itertools.chain.from_iterable(seen(companies, OTHER).values()))
    theirs.append(companies.ask(OTHER, "{ company { id } }")["company"]["id"])
    for name, args in root_fields(companies, "Query").items():
        if "id" in args:
            query = f"query ($id: ID!) {{ found: {name}(id: $id) {{ id }} }}"
            for key in theirs:
                assert companies.ask(COMPANY, query, id=key) == {"found": None}, name
        elif "ids" in args:
            query = f"query ($ids: [ID!]!) {{ found: {name}(ids: $ids) {{ id }} }}"
            assert companies.ask(COMPANY, query, ids=theirs) == {"found": [None] * len(theirs)}
        elif args.keys() & {"number", "code"}:
            [key] = args
            for company in (COMPANY, OTHER):
                rows = companies.ask(company, f"{{ {LISTS[name]} {{ nodes {{ id {key} }} }} }}")
                [first, *_] = rows[LISTS[name]]["nodes"]
                query = f'{{ found: {name}({key}: "{first[key]}") {{ id }} }}'
                assert companies.ask(company, query)["found"]["id"] == first["id"]
            result = companies.ask(COMPANY, query)["found"]
            assert result is None or result["id"] not in theirs
        else:
            assert "first" in args or name in ("company", "companies", "viewer", "apiKeys"), (
                f"teach this test about {name}"
            )


def test_no_filter_reaches_another_company(companies: Companies) -> None:
    query = """query ($customer: ID!) {
      byNumber: salesOrders(filter: {customer: {number: {eq: "C1"}}}) { nodes { id } }
      byName: salesOrders(filter: {customer: {displayName: {eq: "Theirs"}}}) { nodes { id } }
      byId: salesOrders(filter: {customer: {id: {eq: $customer}}}) { nodes { id } } }"""
    [customer, _] = seen(companies, OTHER)["customers"]
    assert companies.ask(COMPANY, query, customer=customer) == {
        "byNumber": {"nodes": [{"id": companies.orders["ours"]}]},
        "byName": {"nodes": []},
        "byId": {"nodes": []},
    }


def test_no_mutation_touches_an_order_of_another_company(companies: Companies) -> None:
    order = """query ($id: ID!) { salesOrder(id: $id) { etag status onHold } }"""
    theirs = companies.orders["theirs"]
    before = companies.ask(OTHER, order, id=theirs)
    mutations = root_fields(companies, "Mutation")
    for name, args in mutations.items():
        if "id" in args:
            arguments = "".join(text for each, text in REQUIRED.items() if each in args)
            query = f"mutation ($id: ID!) {{ m: {name}(id: $id{arguments}) {{ userErrors {{ code }} }} }}"
            errors = companies.ask(COMPANY, query, id=theirs)["m"]["userErrors"]
            assert [error["code"] for error in errors] == ["NOT_FOUND"], name
    assert companies.ask(OTHER, order, id=theirs) == before


def test_no_order_refers_to_another_company_and_none_is_suggested(companies: Companies) -> None:
    ids = seen(companies, OTHER)
    line = {"item": {"id": ids["items"][0]}, "quantity": 1}
    for customer in [{"number": "THEIRS"}, {"contactId": "contact-9"}, {"id": ids["customers"][0]}]:
        order = {"customer": customer, "lines": [line]}
        answer = companies.ask(COMPANY, CREATE, input=order)["createSalesOrder"]
        assert answer["salesOrder"] is None
        assert [error["code"] for error in answer["userErrors"]] == ["NOT_FOUND", "NOT_FOUND"]
        assert not {"THEIRS", "contact-9"} & set(answer["userErrors"][0]["suggestions"])


class NarrowReader(Reader):
    """Reads for a caller who may only see certain customers."""

    def __init__(self, database: Database, scope: Scope) -> None:
        super().__init__(database, ScopeRequest())
        self._narrow = scope

    async def scope(self) -> Scope:
        return self._narrow


VISIBLE = """query ($payer: ID!, $order: ID!) {
  orders: salesOrders { totalCount nodes { id } }
  lines: salesOrderLines { totalCount nodes { salesOrder { id } } }
  customers { totalCount nodes { number salesOrders { totalCount } } }
  found: salesOrder(id: $order) { id }  byNumber: salesOrderByNumber(number: "SO-000002") { id }
  payer: customer(id: $payer) { id }  nodes(ids: [$payer, $order]) { id }
  ofPayer: salesOrders(filter: {customer: {number: {eq: "PAYER"}}}) { totalCount }
  item: items(filter: {number: {eq: "I0001"}}) { nodes { salesOrderLines { totalCount } } } }"""


@pytest.fixture
async def database(companies: Companies) -> AsyncIterator[Database]:
    database = Database(companies.url, poolclass=NullPool)
    yield database
    await database.dispose()


async def ids_of(database: Database) -> tuple[str, dict[str, str]]:
    """The id of World and those of its customers by number."""
    async with writing(database, ScopeRequest(COMPANY)) as writer:
        customers = await writer.find(CustomerRow, {"number": {"C1", "PAYER"}})
        return writer.scope.company, {customer.number: customer.id for customer in customers}


@pytest.mark.anyio
async def test_a_limited_caller_only_reads_data_of_its_customers(
    companies: Companies, database: Database, tmp_path: Path
) -> None:
    company, customers = await ids_of(database)
    scope = Scope(company, frozenset({customers["C1"]}))

    class NarrowContext(Context):
        @cached_property
        def reader(self) -> Reader:
            return NarrowReader(self.database, scope)

    context = NarrowContext(database, RULES, 200, Runner(database, RULES, tmp_path))
    variables = {"payer": customers["PAYER"], "order": companies.orders["payer's"]}
    answer = json.loads((await run_operation(Operation(VISIBLE, variables), context)).body)
    assert "errors" not in answer
    ours = {"id": companies.orders["ours"]}
    assert answer["data"] == {
        "orders": {"totalCount": 1, "nodes": [ours]},
        "lines": {"totalCount": 1, "nodes": [{"salesOrder": ours}]},
        "customers": {
            "totalCount": 1,
            "nodes": [{"number": "C1", "salesOrders": {"totalCount": 1}}],
        },
        "found": None,
        "byNumber": None,
        "payer": None,
        "nodes": [None, None],
        "ofPayer": {"totalCount": 0},
        "item": {"nodes": [{"salesOrderLines": {"totalCount": 1}}]},
    }


@pytest.mark.anyio
@pytest.mark.parametrize("numbers", [set(), {"C1"}, {"C1", "PAYER"}])
async def test_a_change_only_looks_up_visible_customers_and_orders(
    companies: Companies, database: Database, numbers: set[str]
) -> None:
    company, customers = await ids_of(database)
    scope = Scope(company, frozenset(customers[number] for number in numbers))
    async with database.write() as session:
        writer = Writer(session, scope)
        result = await writer.find(CustomerRow, {"number": {"C1", "PAYER"}})
        orders = await writer.find(SalesOrderRow, {"number": {"SO-000001", "SO-000002"}})
        lines = await writer.find(
            SalesOrderLineRow,
            {"sales_order_id": {companies.orders["ours"], companies.orders["payer's"]}},
        )
        theirs = await writer.find(CustomerRow, {"number": {"THEIRS"}})
    assert {customer.number for customer in result} == numbers
    assert len(orders) == len(lines) == len(numbers)
    assert theirs == []


def test_every_entry_point_refuses_an_unknown_company_with_one_code(companies: Companies) -> None:
    """This includes exports and imports over HTTP, whose errors also name the companies and the
    header."""
    http, url, headers = companies.client.http, companies.client.url, {"Company": "Nobody"}
    answers = [
        http.get(url + "/exports", headers=headers),
        http.post(
            url + "/imports?name=payment-terms.csv",
            content=b"code,displayName\nX,X\n",
            headers={**headers, "content-type": "text/csv"},
        ),
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert {answer.json()["code"] for answer in answers} == {"COMPANY_NOT_FOUND"}
    assert all(repr(COMPANY) in answer.json()["message"] for answer in answers)
