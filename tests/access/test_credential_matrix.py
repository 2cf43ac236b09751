"""Each root field and each route, for callers without its scope and for credentials that are not valid."""

import asyncio
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import httpx2
import pytest
from sqlalchemy.pool import NullPool
from starlette.routing import BaseRoute, Mount, Route

from gateway.access.keys import KeyRequest, create_key, revoke_keys, rotate_key
from gateway.access.scopes import AccessScope
from gateway.app import create_app
from gateway.settings import Settings
from gateway.storage.database import Database
from tests.support.databases import Templates
from tests.support.openid_provider import AUDIENCE, OpenIdProvider, providing
from tests.support.root_fields import FIELDS, smallest_operation
from tests.support.served import Client, serving, statements
from tests.support.world import load_world

MISSING = "00000000-0000-4000-8000-000000000000"
RECORDS = (
    "Account|Currency|Customer|Item|LineObject|PaymentTerms|ShipmentMethod|TaxCode|UnitOfMeasure"
)
TRANSITIONS = "submit|approve|reject|release|reopen|hold|resume|cancel|ship|invoice|shipAndInvoice"
SCOPES = {
    r"Query\.viewer": None,
    r"Query\.apiKeys": "admin",
    r"Query\.\w+": "orders:read",
    r"Mutation\.(create|update|delete)SalesOrders?": "orders:write",
    rf"Mutation\.({TRANSITIONS})SalesOrder(ForReview)?": "orders:lifecycle",
    r"Mutation\.registerSalesOrderPayment": "orders:lifecycle",
    rf"Mutation\.(create|update|delete)({RECORDS})": "reference:write",
    r"Mutation\.upsert(Customers|Items)": "reference:write",
    r"Mutation\.(cancel|retry)ImportJob": "orders:import",
    r"Mutation\.\w+(Company|ApiKey)": "admin",
}
"""The scope of each root field, by the first pattern that matches."""

NEEDED = sorted({scope for scope in SCOPES.values() if scope is not None})
INVALID = ("revoked", "expired", "unknown", "expired token")
"""Credentials by name."""

PUBLIC = {"/", "/graphiql", "/graphiql/", "/favicon.ico", "/healthz", "/readyz"}
"""Routes that need no credential, as well as the files below /graphiql."""

ROUTES = {
    "/graphql": None,
    "/schema.graphql": None,
    "/imports": "orders:import",
    "/imports/uploads/{id}": "orders:import",
    "/imports/{id}/refused": "orders:import",
    "/imports/{id}/results": "orders:import",
    "/exports": "orders:export",
}
"""The scope of each other route."""

IMPLY_READING = {"orders:write", "orders:lifecycle", "orders:import"}


@dataclass(frozen=True)
class Gate:
    """The world on SQLite, since credentials do not depend on the database. `credentials` has keys by
    name and by scope: `with` this scope only, or `without` this one only."""

    client: Client
    credentials: dict[str, str]
    routes: list[tuple[str, str]]

    def request(self, method: str, path: str, name: str, **more: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.credentials[name]}"}
        url = self.client.url + path.replace("{id}", MISSING)
        return self.client.http.request(method, url, headers=headers, **more)

    def run(self, name: str, document: str) -> httpx2.Response:
        return self.request("POST", "/graphql", name, json={"query": document})


def without(scope: str) -> set[str]:
    """The scopes of a caller who lacks only this one."""
    others: set[str] = set(AccessScope) - {AccessScope(scope), AccessScope.ADMIN}
    return others - IMPLY_READING if scope == "orders:read" else others


async def make_keys(url: str) -> dict[str, str]:
    database = Database(url, poolclass=NullPool)

    async def make(name: str, scopes: set[str]) -> str:
        request = KeyRequest(name, frozenset(map(AccessScope, scopes)))
        return (await create_key(database, request))[1]

    keys = {name: await make(name, {"admin"}) for name in ("revoked", "expired")}
    await revoke_keys(database, "revoked")
    await rotate_key(database, "expired", overlap=dt.timedelta(0))
    for scope in AccessScope:
        keys[f"with {scope}"] = await make(f"with {scope}", {scope})
        keys[f"without {scope}"] = await make(f"without {scope}", without(scope))
    await database.dispose()
    return keys | {"unknown": "so_live_unknown"}


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with providing() as provider:
        yield provider


def tokens(provider: OpenIdProvider) -> dict[str, str]:
    return {
        "expired token": provider.token(exp=1),
        **{
            f"token without {scope}": provider.token(scope=" ".join(without(scope)))
            for scope in AccessScope
        },
    }


def flat(routes: list[BaseRoute]) -> Iterator[tuple[str, str]]:
    """The methods and paths of routes, except those of a page's files."""
    for route in routes:
        if isinstance(route, Route):
            yield from ((method, route.path) for method in sorted(route.methods or ()))
        else:
            assert isinstance(route, Mount)
            assert route.path in PUBLIC


