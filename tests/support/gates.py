"""A gateway over two companies, with keys that are limited to some of their records."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.pool import NullPool

from gateway.access.keys import KeyRequest, create_key
from gateway.access.scopes import AccessScope
from gateway.settings import Settings
from gateway.storage.companies import customer_ids, list_companies
from gateway.storage.database import Database
from tests.support.databases import Templates
from tests.support.other_company import CREATE, OTHER, load_other
from tests.support.served import Client, serving
from tests.support.world import COMPANY, load_world

OURS = ("C1", "PAID-BY-OTHER")
"""The customers of a limited key."""


@dataclass(frozen=True)
class Gate:
    """World and Other with an order of each of several customers, and a key that is limited to OURS."""

    client: Client
    keys: dict[str, str]
    orders: dict[str, str] = field(default_factory=dict)
    customers: dict[str, str] = field(default_factory=dict)

    def post(self, who: str, query: str, company: str | None = None, **variables: Any) -> Any:
        headers = {"authorization": f"Bearer {self.keys[who]}"}
        if company is not None:
            headers["company"] = company
        return self.client.send(query, headers, **variables)

    def ask(self, who: str, query: str, company: str | None = None, **variables: Any) -> Any:
        """The data of an operation that must have no errors, by graphql-core and by a plan."""
        answers = [self.post(who, query, company, **variables) for _ in range(2)]
        assert "errors" not in answers[0], answers[0]
        assert answers[0] == answers[1]
        return answers[0]["data"]


async def make_keys(url: str) -> tuple[dict[str, str], dict[str, str]]:
    database = Database(url, poolclass=NullPool)
    [company] = [each.id for each in await list_companies(database) if each.name == COMPANY]
    customers = await customer_ids(database, company, [*OURS, "PAYER"])
    limit = frozenset(customers[number] for number in OURS)
    scopes = frozenset(AccessScope) - {AccessScope.ADMIN}
    ours = frozenset({company})
    requests = {
        "admin": KeyRequest("Admin", frozenset({AccessScope.ADMIN})),
        "company": KeyRequest("Clerk", scopes, ours),
        "importer": KeyRequest("Importer", frozenset({AccessScope.ORDERS_IMPORT}), ours),
        "limited": KeyRequest("Partner", scopes, ours, limit),
    }
    keys = {name: (await create_key(database, each))[1] for name, each in requests.items()}
    await database.dispose()
    return keys, customers


@contextmanager
def open_gate(templates: Templates) -> Iterator[Gate]:
    """The gateway and its orders, until the end."""
    url = templates.copy("world", load_world)
    asyncio.run(load_other(url))
    keys, customers = asyncio.run(make_keys(url))
    with serving(Settings(database_url=url, auth="required", debug=True)) as client:
        created = Gate(client, keys, customers=customers)
        for company, number in [(COMPANY, each) for each in (*OURS, "PAYER")] + [(OTHER, "THEIRS")]:
            line = {"item": {"number": "I0001"}, "quantity": 1, "unitPrice": 1}
            order = {"customer": {"number": number}, "lines": [line]}
            answer = created.post("admin", CREATE, company, input=order)["data"]["createSalesOrder"]
            assert answer["userErrors"] == []
            created.orders[number] = answer["salesOrder"]["id"]
        yield created
