"""The gateway with row security, over HTTP: its main paths for two companies, on one pool of connections.

They run on direct connections, and through PgBouncer where that is installed."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from sqlalchemy.pool import NullPool

from gateway.access.keys import KeyRequest, create_key
from gateway.access.scopes import AccessScope
from gateway.opened_database import open_database
from gateway.settings import Settings
from tests.support.importing import numbers, upload
from tests.support.life_cycle import RELEASE, SHIP_AND_INVOICE, UPDATE, done, drafted
from tests.support.other_company import OTHER
from tests.support.pgbouncer import pooled
from tests.support.requests import line
from tests.support.secured import SecuredDatabases
from tests.support.served import NO_CERTIFICATES, Client, serving
from tests.support.world import COMPANY

COMPANIES = (COMPANY, OTHER)
CUSTOMERS = {COMPANY: "First Customer", OTHER: "Theirs"}
"""The name of the customer C1 of each company."""

ORDERS = """{ salesOrders(first: 50, sort: {field: NUMBER}, filter: {totalAmountIncludingTax: {gte: "0"}}) {
  totalCount nodes { number status externalDocumentNumber customer { displayName } } } }"""
ONE = "query ($id: ID!) { salesOrder(id: $id) { externalDocumentNumber lines { quantity } } }"
CREATE_COMPANY = """mutation { createCompany(name: "Third", currency: "USD") {
  company { id } userErrors { message } } }"""
RENAME_COMPANY = """mutation ($id: ID!) { renameCompany(id: $id, name: "Fourth") {
  userErrors { message } } }"""
CREATE_KEY = """mutation ($company: String!) { createApiKey(input: {name: "Partner", company: $company,
  scopes: ["orders:read"], customers: ["THEIRS"]}) { secret userErrors { message } } }"""


@dataclass(frozen=True)
class Gate:
    """A gateway, with a client for each company."""

    settings: Settings
    of_company: dict[str, Client]


async def make_key(settings: Settings) -> str:
    database = open_database(settings, poolclass=NullPool)
    _, secret = await create_key(database, KeyRequest("Admin", frozenset({AccessScope.ADMIN})))
    await database.dispose()
    return secret


@pytest.fixture(scope="module", params=["direct", "pgbouncer"])
def gate(
    request: pytest.FixtureRequest,
    secured: SecuredDatabases,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gate]:
    folder = tmp_path_factory.mktemp("uploads")
    more: dict[str, Any] = {"auth": "required", "pool_size": 5, "import_folder": str(folder)}
    with ExitStack() as stack:
        settings = secured.world().model_copy(update=more)
        if request.param == "pgbouncer":
            urls = stack.enter_context(pooled(settings.database_url, settings.admin_url))
            through = dict(zip(("database_url", "admin_url"), urls, strict=True))
            settings = settings.model_copy(update={**through, "pooler": "transaction"})
        key = asyncio.run(make_key(settings))
        client = stack.enter_context(serving(settings))
        clients = {}
        for company in COMPANIES:
            headers = {"authorization": f"Bearer {key}", "company": company}
            http = httpx2.Client(timeout=60, verify=NO_CERTIFICATES, headers=headers)
            clients[company] = Client(client.url, stack.enter_context(http))
        yield Gate(settings, clients)


@pytest.fixture(scope="module")
def orders(gate: Gate) -> dict[str, str]:
    """The id of an order of each company, after every kind of change."""
    made = {}
    for company, client in gate.of_company.items():
        key, _ = drafted(client, line("I0001", quantity=2, unitPrice=3))
        done(client, UPDATE, key, input={"externalDocumentNumber": company})
        done(client, RELEASE, key)
        done(client, SHIP_AND_INVOICE, key)
        made[company] = key
    return made


def test_both_ways_of_execution_read_the_orders_of_the_company(
    gate: Gate, orders: dict[str, str]
) -> None:
    """The numbers come from the series of the company."""
    for company, client in gate.of_company.items():
        answers = [client.ask(ORDERS)["salesOrders"] for _ in range(3)]
        assert answers[0] == answers[1] == answers[2]
        found = {
            each["number"]: (each["externalDocumentNumber"], each["status"], each["customer"])
            for each in answers[0]["nodes"]
        }
        customer = {"displayName": CUSTOMERS[company]}
        assert found["SO-000001"] == (company, "INVOICED", customer)
        others = [client.ask(ONE, id=each)["salesOrder"] for each in orders.values()]
        assert [each is not None for each in others] == [each == company for each in orders]


def test_imports_and_exports_stay_in_their_company(gate: Gate, orders: dict[str, str]) -> None:
    for company, client in gate.of_company.items():
        file = f"number,displayName\nC1,{CUSTOMERS[company]}\nNEW,New at {company}\n".encode()
        job = upload(client, {"customers.csv": file})
        assert (job.status, job.refused) == ("SUCCEEDED", [])
        assert (job.counts["referencesCreated"], job.counts["referencesUnchanged"]) == (1, 1)
        rows = [{"number": f"IMP-{company}", "customerNumber": "NEW"}]
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        assert upload(client, {"salesOrders.jsonl": content}).status == "SUCCEEDED"
    for company, client in gate.of_company.items():
        assert f"IMP-{company}" in numbers(client)
        text = client.http.get(f"{client.url}/exports?what=orders").text
        assert [f"IMP-{each}" in text for each in COMPANIES] == [
            each == company for each in COMPANIES
        ]


def test_companies_and_keys_are_administered(gate: Gate) -> None:
    client = gate.of_company[COMPANY]
    made = client.ask(CREATE_COMPANY)["createCompany"]
    assert made["userErrors"] == []
    renamed = client.ask(RENAME_COMPANY, id=made["company"]["id"])["renameCompany"]
    assert renamed["userErrors"] == []
    names = [each["name"] for each in client.ask("{ companies { name } }")["companies"]]
    assert names == sorted([*COMPANIES, "Fourth"])
    created = client.ask(CREATE_KEY, company=OTHER)["createApiKey"]
    assert created["userErrors"] == []
    limited = {"authorization": f"Bearer {created['secret']}", "company": OTHER}
    assert client.send("{ customers { totalCount } }", limited)["data"] == {
        "customers": {"totalCount": 1}
    }
    limited["company"] = COMPANY
    assert "COMPANY_NOT_FOUND" in str(client.send("{ customers { totalCount } }", limited))


def test_concurrent_requests_of_two_companies_are_not_mixed(
    gate: Gate, orders: dict[str, str]
) -> None:
    """There are more of them than connections."""

    def read(number: int) -> bool:
        company = COMPANIES[number % 2]
        client = gate.of_company[company]
        if number % 3 == 0:
            return drafted(client, line("I0001"))[0] not in orders.values()
        order = client.ask(ONE, id=orders[company])["salesOrder"]
        return bool(order["externalDocumentNumber"] == company)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(read, range(48)))