@pytest.fixture(scope="module")
def gate(
    all_templates: dict[str, Templates],
    provider: OpenIdProvider,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gate]:
    url = all_templates["sqlite"].copy("world", load_world)
    keys = asyncio.run(make_keys(url))
    settings = Settings(
        database_url=url,
        auth="required",
        jwt_issuer=provider.url,
        jwt_audience=AUDIENCE,
        jwt_claim_company="companies",
        import_folder=str(tmp_path_factory.mktemp("uploads")),
    )
    app = create_app(settings)
    with serving(settings, app=app) as client:
        yield Gate(client, keys | tokens(provider), list(flat(app.routes)))


def scope_of(root: str, name: str) -> str | None:
    """The scope that a root field should need."""
    found = (scope for pattern, scope in SCOPES.items() if re.fullmatch(pattern, f"{root}.{name}"))
    try:
        return next(found)
    except StopIteration:
        raise AssertionError(f"Add the scope of {root}.{name} to SCOPES.") from None


def errors(response: httpx2.Response) -> list[dict[str, Any]]:
    return list(response.json().get("errors", []))


def assert_nothing_ran(seen: list[str]) -> None:
    """Only the key of the caller was read, and its use recorded."""
    assert [each for each in seen if "api_keys" not in each] == []


def assert_forbidden(gate: Gate, caller: str, name: str, scope: str, document: str) -> None:
    with statements() as seen:
        response = gate.run(caller, document)
    answer = response.json()
    [error] = answer.pop("errors")
    assert error["extensions"] == {"code": "FORBIDDEN", "requiredScope": scope, "field": name}
    assert scope in error["message"]
    assert name in error["message"]
    assert not answer.get("data")
    assert_nothing_ran(seen)


@pytest.mark.parametrize("scope", [None, *NEEDED])
def test_each_root_field_needs_its_scope_before_anything_runs(
    gate: Gate, scope: str | None
) -> None:
    """Whether its document is new or has already run for another caller."""
    fields = [each for each in FIELDS if scope_of(*each[:2]) == scope]
    for root, name, field in fields:
        document = smallest_operation(root, name, field)
        if scope is not None:
            assert_forbidden(gate, f"without {scope}", name, scope, document)
        enough = scope or AccessScope.ORDERS_EXPORT
        codes = [
            each["extensions"]["code"] for each in errors(gate.run(f"with {enough}", document))
        ]
        assert not {"FORBIDDEN", "UNAUTHENTICATED", "GRAPHQL_VALIDATION_FAILED"} & set(codes), name
        if scope is not None:
            assert_forbidden(gate, f"without {scope}", name, scope, document)


def test_the_schema_declares_the_scope_of_each_root_field() -> None:
    for root, name, field in FIELDS:
        assert field.ast_node is not None
        [directive] = field.ast_node.directives
        [argument] = directive.arguments
        declared = [each.value for each in argument.value.values]  # type: ignore[attr-defined]
        scope = scope_of(root, name)
        assert declared == ([] if scope is None else [scope]), name


@pytest.mark.parametrize("scope", NEEDED)
def test_a_token_without_the_scope_of_a_root_field_is_refused(gate: Gate, scope: str) -> None:
    root, name, field = next(each for each in FIELDS if scope_of(*each[:2]) == scope)
    assert_forbidden(
        gate, f"token without {scope}", name, scope, smallest_operation(root, name, field)
    )


def test_no_root_field_runs_with_a_credential_that_is_not_valid(gate: Gate) -> None:
    bad = cycle(INVALID)
    for root, name, field in FIELDS:
        with statements() as seen:
            response = gate.run(next(bad), smallest_operation(root, name, field))
        assert response.status_code == 401
        assert [each["extensions"]["code"] for each in errors(response)] == ["UNAUTHENTICATED"]
        assert "data" not in response.json()
        assert_nothing_ran(seen)


def test_every_route_is_public_or_has_an_entry(gate: Gate) -> None:
    assert {path for _, path in gate.routes} - PUBLIC == set(ROUTES)


def test_no_route_answers_a_credential_that_is_not_valid(gate: Gate) -> None:
    for method, path in gate.routes:
        for name in INVALID:
            with statements() as seen:
                response = gate.request(method, path, name)
            assert (response.status_code == 401) == (path not in PUBLIC), (method, path)
            if path in ROUTES:
                assert "www-authenticate" in response.headers
                assert_nothing_ran(seen)


def test_each_route_needs_its_scope_before_anything_runs(gate: Gate) -> None:
    for method, path in gate.routes:
        scope = ROUTES.get(path)
        if scope is None:
            continue
        for caller in (f"without {scope}", f"token without {scope}"):
            with statements() as seen:
                response = gate.request(method, path, caller)
            assert response.status_code == 403, (method, path, response.text)
            assert method == "HEAD" or scope in response.text
            assert_nothing_ran(seen)
        assert gate.request(method, path, f"with {scope}").status_code not in (401, 403)
